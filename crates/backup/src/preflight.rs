//! What could be in the way of a restore, asked before anything is changed.

use serde::Serialize;

use crate::check::absent;
use crate::error::BackupError;
use crate::point::{Point, Proof};
use crate::target::{Target, TargetIds, streams, there};
use crate::until::Cut;

/// One question and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// What was asked.
    pub question: &'static str,
    /// Whether the restore may go on.
    pub good: bool,
    /// What was found.
    pub said: String,
}

impl Answer {
    /// Of a question that went well or not.
    #[must_use]
    pub fn of(question: &'static str, answer: Result<String, String>) -> Self {
        let good = answer.is_ok();
        Self { question, good, said: answer.unwrap_or_else(|reason| reason) }
    }
}

/// All that can be asked without changing anything.
///
/// # Errors
/// If the place of the restore point does not answer.
pub async fn preflight(
    point: &Point,
    cut: &Cut,
    target: &Target,
) -> Result<Vec<Answer>, BackupError> {
    let faults = absent(point).await?;
    let objects = match faults.first() {
        None => Ok("all are there, in full size".to_owned()),
        Some(fault) => Err(format!("{} of them: {} {}", faults.len(), fault.object, fault.reason)),
    };
    let whole = faults.is_empty();
    let mut answers = vec![signature(point), Answer::of("objects", objects)];
    answers.push(Answer::of("streams", partition_counts(point, target)));
    if whole {
        answers.push(Answer::of("target", contents(point, cut, target).await));
        answers.push(Answer::of("schemas", schemas(point, target).await));
    }
    Ok(answers)
}

fn signature(point: &Point) -> Answer {
    let said = match (point.proof, &point.manifest.signer) {
        (Proof::Trusted, Some(key)) => format!("by the trusted key {key}"),
        (_, Some(key)) => {
            format!("whole, by the key {key}; --trust says whether that is the right one")
        }
        (_, None) => "NOT SIGNED: whoever could write there could have made it".to_owned(),
    };
    Answer::of("signature", Ok(said))
}

fn partition_counts(point: &Point, target: &Target) -> Result<String, String> {
    let wanted = streams(&point.manifest);
    let Some(log) = &target.log else { return Ok("none is there; they will be made".to_owned()) };
    let present = log.streams().map_err(|error| error.to_string())?;
    for stream in &wanted {
        let found = present.iter().find(|found| found.name == stream.name);
        if let Some(found) = found.filter(|found| found.partitions != stream.partitions) {
            return Err(format!(
                "{} has {} partitions at the target and {} in the restore point; keys would move",
                stream.name, found.partitions, stream.partitions
            ));
        }
    }
    let missing = wanted.iter().filter(|stream| !present.contains(stream)).count();
    Ok(format!("{} are there, {missing} will be made", wanted.len() - missing))
}

async fn contents(point: &Point, cut: &Cut, target: &Target) -> Result<String, String> {
    let Some(log) = &target.log else { return Ok("empty".to_owned()) };
    let mut events = 0;
    for (partition, end) in &cut.ends {
        let there = there(&**log, point, (partition, *end)).await;
        events += there.map_err(|error| error.to_string())?;
    }
    Ok(match events {
        0 => "empty".to_owned(),
        _ => format!("{events} events of this restore point are there; it will go on behind them"),
    })
}

async fn schemas(point: &Point, target: &Target) -> Result<String, String> {
    let parts = point.manifest.partitions().flat_map(|(_, kept)| &kept.segments);
    let unknown = parts.flat_map(|segment| &segment.content.schemas);
    if let Some((id, _)) = unknown.into_iter().find(|(_, sha256)| sha256.is_none()) {
        return Err(format!("nobody knew the schema {id} when the restore point was written"));
    }
    let ids = TargetIds::ask(point, &*target.schemas, false).await;
    let ids = ids.map_err(|error| error.to_string())?;
    let uses: usize = point.manifest.schemas.iter().map(|kept| kept.streams.len()).sum();
    Ok(format!("{} are known, {} will be registered", ids.len(), uses - ids.len()))
}
