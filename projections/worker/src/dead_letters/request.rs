//! What staff asks of the queue: a durable mark that the feed of the partition finds, and its line in the audit.
//!
//! A request names the events that it was made about, so that carrying it out twice is the same as once.

use chimera_domain::time::Timestamp;
use chimera_log::Partition;
use chimera_model::{Row, RowKey, RowMutation};
use chimera_stores::View;

use super::letter::{integer, owned, time};
use super::tables::{AUDIT, REQUESTS, of_partition};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Apply what waits, in order, as far as it goes.
    Retry,
    /// Never apply some events.
    Drop,
}

impl Verb {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "RETRY",
            Self::Drop => "DROP",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Retry, Self::Drop].into_iter().find(|verb| verb.name() == name)
    }
}

/// A request that has not been carried out yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    /// Of which aggregate; none for all of the partition.
    pub(crate) key: Option<String>,
    /// To drop: the last event that is meant.
    pub(crate) upto: u64,
    pub(crate) asked_at: Timestamp,
    pub(crate) id: String,
}

/// Who asked, and why.
pub(super) struct Asker<'a> {
    pub(super) who: &'a str,
    pub(super) reason: &'a str,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome(pub(crate) String);

/// A line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// What was asked for.
    pub verb: Verb,
    /// Of which generation of the read model.
    pub generation: u32,
    /// In which partition.
    pub partition: Partition,
    /// Of which aggregate; none for all of the partition.
    pub key: Option<String>,
    /// To drop: the last event that was meant.
    pub upto: Option<u64>,
    /// Who asked.
    pub asked_by: String,
    /// Why.
    pub reason: String,
    /// What came of it; none as long as it has not been carried out.
    pub outcome: Option<String>,
    /// When it was carried out.
    pub done_at: Option<Timestamp>,
}

impl Request {
    fn key(&self, view: View, partition: &Partition) -> RowKey {
        let mut key = of_partition(view, partition).to_vec();
        key.extend([self.asked_at.into(), (&self.id).into()]);
        RowKey(key)
    }

    fn audit_key(&self, view: View) -> RowKey {
        RowKey(vec![view.model.into(), self.asked_at.into(), (&self.id).into()])
    }

    /// A request is written once, so its time is version enough.
    fn version(&self) -> u64 {
        self.asked_at.0.max(1).cast_unsigned()
    }

    /// The line of the audit, then the mark: none is ever carried out that the audit does not know.
    pub(super) fn made(
        &self,
        view: View,
        partition: &Partition,
        asker: &Asker<'_>,
    ) -> [RowMutation; 2] {
        let what = vec![
            ("verb", self.verb.name().into()),
            ("aggregate_id", self.key.as_ref().into()),
            ("upto", self.upto.into()),
        ];
        let mut audited = what.clone();
        audited.extend([
            ("generation", view.generation.into()),
            ("stream", (&*partition.stream).into()),
            ("source_partition", partition.index.into()),
            ("asked_by", asker.who.into()),
            ("reason", asker.reason.into()),
        ]);
        let (key, version) = (self.audit_key(view), self.version());
        let audit = RowMutation::Upsert { table: &AUDIT, key, cells: audited, version };
        let key = self.key(view, partition);
        [audit, RowMutation::Upsert { table: &REQUESTS, key, cells: what, version }]
    }

    /// The outcome, then the mark goes.
    pub(super) fn done(
        &self,
        view: View,
        partition: &Partition,
        outcome: &Outcome,
        now: Timestamp,
    ) -> [RowMutation; 2] {
        let cells = vec![("outcome", (&outcome.0).into()), ("done_at", now.into())];
        let (key, version) = (self.audit_key(view), self.version() + 1);
        let audit = RowMutation::Upsert { table: &AUDIT, key, cells, version };
        let key = self.key(view, partition);
        [audit, RowMutation::Delete { table: &REQUESTS, key, version }]
    }

    pub(super) fn gone(&self, view: View, partition: &Partition) -> RowMutation {
        let (key, version) = (self.key(view, partition), self.version() + 1);
        RowMutation::Delete { table: &REQUESTS, key, version }
    }

    pub(super) fn of(row: &Row) -> Option<Self> {
        let [.., asked_at, id] = row.key.0.as_slice() else { return None };
        Some(Self {
            verb: Verb::of(&owned(&row["verb"])?)?,
            key: owned(&row["aggregate_id"]),
            upto: integer(&row["upto"]).unwrap_or(0).cast_unsigned(),
            asked_at: time(asked_at)?,
            id: owned(id)?,
        })
    }
}

impl Audited {
    pub(super) fn of(row: &Row) -> Option<Self> {
        let verb = Verb::of(&owned(&row["verb"])?)?;
        let upto = integer(&row["upto"]).map(i64::cast_unsigned);
        let index = u32::try_from(integer(&row["source_partition"])?).ok()?;
        Some(Self {
            asked_at: time(row.key.0.get(1)?)?,
            verb,
            generation: u32::try_from(integer(&row["generation"])?).ok()?,
            partition: Partition::new(&owned(&row["stream"])?, index),
            key: owned(&row["aggregate_id"]),
            upto: upto.filter(|_| verb == Verb::Drop),
            asked_by: owned(&row["asked_by"])?,
            reason: owned(&row["reason"]).unwrap_or_default(),
            outcome: owned(&row["outcome"]),
            done_at: time(&row["done_at"]),
        })
    }
}
