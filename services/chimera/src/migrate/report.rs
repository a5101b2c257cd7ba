//! What `chimera migrate` shows: a line for each topic and each subject.

use std::fmt;

use serde::Serialize;

/// All lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether what was missing has been made; false with `--dry-run`, and if something is in the way.
    pub done: bool,
    /// A line for each topic and subject.
    pub lines: Vec<Line>,
}

/// One topic or subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `topic` or `subject`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How it is, before or after.
    pub state: State,
    /// In words.
    pub detail: String,
}

/// How a topic or subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be, also before.
    Present,
    /// Not there, or not as it should be; a run without `--dry-run` would see to it.
    Missing,
    /// Made by this run.
    Made,
    /// Not as it should be, and not to be changed by this program.
    InTheWay,
}

impl Report {
    /// Whether an operator has to act.
    #[must_use]
    pub fn is_in_the_way(&self) -> bool {
        self.lines.iter().any(|line| line.state == State::InTheWay)
    }

    /// The same once everything that was missing has been made.
    pub(super) fn done(mut self) -> Self {
        self.done = true;
        for line in &mut self.lines {
            if line.state == State::Missing {
                line.state = State::Made;
            }
        }
        self
    }
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Missing => "missing",
            Self::Made => "made",
            Self::InTheWay => "in the way",
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.lines.iter().map(|line| line.name.len()).max().unwrap_or_default();
        for Line { kind, name, state, detail } in &self.lines {
            writeln!(f, "{kind:<8} {name:<widest$}  {:<10}  {detail}", state.words())?;
        }
        match (self.done, self.is_in_the_way()) {
            (_, true) => writeln!(f, "Something is in the way; see above."),
            (true, false) => writeln!(f, "Everything is in place."),
            (false, false) => writeln!(f, "Nothing was changed (--dry-run)."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(state: State) -> Report {
        let line = |kind, name: &str, state| Line {
            kind,
            name: name.into(),
            state,
            detail: "12 partitions".into(),
        };
        let lines = vec![
            line("topic", "shop.orders", State::Present),
            line("subject", "shop.orders-value", state),
        ];
        Report { done: false, lines }
    }

    #[test]
    fn lines_stand_in_columns() {
        let shown = report(State::Missing).to_string();
        let expected = "topic    shop.orders        present     12 partitions\n\
                        subject  shop.orders-value  missing     12 partitions\n\
                        Nothing was changed (--dry-run).\n";
        assert_eq!(shown, expected);
        assert!(report(State::Missing).done().to_string().contains("made "));
        let shown = report(State::InTheWay).to_string();
        assert!(shown.ends_with("Something is in the way; see above.\n"), "{shown}");
    }

    #[test]
    fn programs_see_stable_names() {
        let json = serde_json::to_value(report(State::InTheWay)).unwrap();
        assert_eq!(json["done"], false);
        assert_eq!(json["lines"][1]["state"], "in_the_way");
        assert_eq!(json["lines"][1]["kind"], "subject");
    }
}
