//! What staff has asked for, carried out between two batches: so nothing else writes these rows meanwhile.
//!
//! Events that wait are read from the log and applied in order; the first that fails again keeps those behind it waiting. A
//! letter goes when its event is written, so a crash in between only repeats what changes nothing.

use std::sync::Arc;
use std::time::Duration;

use chimera_codec::CodecError;
use chimera_log::{RawRecord, Reader};
use chimera_model::Mutation;
use tokio::time::Instant;

use super::patience::Ended;
use super::{Feed, Refused};
use crate::backoff::Backoff;
use crate::dead_letters::{Class, Letter, Outcome, Request, Verb};
use crate::projector::How;
use crate::target::Writes;

/// How often requests are looked for while something waits.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Letters of one aggregate that are taken out together.
const TAKEN_OUT: usize = 200;
/// A reader goes on to the next letter if it is not further than this.
const NEAR: u64 = 5_000;

/// Why an event still waits.
pub(super) struct Failure {
    pub(super) sequence: u64,
    pub(super) class: Class,
    pub(super) error: String,
}

/// Reads the events of letters, forwards.
#[derive(Default)]
pub(super) struct Fetching {
    reader: Option<Box<dyn Reader>>,
    records: std::vec::IntoIter<RawRecord>,
}

impl Feed {
    /// Learns what waits, and carries out what was asked while nobody fed this partition.
    pub(super) async fn open(&mut self) -> Result<(), Ended> {
        let mut backoff = Backoff::default();
        self.letters.parked = loop {
            match self.letters.queue.load().await {
                Ok(parked) => break parked,
                Err(error) => self.wait_for_store(error, &mut backoff).await?,
            }
        };
        self.count_parked();
        self.carry_out_requests().await
    }

    /// Looks for requests if it is time to.
    pub(super) async fn look_for_requests(&mut self) -> Result<(), Ended> {
        let Some(due) = self.letters.look_at else { return Ok(()) };
        if Instant::now() < due {
            return Ok(());
        }
        let waited = !self.letters.parked.is_empty();
        self.carry_out_requests().await?;
        // Once more after the last has gone: a request may just have been made.
        self.letters.look_at = waited.then(|| Instant::now() + LOOK_EVERY);
        Ok(())
    }

    async fn carry_out_requests(&mut self) -> Result<(), Ended> {
        let mut backoff = Backoff::default();
        let requests = loop {
            match self.letters.queue.requests().await {
                Ok(requests) => break requests,
                Err(error) => self.wait_for_store(error, &mut backoff).await?,
            }
        };
        for request in requests {
            let outcome = self.carry_out(&request).await?;
            let mut backoff = Backoff::default();
            while let Err(error) = self.letters.queue.done(&request, &outcome).await {
                self.wait_for_store(error, &mut backoff).await?;
            }
        }
        Ok(())
    }

    async fn carry_out(&mut self, request: &Request) -> Result<Outcome, Ended> {
        let before = self.letters.parked.events();
        let keys = match &request.key {
            Some(key) => vec![Arc::from(key.as_str())],
            None => self.letters.parked.keys(),
        };
        match request.verb {
            Verb::Retry => self.heal(&keys).await?,
            Verb::Drop => {
                for key in &keys {
                    self.drop_upto(key, request.upto).await?;
                }
            }
        }
        self.count_parked();
        let after = self.letters.parked.events();
        let (model, view) = (self.meters.model, self.target.view().generation);
        let (verb, key) = (request.verb.name(), request.key.as_deref().unwrap_or("all"));
        tracing::info!(model, view, partition = %self.partition, verb, key, before, after, "dead letters");
        Ok(Outcome(format!("{} of {before} waiting events are done with", before - after)))
    }

    async fn heal(&mut self, keys: &[Arc<str>]) -> Result<(), Ended> {
        if let How::Totals(_) = self.projector.how {
            return self.heal_totals(keys).await;
        }
        for key in keys {
            self.heal_aggregate(key).await?;
        }
        Ok(())
    }

    async fn heal_aggregate(&mut self, key: &Arc<str>) -> Result<(), Ended> {
        let (mut fetching, mut healed) = (Fetching::default(), vec![]);
        for sequence in self.letters.parked.of(key) {
            let failure = self.apply_again(sequence, &mut fetching).await?;
            if let Some(failure) = failure {
                self.take_out(key, &healed).await?;
                return self.fail(failure).await;
            }
            healed.push(sequence);
            if healed.len() >= TAKEN_OUT {
                self.take_out(key, &healed).await?;
                healed.clear();
            }
        }
        self.take_out(key, &healed).await
    }

    async fn apply_again(
        &mut self,
        sequence: u64,
        fetching: &mut Fetching,
    ) -> Result<Option<Failure>, Ended> {
        let record = self.fetch(sequence, fetching).await?;
        let writes = match self.writes_of(&record) {
            Ok(writes) => writes,
            Err(error) => return Ok(Some(undecodable(sequence, &error))),
        };
        if writes.is_empty() {
            return Ok(None);
        }
        match self.write(&writes, None).await {
            Ok(()) => Ok(None),
            Err(Refused::Refused(error)) => {
                Ok(Some(Failure { sequence, class: Class::Rejected, error }))
            }
            Err(Refused::Ended(ended)) => Err(ended),
        }
    }

    fn writes_of(&self, record: &RawRecord) -> Result<Writes, CodecError> {
        let mut writes = Writes::default();
        if let (Some(change), How::Absolute(project)) =
            (self.projector.change(record)?, &self.projector.how)
        {
            let mutations: Vec<Mutation> = project(&change);
            writes.extend(mutations);
        }
        Ok(writes)
    }

    /// The record of a letter; the reader goes forwards only.
    pub(super) async fn fetch(
        &self,
        sequence: u64,
        fetching: &mut Fetching,
    ) -> Result<RawRecord, Ended> {
        let mut backoff = Backoff::default();
        loop {
            if let Some(found) = fetching.records.find(|record| record.sequence >= sequence) {
                return Ok(found);
            }
            if let Err(error) = self.read_on(sequence, fetching).await {
                self.wait_for_log(error, &mut backoff).await?;
            }
        }
    }

    async fn read_on(
        &self,
        sequence: u64,
        fetching: &mut Fetching,
    ) -> Result<(), chimera_log::ReadError> {
        let near =
            |reader: &dyn Reader| (reader.position()..reader.position() + NEAR).contains(&sequence);
        let reader = match &mut fetching.reader {
            Some(reader) if near(&**reader) => reader,
            other => other.insert(self.log.read(&self.partition, sequence)?),
        };
        fetching.records = reader.next().await?.records.into_iter();
        Ok(())
    }

    /// Takes events out of the queue that are applied.
    pub(super) async fn take_out(&mut self, key: &str, sequences: &[u64]) -> Result<(), Ended> {
        if sequences.is_empty() {
            return Ok(());
        }
        let mut backoff = Backoff::default();
        while let Err(error) = self.letters.queue.remove(sequences).await {
            self.wait_for_store(error, &mut backoff).await?;
        }
        for sequence in sequences {
            self.letters.parked.remove(key, *sequence);
        }
        Ok(())
    }

    /// Notes that an event has failed again.
    pub(super) async fn fail(&mut self, failure: Failure) -> Result<(), Ended> {
        let Failure { sequence, class, error } = failure;
        let found = self.letters_of(&[sequence]).await?;
        let failed = found.into_iter().map(|letter| letter.failed(class, &error));
        self.put(&mut failed.collect::<Vec<_>>()).await
    }

    /// Marks the events of an aggregate, up to a sequence, as never to be applied.
    async fn drop_upto(&mut self, key: &Arc<str>, upto: u64) -> Result<(), Ended> {
        let mut sequences = self.letters.parked.of(key);
        sequences.retain(|sequence| *sequence <= upto);
        let mut letters = self.letters_of(&sequences).await?;
        for letter in &mut letters {
            letter.class = Class::Dropped;
        }
        self.put(&mut letters).await?;
        for sequence in sequences {
            self.letters.parked.drop_one(key, sequence);
        }
        Ok(())
    }

    async fn letters_of(&self, sequences: &[u64]) -> Result<Vec<Letter>, Ended> {
        let mut backoff = Backoff::default();
        loop {
            match self.letters.queue.letters_of(sequences).await {
                Ok(letters) => return Ok(letters),
                Err(error) => self.wait_for_store(error, &mut backoff).await?,
            }
        }
    }

    /// Puts letters into the queue, new or anew.
    pub(super) async fn put(&mut self, letters: &mut [Letter]) -> Result<(), Ended> {
        if letters.is_empty() {
            return Ok(());
        }
        let mut backoff = Backoff::default();
        while let Err(error) = self.letters.queue.put(letters).await {
            self.wait_for_store(error, &mut backoff).await?;
        }
        Ok(())
    }
}

pub(super) fn undecodable(sequence: u64, error: &CodecError) -> Failure {
    Failure { sequence, class: Class::Undecodable, error: error.to_string() }
}
