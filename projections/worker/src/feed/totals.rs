//! Totals whose events come late: the rows that they belong to are added up again from the log, without what still waits.
//!
//! The row before has gone on without them, so no later version of an event could put them in; see `chimera_model::total` for
//! how the new row wins. Reads the partition from its beginning, once for all aggregates that are tried together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chimera_log::RawRecord;
use chimera_model::RowKey;

use super::healing::{Failure, Fetching, undecodable};
use super::patience::Ended;
use super::{Feed, Refused};
use crate::backoff::Backoff;
use crate::dead_letters::Class;
use crate::folding::Adding;
use crate::projector::How;
use crate::target::Writes;

/// What can be applied now.
#[derive(Default)]
struct Late {
    /// By aggregate, in order.
    events: BTreeMap<Arc<str>, Vec<u64>>,
    sequences: BTreeSet<u64>,
    rows: BTreeSet<RowKey>,
}

impl Feed {
    /// Tries aggregates together; if a store refuses what they come to, each by itself.
    pub(super) async fn heal_totals(&mut self, keys: &[Arc<str>]) -> Result<(), Ended> {
        let Err(_) = self.add_late(keys).await? else { return Ok(()) };
        for key in keys {
            if let Err(refused) = self.add_late(std::slice::from_ref(key)).await? {
                self.fail(refused).await?;
            }
        }
        Ok(())
    }

    /// Takes what can be applied of these aggregates into their rows; the inner error is the store's refusal.
    async fn add_late(&mut self, keys: &[Arc<str>]) -> Result<Result<(), Failure>, Ended> {
        let late = self.late(keys).await?;
        let Some(first) = late.sequences.first().copied() else { return Ok(Ok(())) };
        let refused = |error| Failure { sequence: first, class: Class::Rejected, error };
        if !late.rows.is_empty() {
            let writes = match self.rows_with(&late).await? {
                Ok(writes) => writes,
                Err(error) => return Ok(Err(refused(error))),
            };
            self.projector.forget();
            match self.write(&writes, None).await {
                Ok(()) => {}
                Err(Refused::Refused(error)) => return Ok(Err(refused(error))),
                Err(Refused::Ended(ended)) => return Err(ended),
            }
        }
        for (key, sequences) in late.events {
            self.take_out(&key, &sequences).await?;
        }
        Ok(Ok(()))
    }

    /// What of these aggregates can be decoded now, up to the first event that cannot.
    async fn late(&mut self, keys: &[Arc<str>]) -> Result<Late, Ended> {
        let mut late = Late::default();
        for key in keys {
            let mut fetching = Fetching::default();
            for sequence in self.letters.parked.of(key) {
                let record = self.fetch(sequence, &mut fetching).await?;
                match self.projector.change(&record) {
                    Ok(change) => {
                        late.rows.extend(change.and_then(|change| self.row_key(&change)));
                        late.sequences.insert(sequence);
                        late.events.entry(key.clone()).or_default().push(sequence);
                    }
                    Err(error) => {
                        self.fail(undecodable(sequence, &error)).await?;
                        break;
                    }
                }
            }
        }
        Ok(late)
    }

    fn row_key(&self, change: &chimera_model::Change) -> Option<RowKey> {
        match &self.projector.how {
            How::Totals(folding) => folding.key(change),
            How::Absolute(_) => None,
        }
    }

    /// The rows as they are with the late events, as far as the partition has been applied.
    async fn rows_with(&mut self, late: &Late) -> Result<Result<Writes, String>, Ended> {
        let mut backoff = Backoff::default();
        loop {
            let adding = match &self.projector.how {
                How::Totals(folding) => folding.adding(late.rows.clone()),
                How::Absolute(_) => return Ok(Ok(Writes::default())),
            };
            let added = match self.add_up(adding, late).await? {
                Ok(added) => added,
                Err(error) => return Ok(Err(error)),
            };
            match added.writes(&self.target).await {
                Ok(rows) => return Ok(Ok(Writes { rows, ..Writes::default() })),
                Err(chimera_stores::StoreError::Rejected(error)) => return Ok(Err(error)),
                Err(error) => self.wait_for_store(error, &mut backoff).await?,
            }
        }
    }

    async fn add_up(
        &self,
        mut adding: Adding,
        late: &Late,
    ) -> Result<Result<Adding, String>, Ended> {
        let (mut backoff, mut next) = (Backoff::default(), 1);
        let mut reader = None;
        while next <= self.applied() {
            let records = match self.records_from(&mut reader, next).await {
                Ok(records) => records,
                Err(error) => {
                    self.wait_for_log(error, &mut backoff).await?;
                    continue;
                }
            };
            for record in records.iter().filter(|record| self.belongs(record, late)) {
                match self.projector.change(record) {
                    Ok(Some(change)) => adding.add(&change),
                    Ok(None) => {}
                    Err(error) => {
                        return Ok(Err(format!("at sequence {}: {error}", record.sequence)));
                    }
                }
            }
            next = records.last().map_or(next, |record| record.sequence + 1);
        }
        Ok(Ok(adding))
    }

    async fn records_from(
        &self,
        reader: &mut Option<Box<dyn chimera_log::Reader>>,
        from: u64,
    ) -> Result<Vec<RawRecord>, chimera_log::ReadError> {
        let reader = match reader {
            Some(reader) => reader,
            None => reader.insert(self.log.read(&self.partition, from)?),
        };
        Ok(reader.next().await?.records)
    }

    /// Whether the event is in its row from now on.
    fn belongs(&self, record: &RawRecord, late: &Late) -> bool {
        record.sequence <= self.applied()
            && (late.sequences.contains(&record.sequence)
                || !self.letters.parked.leaves_out(record))
    }
}
