//! Count and checksum of every key range of a table, in one pass.

use super::content::Content;
use super::item::Hashes;
use crate::error::StoreError;
use crate::page::Scanned;

/// How many key ranges there are. A range is a part of the keys' hashes, so that ranges are even whatever the keys are.
pub(super) const BUCKETS: usize = 4096;
/// How many key ranges are reported, each of so many neighbours of the others.
const RANGES: usize = 64;
/// How many damaged entries are kept by name.
const NAMED_DAMAGES: usize = 100;

/// Counts and order-independent checksums by key range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    pub(super) buckets: Vec<Bucket>,
    /// What could not be read and so is in no sum; the first hundred.
    pub damages: Vec<Damage>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) rows: u64,
    sum: u128,
}

/// Count and checksum of one key range: the keys whose hash (xxh3 of 64 bits), divided by 4096, leaves a remainder from
/// `first` on, 64 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The lowest remainder.
    pub first: usize,
    /// How many rows were read.
    pub rows: u64,
    /// Of their content.
    pub checksum: u128,
}

/// Something stored that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Under which key, where that is known.
    pub key: Option<String>,
    /// What was expected and what was found.
    pub reason: String,
}

pub(super) fn bucket_of(key: u64) -> usize {
    // The remainder is below BUCKETS, which fits.
    usize::try_from(key % BUCKETS as u64).unwrap_or(0)
}

impl Sums {
    fn new() -> Self {
        Self { buckets: vec![Bucket::default(); BUCKETS], damages: Vec::new() }
    }

    fn add(&mut self, hashes: Hashes) {
        let bucket = &mut self.buckets[bucket_of(hashes.key)];
        bucket.rows += 1;
        bucket.sum = bucket.sum.wrapping_add(hashes.content);
    }

    fn add_damage(&mut self, key: Option<String>, reason: String) {
        if self.damages.len() < NAMED_DAMAGES {
            self.damages.push(Damage { key, reason });
        }
    }

    /// How many rows were read.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.rows).sum()
    }

    /// All key ranges, in order; the same keys are in the same range of every view.
    #[must_use]
    pub fn ranges(&self) -> Vec<Range> {
        let mut ranges = Vec::with_capacity(RANGES);
        let each = BUCKETS / RANGES;
        for (index, buckets) in self.buckets.chunks(each).enumerate() {
            let mut range = Range { first: index * each, rows: 0, checksum: 0 };
            for bucket in buckets {
                range.rows += bucket.rows;
                range.checksum = range.checksum.wrapping_add(bucket.sum);
            }
            ranges.push(range);
        }
        ranges
    }

    /// One checksum of all content: equal for equal content, in whichever order it was read.
    #[must_use]
    pub fn checksum(&self) -> u128 {
        self.buckets.iter().fold(0, |sum, bucket| sum.wrapping_add(bucket.sum))
    }
}

/// Reads everything once. `progress` is told how many rows each step read.
///
/// # Errors
/// If the store cannot be read; damaged rows are no error but noted.
pub async fn sums(
    content: Content<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Sums, StoreError> {
    let mut sums = Sums::new();
    let mut buffer = Vec::new();
    let mut after = None;
    loop {
        let page = content.page(after.as_ref()).await?;
        progress(page.items.len() as u64);
        for scanned in page.items {
            match scanned {
                Scanned::Sound(item) => sums.add(item.hashes(&mut buffer)),
                Scanned::Damaged { key, reason } => {
                    sums.add_damage(key.map(|key| key.text()), reason);
                }
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(sums);
        }
    }
}
