//! Keys whose stored content is not the one it was compared with, while events flow in: each is cleared by what was written meanwhile.
//!
//! The rule. What stands under a key was put together of pieces that are each written as one (a cell, a row's version, a part); a
//! store that is being fed holds, of each piece, what some event has written whose sequence is not below the checkpoint. So a key
//! is as the log says if each of its pieces is either what stood there at the checkpoint, or what an event after it has written.
//! What was never written by any such event is a difference for sure. Pieces are judged one by one because a store may write those
//! of two events in any order. Knows nothing of events; it is shown the mutations that they project to, in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chimera_model::{KvMutation, Row, RowMutation, SearchMutation, Value};

use super::item::{Item, Key, Pieces, VERSION};
use crate::error::StoreError;
use crate::kv::KvValue;
use crate::search::Document;

/// What was written since the content that a comparison takes for true.
#[async_trait]
pub trait Settle: Send + Sync {
    /// Shows what was written to each side of the comparison, from its checkpoints at least up to what it may hold now.
    /// Called after the contents of the suspects were read.
    ///
    /// # Errors
    /// If it cannot be found out.
    async fn settle(&self, sides: &[std::sync::Arc<Suspects>]) -> Result<(), StoreError>;
}

/// Nothing was written: the stores are at rest.
pub struct AtRest;

#[async_trait]
impl Settle for AtRest {
    async fn settle(&self, _sides: &[std::sync::Arc<Suspects>]) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The keys of one table, space or index that were not cleared yet.
#[derive(Debug)]
pub struct Suspects {
    content: &'static str,
    keys: Mutex<Keys>,
}

#[derive(Debug)]
struct Keys {
    suspects: BTreeMap<Key, Suspect>,
    /// How many of them have a piece that is not explained.
    unsettled: usize,
    /// Whether what is shown stands at or before the checkpoints.
    is_before: bool,
}

#[derive(Debug)]
struct Suspect {
    stored: Pieces,
    at_checkpoint: Pieces,
    unexplained: BTreeSet<String>,
}

/// Some pieces of a key, as one mutation leaves them; none where it removes them.
type Written = Vec<(String, Option<u128>)>;

impl Suspects {
    pub(super) fn new(content: &'static str) -> Self {
        let keys = Keys { suspects: BTreeMap::new(), unsettled: 0, is_before: false };
        Self { content, keys: Mutex::new(keys) }
    }

    /// A key, what is stored under it, and what the log says of it at the checkpoints.
    pub(super) fn add(&self, key: Key, stored: Option<&Item>, at_checkpoint: Option<&Item>) {
        let of = |item: Option<&Item>| item.map(Item::pieces).unwrap_or_default();
        let mut suspect = Suspect {
            stored: of(stored),
            at_checkpoint: of(at_checkpoint),
            unexplained: BTreeSet::new(),
        };
        suspect.begin();
        let mut keys = self.lock();
        keys.unsettled += usize::from(!suspect.unexplained.is_empty());
        keys.suspects.insert(key, suspect);
    }

    /// What the log says at the checkpoints is not known, but will be shown from its first event on, up to [`Suspects::at_checkpoints`].
    pub fn from_nothing(&self) {
        let mut keys = self.lock();
        keys.is_before = true;
        for suspect in keys.suspects.values_mut() {
            suspect.at_checkpoint.clear();
        }
    }

    /// What was shown so far is what the log says at the checkpoints; what follows was written after them.
    pub fn at_checkpoints(&self) {
        let mut keys = self.lock();
        keys.is_before = false;
        for suspect in keys.suspects.values_mut() {
            suspect.begin();
        }
        keys.unsettled = keys.suspects.values().filter(|s| !s.unexplained.is_empty()).count();
    }

    /// Whether nothing is left to be explained.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let keys = self.lock();
        !keys.is_before && keys.unsettled == 0
    }

    /// A row that was written.
    pub fn see_row(&self, mutation: &RowMutation) {
        let (RowMutation::Upsert { table, key, .. } | RowMutation::Delete { table, key, .. }) =
            mutation;
        if table.name == self.content {
            self.see(&Key::Row(key.clone()), |suspect| written_row(mutation, suspect));
        }
    }

    /// A part of a key-value that was written.
    pub fn see_kv(&self, mutation: &KvMutation) {
        if mutation.space.space == self.content {
            self.see(&Key::Kv(mutation.id.clone()), |_| written_part(mutation));
        }
    }

    /// A part of a document that was written.
    pub fn see_document(&self, mutation: &SearchMutation) {
        if mutation.spec.index == self.content {
            self.see(&Key::Document(mutation.id.clone()), |_| written_fields(mutation));
        }
    }

    fn see(&self, key: &Key, written: impl FnOnce(&Suspect) -> Written) {
        let mut keys = self.lock();
        let is_before = keys.is_before;
        let Some(suspect) = keys.suspects.get_mut(key) else { return };
        let written = written(suspect);
        if is_before {
            suspect.lay(written);
        } else if suspect.explain(&written) {
            keys.unsettled -= 1;
        }
    }

    /// The keys that were not cleared, each with its pieces that nothing explains.
    pub(super) fn guilty(&self) -> BTreeMap<Key, BTreeSet<String>> {
        let mut guilty = BTreeMap::new();
        for (key, suspect) in &self.lock().suspects {
            if !suspect.unexplained.is_empty() {
                guilty.insert(key.clone(), suspect.unexplained.clone());
            }
        }
        guilty
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Suspect {
    fn begin(&mut self) {
        self.unexplained.clear();
        for name in self.stored.keys().chain(self.at_checkpoint.keys()) {
            if self.stored.get(name) != self.at_checkpoint.get(name) {
                self.unexplained.insert(name.clone());
            }
        }
    }

    fn lay(&mut self, written: Written) {
        for (name, hash) in written {
            match hash {
                // Of two sources of a row, the newer version is the row's.
                Some(hash) if name == VERSION => {
                    let before = self.at_checkpoint.get(VERSION).copied().unwrap_or(0);
                    self.at_checkpoint.insert(name, hash.max(before));
                }
                Some(hash) => {
                    self.at_checkpoint.insert(name, hash);
                }
                None => {
                    self.at_checkpoint.remove(&name);
                }
            }
        }
    }

    /// Whether the last piece that was not explained is now.
    fn explain(&mut self, written: &Written) -> bool {
        let before = self.unexplained.len();
        for (name, hash) in written {
            if self.stored.get(name) == hash.as_ref() {
                self.unexplained.remove(name);
            }
        }
        before > 0 && self.unexplained.is_empty()
    }
}

fn written_row(mutation: &RowMutation, suspect: &Suspect) -> Written {
    match mutation {
        RowMutation::Delete { .. } => {
            let names = suspect.stored.keys().chain(suspect.at_checkpoint.keys());
            names.map(|name| (name.clone(), None)).collect()
        }
        RowMutation::Upsert { key, cells, version, .. } => {
            let mut row = Row { key: key.clone(), cells: BTreeMap::new(), version: *version };
            let mut written = Vec::with_capacity(cells.len() + 1);
            for (name, value) in cells {
                if *value == Value::Null {
                    written.push(((*name).to_owned(), None));
                } else {
                    row.cells.insert((*name).to_owned(), value.clone());
                }
            }
            written.extend(some(&Item::Row(row)));
            written
        }
    }
}

fn written_part(mutation: &KvMutation) -> Written {
    let Some(value) = &mutation.value else { return vec![(mutation.part.to_owned(), None)] };
    let part = (mutation.part.to_owned(), (mutation.version, value.clone()));
    some(&Item::Kv(mutation.id.clone(), KvValue { parts: BTreeMap::from([part]) }))
}

fn written_fields(mutation: &SearchMutation) -> Written {
    let Some(fields) = &mutation.fields else { return vec![(mutation.part.to_owned(), None)] };
    let with_values = fields.iter().filter(|(_, values)| !values.is_empty());
    let fields = with_values.map(|(name, values)| ((*name).to_owned(), values.clone())).collect();
    let part = (mutation.part.to_owned(), (mutation.version, fields));
    some(&Item::Document(mutation.id.clone(), Document { parts: BTreeMap::from([part]) }))
}

fn some(item: &Item) -> Written {
    item.pieces().into_iter().map(|(name, hash)| (name, Some(hash))).collect()
}
