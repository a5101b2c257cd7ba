//! From differing key ranges to the keys that differ: three scans and eight bytes of key and content each, however large a table is.
//!
//! The side that is taken for true is scanned first and last; the other one, which may be written meanwhile, once in between.

use std::collections::BTreeSet;

use super::content::Content;
use super::item::{Hashes, Item, Key};
use super::sums::{BUCKETS, Sums, bucket_of};
use crate::error::StoreError;
use crate::page::{Cursor, Scanned};

/// How many rows of differing ranges are held in memory at once, sixteen bytes each.
const HELD_ROWS: u64 = 2_000_000;

/// The differing key ranges, in groups of bounded size.
pub(super) fn differing_groups(live: &Sums, rebuilt: &Sums) -> Vec<BTreeSet<usize>> {
    let mut groups = Vec::new();
    let (mut group, mut held) = (BTreeSet::new(), 0);
    for index in 0..BUCKETS {
        let (left, right) = (live.buckets[index], rebuilt.buckets[index]);
        if left == right {
            continue;
        }
        if held + right.rows > HELD_ROWS && !group.is_empty() {
            groups.push(std::mem::take(&mut group));
            held = 0;
        }
        group.insert(index);
        held += right.rows;
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
}

/// The keys of some ranges under which the two sides were seen to differ, some at a time.
pub(super) struct Narrowing<'a> {
    live: Content<'a>,
    rebuilt: Content<'a>,
    ranges: &'a BTreeSet<usize>,
    held: Held,
    after: Option<Cursor>,
    scanning: Scanning,
}

/// What is scanned now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scanning {
    Live,
    Rebuilt,
    Nothing,
}

impl<'a> Narrowing<'a> {
    pub(super) async fn start(
        (live, rebuilt): (Content<'a>, Content<'a>),
        ranges: &'a BTreeSet<usize>,
    ) -> Result<Self, StoreError> {
        let held = Held::of(rebuilt, ranges).await?;
        Ok(Self { live, rebuilt, ranges, held, after: None, scanning: Scanning::Live })
    }

    /// The next keys, at most as many and a page more; none at the end.
    pub(super) async fn next(&mut self, most: usize) -> Result<Vec<Key>, StoreError> {
        let mut keys = Vec::new();
        while self.scanning != Scanning::Nothing && keys.len() < most {
            let side = if self.scanning == Scanning::Live { self.live } else { self.rebuilt };
            let page = side.page(self.after.as_ref()).await?;
            self.after = page.next;
            let mut buffer = Vec::new();
            for item in sound(page.items) {
                let hashes = item.hashes(&mut buffer);
                if self.ranges.contains(&bucket_of(hashes.key)) && self.differs(hashes) {
                    keys.push(item.key());
                }
            }
            if self.after.is_none() {
                self.turn();
            }
        }
        Ok(keys)
    }

    fn differs(&mut self, hashes: Hashes) -> bool {
        match self.scanning {
            Scanning::Live => !self.held.meet(hashes),
            Scanning::Rebuilt => self.held.was_not_met(hashes),
            Scanning::Nothing => false,
        }
    }

    fn turn(&mut self) {
        self.scanning = match self.scanning {
            Scanning::Live if self.held.has_unmet() => Scanning::Rebuilt,
            Scanning::Live | Scanning::Rebuilt | Scanning::Nothing => Scanning::Nothing,
        };
    }
}

/// What the side that is taken for true holds: half of it the key's hash, half of it the content's, in ascending order.
struct Held {
    items: Vec<u128>,
    met: Vec<bool>,
}

fn compact(hashes: Hashes) -> u128 {
    (u128::from(hashes.key) << 64) | (hashes.content & u128::from(u64::MAX))
}

fn key_of(item: u128) -> u128 {
    item >> 64
}

impl Held {
    async fn of(content: Content<'_>, ranges: &BTreeSet<usize>) -> Result<Self, StoreError> {
        let (mut items, mut buffer, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let page = content.page(after.as_ref()).await?;
            for item in sound(page.items) {
                let hashes = item.hashes(&mut buffer);
                if ranges.contains(&bucket_of(hashes.key)) {
                    items.push(compact(hashes));
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        items.sort_unstable();
        let met = vec![false; items.len()];
        Ok(Self { items, met })
    }

    /// Whether the same is held; what is held under the key is not looked for again.
    fn meet(&mut self, hashes: Hashes) -> bool {
        let wanted = compact(hashes);
        let (mut place, mut found) = (self.first_of(wanted), false);
        while let Some(held) = self.items.get(place).filter(|held| key_of(**held) == key_of(wanted))
        {
            found |= *held == wanted;
            self.met[place] = true;
            place += 1;
        }
        found
    }

    fn was_not_met(&self, hashes: Hashes) -> bool {
        let wanted = compact(hashes);
        let place = self.first_of(wanted);
        let held = self.items.get(place).filter(|held| key_of(**held) == key_of(wanted));
        held.is_none() || !self.met[place]
    }

    fn first_of(&self, wanted: u128) -> usize {
        self.items.partition_point(|held| key_of(*held) < key_of(wanted))
    }

    fn has_unmet(&self) -> bool {
        self.met.contains(&false)
    }
}

/// Damaged items are found by the look that each missing key gets.
fn sound(items: Vec<Scanned<Key, Item>>) -> impl Iterator<Item = Item> {
    items.into_iter().filter_map(|scanned| match scanned {
        Scanned::Sound(item) => Some(item),
        Scanned::Damaged { .. } => None,
    })
}
