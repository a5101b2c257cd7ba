//! The subjects of the registry: how they are, in words.

use chimera_registry::{Level, Registry, RegistryError, Settled, SubjectPlan};

use super::{Line, Report, State};

/// A subject as it is.
pub(super) fn line(plan: &SubjectPlan) -> Line {
    let version = plan.schema.version;
    let (state, detail) = match (&plan.refusal, plan.id, level(&plan.level)) {
        (Some(reason), _, _) => {
            (State::InTheWay, format!("version {version} would be refused: {reason}"))
        }
        (None, Some(id), _) if plan.level == Level::Hidden => {
            let detail =
                format!("version {version} has id {id}; its level is not shown to this account");
            (State::Present, detail)
        }
        (None, Some(id), None) => (State::Present, format!("version {version} has id {id}")),
        (None, Some(id), Some(level)) => {
            (State::Missing, format!("version {version} has id {id}; {level}"))
        }
        (None, None, None) => (State::Missing, format!("version {version}")),
        (None, None, Some(level)) => (State::Missing, format!("version {version}; {level}")),
    };
    Line { kind: "subject", name: plan.subject.clone(), state, detail }
}

/// What is to be done about the level.
fn level(level: &Level) -> Option<String> {
    match level {
        Level::Strict => None,
        Level::Unset => Some("level BACKWARD_TRANSITIVE".to_owned()),
        Level::Other(other) => Some(format!(
            "level BACKWARD_TRANSITIVE instead of {other}, under which alone it was tried"
        )),
        Level::Hidden => Some("level BACKWARD_TRANSITIVE, if this account may set it".to_owned()),
    }
}

/// A subject after it was seen to.
pub(super) fn settled(settled: &Settled) -> Line {
    let changed = settled.registered || settled.level_set;
    let state = if changed { State::Made } else { State::Present };
    let detail = format!("version {} has id {}", settled.schema.version, settled.id);
    Line { kind: "subject", name: settled.subject.clone(), state, detail }
}

/// The report of a run that was stopped in the registry: its subjects as they are now, and why.
pub(super) async fn stopped(
    mut report: Report,
    registry: &Registry,
    error: &RegistryError,
) -> Report {
    report.done = false;
    let now = registry.plan().await.unwrap_or_default();
    report.lines.extend(now.iter().map(line));
    let (name, detail) = ("(registry)".to_owned(), error.to_string());
    report.lines.push(Line { kind: "subject", name, state: State::InTheWay, detail });
    report
}
