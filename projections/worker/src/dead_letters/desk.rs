//! What staff can ask of the dead letters, from whatever node: lists, single events, and requests that the feed carries out.
//!
//! Only reads letters and leaves requests; never applies an event and never changes a letter of a view that is fed.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_log::{EventLog, Partition, RawRecord, ReadError};
use chimera_model::ReadModel;
use chimera_stores::{StoreError, View};

use super::letter::{Class, Letter};
use super::queue::Queue;
use super::request::{Asker, Audited, Request, Verb};
use super::shown::{Shown, ShownEvent};
use super::store::LetterStore;
use super::tables::{AUDIT, VIEW};
use crate::decode::Decoder;
use crate::feeder::partitions_of;

/// The dead letters of all read models. Cheap to clone.
#[derive(Clone)]
pub struct DeadLetters {
    store: LetterStore,
    log: Arc<dyn EventLog>,
    decoder: Arc<Decoder>,
}

/// An aggregate that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedAggregate {
    /// Where its events stand.
    pub partition: Partition,
    /// Its first event that waits.
    pub first: Letter,
    /// How many of its events wait.
    pub events: u64,
}

/// Why a question or a request cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Nothing of that aggregate waits.
    #[error("nothing of {key} waits in {view}")]
    NotParked {
        /// Of what.
        view: View,
        /// Which aggregate.
        key: String,
    },
    /// The row store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot answer.
    #[error(transparent)]
    Log(#[from] Box<ReadError>),
}

impl From<ReadError> for AskError {
    fn from(error: ReadError) -> Self {
        Self::Log(Box::new(error))
    }
}

impl DeadLetters {
    pub(crate) fn new(store: LetterStore, log: Arc<dyn EventLog>, decoder: Arc<Decoder>) -> Self {
        Self { store, log, decoder }
    }

    /// The aggregates that wait in one partition of a generation, the longest waiting first.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn aggregates(
        &self,
        view: View,
        partition: &Partition,
    ) -> Result<Vec<ParkedAggregate>, AskError> {
        let mut found: BTreeMap<String, ParkedAggregate> = BTreeMap::new();
        for letter in self.waiting(view, partition).await? {
            if let Some(aggregate) = found.get_mut(&letter.key) {
                aggregate.events += 1;
                continue;
            }
            let (key, partition) = (letter.key.clone(), partition.clone());
            found.insert(key, ParkedAggregate { partition, first: letter, events: 1 });
        }
        let mut aggregates: Vec<ParkedAggregate> = found.into_values().collect();
        aggregates.sort_by_key(|aggregate| aggregate.first.sequence);
        Ok(aggregates)
    }

    /// How many aggregates and events wait in a generation of a model.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn totals(&self, model: &ReadModel, view: View) -> Result<(u64, u64), AskError> {
        let (mut aggregates, mut events) = (0, 0);
        for partition in self.partitions(model)? {
            for aggregate in self.aggregates(view, &partition).await? {
                aggregates += 1;
                events += aggregate.events;
            }
        }
        Ok((aggregates, events))
    }

    /// The partitions that a model reads.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn partitions(&self, model: &ReadModel) -> Result<Vec<Partition>, AskError> {
        Ok(partitions_of(&*self.log, model)?)
    }

    /// Everything that waits of one aggregate, in order, with what the log holds of it; at most `limit` events.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn show(
        &self,
        model: &ReadModel,
        view: View,
        key: &str,
        limit: usize,
    ) -> Result<Vec<Shown>, AskError> {
        let mut shown = vec![];
        for (partition, letters) in self.of(model, view, key).await? {
            for letter in letters.into_iter().take(limit - shown.len()) {
                let record = self.record(&partition, letter.sequence).await?;
                let event = ShownEvent::of(&self.decoder, &partition, record.as_ref());
                shown.push(Shown { partition: partition.clone(), letter, event });
            }
        }
        Ok(shown)
    }

    /// Asks for one aggregate to be tried again; says how many of its events wait.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn retry(
        &self,
        model: &ReadModel,
        view: View,
        key: &str,
        who: &str,
    ) -> Result<u64, AskError> {
        let (asker, mut events) = (Asker { who, reason: "" }, 0);
        for (partition, letters) in self.of(model, view, key).await? {
            events += letters.len() as u64;
            self.ask(view, &partition, (Verb::Retry, Some((key, 0))), &asker).await?;
        }
        Ok(events)
    }

    /// Asks for everything of a generation to be tried again; says how many aggregates wait.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn retry_all(
        &self,
        model: &ReadModel,
        view: View,
        who: &str,
    ) -> Result<u64, AskError> {
        let mut waiting = 0;
        for partition in self.partitions(model)? {
            let aggregates = self.aggregates(view, &partition).await?.len() as u64;
            if aggregates > 0 {
                waiting += aggregates;
                self.ask(view, &partition, (Verb::Retry, None), &Asker { who, reason: "" }).await?;
            }
        }
        Ok(waiting)
    }

    /// Asks for the first event of an aggregate never to be applied to this generation, or all that wait now. What else waits goes
    /// on waiting until it is tried again. Says how many events are meant.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn drop_events(
        &self,
        (model, view): (&ReadModel, View),
        key: &str,
        all: bool,
        (who, reason): (&str, &str),
    ) -> Result<u64, AskError> {
        let mut events = 0;
        for (partition, letters) in self.of(model, view, key).await? {
            let meant = if all { &letters[..] } else { &letters[..1] };
            events += meant.len() as u64;
            let upto = meant.last().map_or(0, |letter| letter.sequence);
            let asker = Asker { who, reason };
            self.ask(view, &partition, (Verb::Drop, Some((key, upto))), &asker).await?;
        }
        Ok(events)
    }

    /// The latest requests about a model, newest first.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn audit(&self, model: &ReadModel, limit: usize) -> Result<Vec<Audited>, AskError> {
        if !self.store.is_there().await? {
            return Ok(vec![]);
        }
        let rows = self.store.first(&AUDIT, &[model.name.into()], limit).await?;
        Ok(rows.iter().filter_map(Audited::of).collect())
    }

    /// Removes the letters and requests of a generation that is gone; the audit stays.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn forget(&self, model: &ReadModel, view: View) -> Result<(), AskError> {
        if !self.store.is_there().await? {
            return Ok(());
        }
        for partition in self.partitions(model)? {
            let mut queue = Queue::new(self.store.clone(), view, partition.clone());
            queue.load().await?;
            let letters = queue.letters().await?;
            let sequences: Vec<u64> = letters.iter().map(|letter| letter.sequence).collect();
            if !sequences.is_empty() {
                queue.remove(&sequences).await?;
            }
            for request in queue.requests().await? {
                self.store.apply(&[request.gone(view, &partition)]).await?;
            }
        }
        Ok(())
    }

    /// Gives a view elsewhere the same letters, so that feeding it leaves out the same events. Says how many wait.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn copy(
        &self,
        (model, view): (&ReadModel, View),
        to: &Self,
        other: View,
    ) -> Result<u64, AskError> {
        if !self.store.is_there().await? {
            return Ok(0);
        }
        to.store.create().await?;
        let mut waiting = 0;
        for partition in self.partitions(model)? {
            let mut letters =
                Queue::new(self.store.clone(), view, partition.clone()).letters().await?;
            let waits = |letter: &&Letter| letter.class != Class::Dropped;
            waiting += letters.iter().filter(waits).count() as u64;
            if !letters.is_empty() {
                Queue::new(to.store.clone(), other, partition).put(&mut letters).await?;
            }
        }
        Ok(waiting)
    }

    async fn waiting(&self, view: View, partition: &Partition) -> Result<Vec<Letter>, AskError> {
        if !self.store.is_there().await? {
            return Ok(vec![]);
        }
        let queue = Queue::new(self.store.clone(), view, partition.clone());
        let mut letters = queue.letters().await?;
        letters.retain(|letter| letter.class != Class::Dropped);
        Ok(letters)
    }

    /// What waits of an aggregate, by partition: a model that reads several streams may have it in each.
    async fn of(
        &self,
        model: &ReadModel,
        view: View,
        key: &str,
    ) -> Result<Vec<(Partition, Vec<Letter>)>, AskError> {
        let mut found = vec![];
        for partition in self.partitions(model)? {
            let mut letters = self.waiting(view, &partition).await?;
            letters.retain(|letter| letter.key == key);
            if !letters.is_empty() {
                found.push((partition, letters));
            }
        }
        if found.is_empty() {
            return Err(AskError::NotParked { view, key: key.to_owned() });
        }
        Ok(found)
    }

    async fn ask(
        &self,
        view: View,
        partition: &Partition,
        (verb, what): (Verb, Option<(&str, u64)>),
        asker: &Asker<'_>,
    ) -> Result<(), AskError> {
        let asked_at = (self.store.clock)();
        let request = Request {
            verb,
            key: what.map(|(key, _)| key.to_owned()),
            upto: what.map_or(0, |(_, upto)| upto),
            asked_at,
            id: unique(),
        };
        Ok(self.store.apply(&request.made(view, partition, asker)).await?)
    }

    async fn record(
        &self,
        partition: &Partition,
        sequence: u64,
    ) -> Result<Option<RawRecord>, AskError> {
        if sequence > *self.log.high_watermark(partition)?.borrow() {
            return Ok(None);
        }
        let batch = self.log.read(partition, sequence)?.next().await?;
        Ok(batch.records.into_iter().find(|record| record.sequence == sequence))
    }
}

/// An id that no other request has, of whichever node.
fn unique() -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = |salt: u8| RandomState::new().hash_one(salt);
    format!("{:016x}{:016x}", random(0), random(1))
}

impl std::fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeadLetters").field("in", &VIEW).finish_non_exhaustive()
    }
}
