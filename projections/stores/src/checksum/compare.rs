//! Two views side by side: first their sums; where a key range differs, its keys one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::content::Content;
use super::item::{Item, Key};
use super::narrow::{Narrowing, differing_groups};
use super::sums::{Damage, Sums, bucket_of, sums};
use super::suspects::{Settle, Suspects};
use crate::error::StoreError;

/// How many keys that differ are looked at together.
const LOOKED_AT: usize = 20_000;

/// What a comparison of a live table with a rebuilt one found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table's or space's name.
    pub table: &'static str,
    /// What is live; of the ranges whose only differing keys were being written, what the log gives.
    pub live: Sums,
    /// What the log gives.
    pub rebuilt: Sums,
    /// How many keys were written during the comparison, and are what the log says one by one.
    pub in_flight: u64,
    /// The keys that differ, by name; at most as many as were asked for.
    pub keys: Vec<DifferingKey>,
    /// Whether more differ than are named.
    pub more: bool,
}

impl Difference {
    /// Whether both hold the same, and all of it could be read.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.live == self.rebuilt && self.live.damages.is_empty() && self.keys.is_empty()
    }
}

/// A key under which the two differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DifferingKey {
    /// The key as an operator reads it.
    pub key: String,
    /// How they differ.
    pub found: Found,
}

/// How live and rebuilt differ under one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// The live one is not what was written.
    Damaged(String),
    /// Only the log gives it.
    Missing,
    /// Only the live one has it.
    Extra,
    /// These fields differ.
    Fields(Vec<Differs>),
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Differs {
    /// Its name; `_version` is the version that wrote it.
    pub field: String,
    /// What is live, if it is there.
    pub live: Option<String>,
    /// What the log gives, if it is there.
    pub rebuilt: Option<String>,
}

/// How two views are compared.
pub struct Comparing<'a> {
    /// How many keys are named at most; one at least is.
    pub named: usize,
    /// What the other view is.
    pub other: Other,
    /// What was written meanwhile.
    pub settle: &'a dyn Settle,
    /// Is told how many rows each step read.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// What a view is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// With what the log gives at the checkpoints, which stays as it is.
    Log,
    /// With another generation, which may be as wrong, and be fed meanwhile too.
    Generation,
}

/// Compares what is live with what was rebuilt, or with another generation.
///
/// # Errors
/// If a store cannot be read, or the other view is damaged.
pub async fn compare(
    live: Content<'_>,
    rebuilt: Content<'_>,
    how: &Comparing<'_>,
) -> Result<Difference, StoreError> {
    let of_live = sums(live, how.progress).await?;
    let of_rebuilt = sums(rebuilt, how.progress).await?;
    if let Some(Damage { reason, .. }) = of_rebuilt.damages.first() {
        let (name, view) = (live.name(), rebuilt.view());
        return Err(StoreError::Fatal(format!("{name} of {view} cannot be read: {reason}")));
    }
    let mut search = Search::new(live, rebuilt, how);
    let groups = differing_groups(&of_live, &of_rebuilt);
    for group in &groups {
        search.group(group).await?;
        if search.more {
            break;
        }
    }
    Ok(search.into_difference(of_live, of_rebuilt, &groups))
}

struct Search<'a> {
    live: Content<'a>,
    rebuilt: Content<'a>,
    how: &'a Comparing<'a>,
    in_flight: u64,
    /// Ranges with a key that differs.
    differing: BTreeSet<usize>,
    keys: BTreeMap<Key, Found>,
    more: bool,
}

/// A key as it was read from both sides.
struct Seen {
    key: Key,
    live: Option<Item>,
    rebuilt: Option<Item>,
}

impl<'a> Search<'a> {
    fn new(live: Content<'a>, rebuilt: Content<'a>, how: &'a Comparing<'a>) -> Self {
        let (in_flight, more) = (0, false);
        let (differing, keys) = (BTreeSet::new(), BTreeMap::new());
        Self { live, rebuilt, how, in_flight, differing, keys, more }
    }

    fn name(&mut self, key: Key, found: Found) {
        self.differing.insert(bucket_of(key.hash()));
        if self.keys.len() < self.how.named.max(1) {
            self.keys.insert(key, found);
        } else if !self.keys.contains_key(&key) {
            self.more = true;
        }
    }

    async fn group(&mut self, group: &BTreeSet<usize>) -> Result<(), StoreError> {
        let mut narrowing = Narrowing::start((self.live, self.rebuilt), group).await?;
        loop {
            let keys = narrowing.next(LOOKED_AT).await?;
            if keys.is_empty() {
                return Ok(());
            }
            self.look(keys).await?;
            if self.more {
                return Ok(());
            }
        }
    }

    /// Judges keys that were seen to differ.
    async fn look(&mut self, keys: Vec<Key>) -> Result<(), StoreError> {
        let live = self.live.get_many(&keys).await?;
        let rebuilt = self.rebuilt.get_many(&keys).await?;
        let mut seen = Vec::new();
        for ((key, live), rebuilt) in keys.into_iter().zip(live).zip(rebuilt) {
            match (live, rebuilt) {
                (Ok(live), Ok(rebuilt)) => seen.push(Seen { key, live, rebuilt }),
                (Err(reason), _) | (_, Err(reason)) => self.name(key, Found::Damaged(reason)),
            }
        }
        let guilty = self.guilty(&seen).await?;
        self.in_flight += (seen.len() - guilty.len()) as u64;
        for Seen { key, live, rebuilt } in seen {
            if let Some(pieces) = guilty.get(&key) {
                self.name(key, found(live.as_ref(), rebuilt.as_ref(), pieces));
            }
        }
        Ok(())
    }

    /// Those that nothing explains, with the pieces in question.
    async fn guilty(&self, seen: &[Seen]) -> Result<BTreeMap<Key, BTreeSet<String>>, StoreError> {
        let of_live = Arc::new(Suspects::new(self.live.name()));
        let mut sides = vec![of_live.clone()];
        match self.how.other {
            Other::Log => {
                for Seen { key, live, rebuilt } in seen {
                    of_live.add(key.clone(), live.as_ref(), rebuilt.as_ref());
                }
            }
            Other::Generation => {
                let of_other = Arc::new(Suspects::new(self.live.name()));
                for Seen { key, live, rebuilt } in seen {
                    of_live.add(key.clone(), live.as_ref(), None);
                    of_other.add(key.clone(), rebuilt.as_ref(), None);
                }
                sides.push(of_other);
            }
        }
        if sides.iter().any(|side| !side.is_settled()) {
            self.how.settle.settle(&sides).await?;
        }
        let mut guilty = BTreeMap::<Key, BTreeSet<String>>::new();
        for (key, pieces) in sides.iter().flat_map(|side| side.guilty()) {
            guilty.entry(key).or_default().extend(pieces);
        }
        Ok(guilty)
    }

    fn into_difference(
        mut self,
        mut live: Sums,
        rebuilt: Sums,
        groups: &[BTreeSet<usize>],
    ) -> Difference {
        if !self.more {
            for range in groups.iter().flatten().filter(|range| !self.differing.contains(range)) {
                live.buckets[*range] = rebuilt.buckets[*range];
            }
        }
        let mut keys = Vec::new();
        for (key, found) in std::mem::take(&mut self.keys) {
            keys.push(DifferingKey { key: key.text(), found });
        }
        add_damages(&mut keys, &live.damages);
        keys.sort();
        let (table, in_flight, more) = (self.live.name(), self.in_flight, self.more);
        Difference { table, live, rebuilt, in_flight, keys, more }
    }
}

/// Damaged entries that the search had no reason to look at.
fn add_damages(keys: &mut Vec<DifferingKey>, damages: &[Damage]) {
    for damage in damages {
        let Some(key) = &damage.key else {
            continue;
        };
        match keys.iter_mut().find(|found| found.key == *key) {
            Some(found) => found.found = Found::Damaged(damage.reason.clone()),
            None => keys.push(DifferingKey {
                key: key.clone(),
                found: Found::Damaged(damage.reason.clone()),
            }),
        }
    }
}

fn found(live: Option<&Item>, rebuilt: Option<&Item>, pieces: &BTreeSet<String>) -> Found {
    match (live, rebuilt) {
        (None, _) => Found::Missing,
        (Some(_), None) => Found::Extra,
        (Some(live), Some(rebuilt)) => Found::Fields(differing_fields(live, rebuilt, pieces)),
    }
}

/// Of the pieces in question only: others may differ because they were written meanwhile.
fn differing_fields(live: &Item, rebuilt: &Item, pieces: &BTreeSet<String>) -> Vec<Differs> {
    let (live, rebuilt) = (live.fields(), rebuilt.fields());
    let names: BTreeSet<&String> = live.keys().chain(rebuilt.keys()).collect();
    let mut differing = Vec::new();
    for name in names {
        let piece = name.split_once('.').map_or(name.as_str(), |(part, _)| part);
        let (left, right) = (live.get(name), rebuilt.get(name));
        if left != right && pieces.contains(piece) {
            differing.push(Differs {
                field: name.clone(),
                live: left.cloned(),
                rebuilt: right.cloned(),
            });
        }
    }
    differing
}
