//! The durable queue of one partition of one generation, as its feed writes it.
//!
//! Each write has a version above all before it, whatever the clock says; see the row of sequence 0. Never retries.

use chimera_domain::time::Timestamp;
use chimera_log::Partition;
use chimera_model::{RowKey, RowMutation};
use chimera_stores::{StoreError, View};

use super::letter::Letter;
use super::parked::Parked;
use super::request::{Outcome, Request};
use super::store::LetterStore;
use super::tables::{LETTERS, REQUESTS, of_partition};

/// The letters of one partition of one generation.
pub(crate) struct Queue {
    store: LetterStore,
    view: View,
    partition: Partition,
    /// The newest version that was used.
    newest: u64,
}

impl Queue {
    pub(crate) fn new(store: LetterStore, view: View, partition: Partition) -> Self {
        Self { store, view, partition, newest: 0 }
    }

    /// What the queue holds now.
    pub(crate) async fn load(&mut self) -> Result<Parked, StoreError> {
        let (mut parked, mut newest) = (Parked::default(), 0);
        self.each(|letter, version| {
            newest = newest.max(version);
            if let Some(letter) = letter {
                parked.add(&letter);
            }
        })
        .await?;
        self.newest = newest;
        Ok(parked)
    }

    /// Every letter in order, those that were dropped included.
    pub(crate) async fn letters(&self) -> Result<Vec<Letter>, StoreError> {
        let mut letters = vec![];
        self.each(|letter, _| letters.extend(letter)).await?;
        Ok(letters)
    }

    /// The letters of these sequences, as far as they are there.
    pub(crate) async fn letters_of(&self, sequences: &[u64]) -> Result<Vec<Letter>, StoreError> {
        let keys: Vec<RowKey> = sequences.iter().map(|sequence| self.key(*sequence)).collect();
        let rows = self.store.rows(&LETTERS, &keys).await?;
        Ok(rows.iter().flatten().filter_map(Letter::of).collect())
    }

    async fn each(
        &self,
        mut each: impl FnMut(Option<Letter>, u64) + Send,
    ) -> Result<(), StoreError> {
        let key = of_partition(self.view, &self.partition);
        self.store.each(&LETTERS, &key, |row| each(Letter::of(&row), row.version)).await
    }

    /// Adds letters, or writes them anew; says them with the times that they got.
    pub(crate) async fn put(&mut self, letters: &mut [Letter]) -> Result<(), StoreError> {
        let now = self.now();
        let version = self.next_version();
        let mut mutations = vec![self.mark(version)];
        for letter in letters {
            if letter.first_seen == Timestamp(0) {
                letter.first_seen = now;
            }
            if letter.attempts > 0 {
                letter.last_tried = Some(now);
            }
            mutations.push(letter.mutation(self.key(letter.sequence), version));
        }
        self.write(&mutations, version).await
    }

    /// Takes letters out for good.
    pub(crate) async fn remove(&mut self, sequences: &[u64]) -> Result<(), StoreError> {
        let version = self.next_version();
        let mut mutations = vec![self.mark(version)];
        for sequence in sequences {
            let key = self.key(*sequence);
            mutations.push(RowMutation::Delete { table: &LETTERS, key, version });
        }
        self.write(&mutations, version).await
    }

    /// What was asked for and not carried out yet, in the order in which it was asked.
    pub(crate) async fn requests(&self) -> Result<Vec<Request>, StoreError> {
        let (key, mut requests) = (of_partition(self.view, &self.partition), vec![]);
        self.store.each(&REQUESTS, &key, |row| requests.extend(Request::of(&row))).await?;
        Ok(requests)
    }

    /// Notes what came of a request, which is not carried out again.
    pub(crate) async fn done(
        &self,
        request: &Request,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let mutations = request.done(self.view, &self.partition, outcome, self.now());
        self.store.apply(&mutations).await
    }

    fn now(&self) -> Timestamp {
        (self.store.clock)()
    }

    fn next_version(&self) -> u64 {
        let now = self.now().0.max(0).cast_unsigned();
        now.max(self.newest + 1)
    }

    fn key(&self, sequence: u64) -> RowKey {
        let mut key = of_partition(self.view, &self.partition).to_vec();
        key.push(sequence.into());
        RowKey(key)
    }

    /// Keeps the version where every feed of this partition finds it.
    fn mark(&self, version: u64) -> RowMutation {
        let cells = vec![("error_class", "NEWEST_VERSION".into())];
        RowMutation::Upsert { table: &LETTERS, key: self.key(0), cells, version }
    }

    async fn write(&mut self, mutations: &[RowMutation], version: u64) -> Result<(), StoreError> {
        // Also where it fails: some of it may have been written.
        self.newest = version;
        self.store.apply(mutations).await
    }
}
