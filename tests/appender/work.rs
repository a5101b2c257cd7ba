//! What the appender appends: seeded commands of some events each. Knows no log.
//!
//! An event's value is text, `ID INDEX COUNT TERM` and then noise: a reader of the log can tell each command and whether it is whole.

use chimera_log::{Batch, Entry};
use fastrand::Rng;

use crate::Arguments;

/// The sizes of the events of one command, under an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) id: String,
    sizes: Vec<usize>,
}

/// Commands without end.
pub(crate) struct Work {
    rng: Rng,
    name: String,
    limits: [usize; 3],
    made: u64,
    again: Vec<Command>,
}

impl Work {
    pub(crate) fn new(arguments: &Arguments) -> Self {
        let limits = [arguments.commands, arguments.events, arguments.bytes];
        let rng = Rng::with_seed(arguments.seed);
        Self { rng, name: arguments.name.clone(), limits, made: 0, again: Vec::new() }
    }

    /// The commands of the next append.
    pub(crate) fn next(&mut self) -> Vec<Command> {
        if !self.again.is_empty() {
            return std::mem::take(&mut self.again);
        }
        let [commands, events, bytes] = self.limits;
        let mut next = Vec::new();
        for _ in 0..self.rng.usize(1..=commands) {
            self.made += 1;
            let count = self.rng.usize(1..=events);
            let sizes = (0..count).map(|_| self.rng.usize(0..=bytes)).collect();
            next.push(Command { id: format!("{}-{}", self.name, self.made), sizes });
        }
        next
    }

    /// These are to come next, once more.
    pub(crate) fn again(&mut self, commands: Vec<Command>) {
        self.again = commands;
    }
}

pub(crate) fn ids(commands: &[Command]) -> String {
    let ids: Vec<&str> = commands.iter().map(|command| &*command.id).collect();
    ids.join(",")
}

pub(crate) fn batch(commands: &[Command], term: u64) -> Batch {
    let mut batch = Batch::default();
    for command in commands {
        let count = command.sizes.len();
        batch.push_command(command.sizes.iter().enumerate().map(|(index, size)| {
            let mut value = format!("{} {index} {count} {term} ", command.id).into_bytes();
            // Noise, so that compression leaves its length alone.
            let mut noise = Rng::with_seed(*size as u64 + 1);
            value.extend(std::iter::repeat_with(|| noise.u8(..)).take(*size));
            Entry {
                key: command.id.as_str().into(),
                event_type: "appended".into(),
                traceparent: None,
                value,
            }
        }));
    }
    batch
}
