//! One dead letter: where in the log its event stands, and why it is not applied.

use chimera_domain::time::Timestamp;
use chimera_log::RawRecord;
use chimera_model::{Row, RowKey, RowMutation, Value};

use super::tables::LETTERS;

/// Longer texts are cut: they are for people.
const LONGEST_ERROR: usize = 1_000;

/// An event that waits in the queue, or was dropped from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where it stands in its partition.
    pub sequence: u64,
    /// The aggregate's id, as it stands in the record's key.
    pub key: String,
    /// Its type, as it stands in the record's header.
    pub event_type: String,
    /// Why it is here.
    pub class: Class,
    /// What went wrong the last time; empty for one that only waits behind another. Never holds what is in the event.
    pub error: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it came here.
    pub first_seen: Timestamp,
    /// When it was tried last.
    pub last_tried: Option<Timestamp>,
}

/// Why an event is in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It cannot be decoded.
    Undecodable,
    /// A store refuses what it comes to.
    Rejected,
    /// An earlier event of its aggregate is here.
    Waiting,
    /// Somebody has decided that it shall never be applied to this generation.
    Dropped,
}

impl Class {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Undecodable => "UNDECODABLE",
            Self::Rejected => "REJECTED",
            Self::Waiting => "WAITING",
            Self::Dropped => "DROPPED",
        }
    }

    fn of(name: &str) -> Option<Self> {
        let all = [Self::Undecodable, Self::Rejected, Self::Waiting, Self::Dropped];
        all.into_iter().find(|class| class.name() == name)
    }
}

impl Letter {
    /// The letter of an event that was just met.
    pub(crate) fn new(record: &RawRecord, class: Class, error: &str) -> Self {
        Self {
            sequence: record.sequence,
            key: text(&record.key),
            event_type: text(&record.event_type),
            class,
            error: cut(error),
            attempts: u32::from(class != Class::Waiting),
            first_seen: Timestamp(0),
            last_tried: None,
        }
    }

    /// The same letter after another attempt that failed.
    pub(crate) fn failed(mut self, class: Class, error: &str) -> Self {
        (self.class, self.error) = (class, cut(error));
        self.attempts = self.attempts.saturating_add(1);
        self
    }

    pub(super) fn mutation(&self, key: RowKey, version: u64) -> RowMutation {
        let cells = vec![
            ("aggregate_id", (&self.key).into()),
            ("event_type", (&self.event_type).into()),
            ("error_class", self.class.name().into()),
            ("error", (&self.error).into()),
            ("attempts", self.attempts.into()),
            ("first_seen", self.first_seen.into()),
            ("last_tried", self.last_tried.into()),
        ];
        RowMutation::Upsert { table: &LETTERS, key, cells, version }
    }

    /// The letter of a row; none for one that is no letter.
    pub(super) fn of(row: &Row) -> Option<Self> {
        let sequence = integer(row.key.0.last()?)?;
        let attempts = u32::try_from(integer(&row["attempts"])?).ok()?;
        Some(Self {
            sequence: sequence.cast_unsigned(),
            key: owned(&row["aggregate_id"])?,
            event_type: owned(&row["event_type"])?,
            class: Class::of(&owned(&row["error_class"])?)?,
            error: owned(&row["error"]).unwrap_or_default(),
            attempts,
            first_seen: time(&row["first_seen"])?,
            last_tried: time(&row["last_tried"]),
        })
    }
}

/// Bytes of a record as they can be kept and shown.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn cut(error: &str) -> String {
    error.chars().take(LONGEST_ERROR).collect()
}

pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}

pub(super) fn owned(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

pub(super) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Timestamp(time) => Some(*time),
        _ => None,
    }
}
