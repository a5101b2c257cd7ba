//! What is known of read models, in one hash a model: which generations there are, of which layout, and how far they are true.

use chimera_model::KvSpec;
use redis::{Cmd, Pipeline, Value, cmd};

use super::failure;
use super::keys::{self, Keys};
use super::layout::Layout;
use super::parts::number;
use super::scripts::{ADVANCE, CREATE};
use crate::error::StoreError;
use crate::view::{Checkpoint, View};

/// One command for an answer.
pub(super) fn pipeline(command: Cmd) -> Pipeline {
    let mut commands = Pipeline::with_capacity(1);
    commands.add_command(command);
    commands
}

/// Asks for the layout of a view.
pub(super) fn ask_layout(keys: &Keys, view: View) -> Cmd {
    let mut command = cmd("HGET");
    command.arg(keys.views(view.model)).arg(keys::layout_field(view.generation));
    command
}

/// Asks which spaces a view has, also when its removal has begun.
pub(super) fn ask_spaces(keys: &Keys, view: View) -> Cmd {
    let mut command = cmd("HGET");
    command.arg(keys.views(view.model)).arg(keys::spaces_field(view.generation));
    command
}

/// Asks for everything that is known of a model.
pub(super) fn ask_all(keys: &Keys, model: &str) -> Cmd {
    let mut command = cmd("HGETALL");
    command.arg(keys.views(model));
    command
}

/// Makes a view where it is missing.
pub(super) fn create(keys: &Keys, view: View, layout: &Layout) -> Cmd {
    let generation = view.generation;
    let mut command = cmd("EVALSHA");
    command.arg(CREATE.get_hash()).arg(1).arg(keys.views(view.model));
    command.arg(keys::layout_field(generation)).arg(keys::spaces_field(generation));
    command.arg(layout.text());
    command
}

/// Writes checkpoints, each if the partition stands at least where it is known to stand. All or none.
pub(super) fn advance(keys: &Keys, view: View, layout: &Layout, steps: &[Step]) -> Cmd {
    let mut command = cmd("EVALSHA");
    command.arg(ADVANCE.get_hash()).arg(1).arg(keys.views(view.model));
    command.arg(keys::layout_field(view.generation)).arg(layout.text());
    for Step { field, known, next } in steps {
        command.arg(field).arg(*known).arg(*next);
    }
    command
}

/// How far a partition is known to be applied, and how far it then is.
pub(super) struct Step {
    field: String,
    known: u64,
    next: u64,
}

impl Step {
    pub(super) fn new(view: View, checkpoint: &Checkpoint, known: u64) -> Self {
        let Checkpoint { stream, partition, sequence } = checkpoint;
        let field = keys::checkpoint_field(view.generation, stream, *partition);
        Self { field, known, next: *sequence }
    }
}

/// What came of writing checkpoints.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advanced {
    /// They are written.
    Done,
    /// Redis holds less than it had confirmed; says of what.
    Back(String),
    /// There is no such view, at least not with this layout.
    Gone,
}

/// Understands the answer to [`advance`].
pub(super) fn advanced(answer: Value) -> Result<Advanced, StoreError> {
    let Value::Array(words) = answer else { return Err(failure::unexpected(&answer)) };
    let mut said = Vec::new();
    for word in words {
        said.push(text(word)?.unwrap_or_default());
    }
    match said.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["ok"] => Ok(Advanced::Done),
        ["back", field, stored] => Ok(Advanced::Back(format!("{field} stands at {stored}"))),
        ["gone", _] => Ok(Advanced::Gone),
        _ => Err(StoreError::Fatal("a script of ours gave an unknown answer".into())),
    }
}

/// A text, or nothing.
pub(super) fn text(answer: Value) -> Result<Option<String>, StoreError> {
    match answer {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(damaged("it holds something else than text")),
        },
        other => Err(failure::unexpected(&other)),
    }
}

/// What is known of one model.
pub(super) struct Known {
    fields: Vec<(String, String)>,
}

impl Known {
    /// Understands the answer to [`ask_all`].
    pub(super) fn parse(answer: Value) -> Result<Self, StoreError> {
        let Value::Map(entries) = answer else { return Err(failure::unexpected(&answer)) };
        let mut fields = Vec::with_capacity(entries.len());
        for (field, value) in entries {
            fields.push((text(field)?.unwrap_or_default(), text(value)?.unwrap_or_default()));
        }
        Ok(Self { fields })
    }

    /// Whether the generation can be read and written.
    pub(super) fn is_open(&self, generation: u32) -> bool {
        let wanted = keys::layout_field(generation);
        self.fields.iter().any(|(field, _)| *field == wanted)
    }

    /// All generations, those that are being removed among them, in ascending order.
    pub(super) fn generations(&self) -> Vec<u32> {
        let found = self.fields.iter().filter_map(|(field, _)| keys::generation_of(field));
        let mut found: Vec<u32> = found.collect();
        found.sort_unstable();
        found
    }

    /// How far a generation is true.
    pub(super) fn checkpoints(&self, generation: u32) -> Result<Vec<Checkpoint>, StoreError> {
        let mut checkpoints = Vec::new();
        for (field, value) in &self.fields {
            let Some((stream, partition)) = keys::partition_of(field, generation) else { continue };
            let sequence = number(value);
            let sequence = sequence.ok_or_else(|| damaged(&format!("{field} is no number")))?;
            checkpoints.push(Checkpoint { stream: stream.into(), partition, sequence });
        }
        Ok(checkpoints)
    }

    /// The fields of the checkpoints of a generation.
    pub(super) fn checkpoint_fields(&self, generation: u32) -> Vec<&str> {
        let fields = self.fields.iter().map(|(field, _)| field.as_str());
        fields.filter(|field| keys::partition_of(field, generation).is_some()).collect()
    }
}

fn damaged(what: &str) -> StoreError {
    StoreError::Fatal(format!(
        "what Redis knows of a read model is damaged: {what}; delete its keys and rebuild it with `replay run`"
    ))
}

/// Whether the view is there, as its readers see it.
///
/// # Errors
/// [`StoreError::Transient`] if it is gone, [`StoreError::Fatal`] if it has another layout.
pub(super) fn readable(
    view: View,
    space: &KvSpec,
    layout: Option<String>,
) -> Result<(), StoreError> {
    let Some(layout) = layout else {
        return Err(gone(view));
    };
    Layout::parse(layout)?.admits(space)
}

/// What a reader is told of a view that isn't there.
pub(super) fn gone(view: View) -> StoreError {
    StoreError::Transient(format!("{view} is not there; ask which one is live"))
}
