//! Two views side by side: first their sums; where a key range differs, its keys one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{Content, Item, Key};
use super::sums::{BUCKETS, Damage, Sums, bucket_of, sums};
use crate::error::StoreError;
use crate::page::Scanned;

/// How many rows of differing key ranges are held in memory at once.
const HELD_ROWS: u64 = 200_000;

/// What a comparison of a live table with a rebuilt one found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table's or space's name.
    pub table: &'static str,
    /// What is live.
    pub live: Sums,
    /// What the log gives.
    pub rebuilt: Sums,
    /// The keys that differ, by name; at most as many as were asked for.
    pub keys: Vec<DifferingKey>,
    /// Whether more differ than are named.
    pub more: bool,
}

impl Difference {
    /// Whether both hold the same, and all of it could be read.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.live == self.rebuilt && self.live.damages.is_empty()
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

/// Compares what is live with what was rebuilt and names at most `named` keys. `progress` is told how many rows each step read.
///
/// # Errors
/// If a store cannot be read, or the rebuilt one is damaged.
pub async fn compare(
    live: Content<'_>,
    rebuilt: Content<'_>,
    named: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Difference, StoreError> {
    let (table, keys, more) = (live.name(), Vec::new(), false);
    let (of_live, of_rebuilt) = (sums(live, progress).await?, sums(rebuilt, progress).await?);
    if let Some(Damage { reason, .. }) = of_rebuilt.damages.first() {
        return Err(StoreError::Fatal(format!("the rebuilt {table} cannot be read: {reason}")));
    }
    let mut search = Search { live, rebuilt, named, keys, more };
    for group in differing_groups(&of_live, &of_rebuilt) {
        if search.is_over() {
            search.more = true;
            break;
        }
        search.group(&group).await?;
    }
    let Search { mut keys, more, .. } = search;
    add_damages(&mut keys, &of_live.damages);
    keys.sort();
    Ok(Difference { table, live: of_live, rebuilt: of_rebuilt, keys, more })
}

/// The differing key ranges, in groups of bounded size.
fn differing_groups(live: &Sums, rebuilt: &Sums) -> Vec<BTreeSet<usize>> {
    let mut groups = Vec::new();
    let (mut group, mut held) = (BTreeSet::new(), 0);
    for index in 0..BUCKETS {
        let (left, right) = (live.buckets[index], rebuilt.buckets[index]);
        if left == right {
            continue;
        }
        if held + left.rows > HELD_ROWS && !group.is_empty() {
            groups.push(std::mem::take(&mut group));
            held = 0;
        }
        group.insert(index);
        held += left.rows;
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
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

struct Search<'a> {
    live: Content<'a>,
    rebuilt: Content<'a>,
    named: usize,
    keys: Vec<DifferingKey>,
    more: bool,
}

/// The live items of a group, each with the hash of its content.
type Held = BTreeMap<Key, u128>;

impl Search<'_> {
    fn is_over(&self) -> bool {
        self.keys.len() >= self.named
    }

    fn name(&mut self, key: &Key, found: Found) {
        if self.is_over() {
            self.more = true;
        } else {
            self.keys.push(DifferingKey { key: key.text(), found });
        }
    }

    async fn group(&mut self, group: &BTreeSet<usize>) -> Result<(), StoreError> {
        let mut held = hold(self.live, group).await?;
        let mut buffer = Vec::new();
        let mut after = None;
        loop {
            let page = self.rebuilt.page(after.as_ref()).await?;
            for item in sound(page.items) {
                let hashes = item.hashes(&mut buffer);
                if group.contains(&bucket_of(hashes))
                    && held.remove(&item.key()) != Some(hashes.content)
                    && !self.more
                {
                    self.look(&item, hashes.content).await?;
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for key in held.into_keys() {
            self.name(&key, Found::Extra);
        }
        Ok(())
    }

    /// Compares one item with the live one, which a scan may have missed behind damage.
    async fn look(&mut self, rebuilt: &Item, content: u128) -> Result<(), StoreError> {
        let key = rebuilt.key();
        match self.live.get(&key).await {
            Ok(None) => self.name(&key, Found::Missing),
            Ok(Some(live)) if live.hashes(&mut Vec::new()).content == content => {}
            Ok(Some(live)) => self.name(&key, Found::Fields(differing_fields(&live, rebuilt))),
            Err(StoreError::Fatal(reason)) => self.name(&key, Found::Damaged(reason)),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

async fn hold(live: Content<'_>, group: &BTreeSet<usize>) -> Result<Held, StoreError> {
    let mut held = Held::new();
    let mut buffer = Vec::new();
    let mut after = None;
    loop {
        let page = live.page(after.as_ref()).await?;
        for item in sound(page.items) {
            let hashes = item.hashes(&mut buffer);
            if group.contains(&bucket_of(hashes)) {
                held.insert(item.key(), hashes.content);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(held);
        }
    }
}

/// Damaged items are found by the look that each missing key gets.
fn sound(items: Vec<Scanned<Key, Item>>) -> impl Iterator<Item = Item> {
    items.into_iter().filter_map(|scanned| match scanned {
        Scanned::Sound(item) => Some(item),
        Scanned::Damaged { .. } => None,
    })
}

fn differing_fields(live: &Item, rebuilt: &Item) -> Vec<Differs> {
    let (live, rebuilt) = (live.fields(), rebuilt.fields());
    let names: BTreeSet<&String> = live.keys().chain(rebuilt.keys()).collect();
    let mut differing = Vec::new();
    for name in names {
        let (left, right) = (live.get(name), rebuilt.get(name));
        if left != right {
            differing.push(Differs {
                field: name.clone(),
                live: left.cloned(),
                rebuilt: right.cloned(),
            });
        }
    }
    differing
}
