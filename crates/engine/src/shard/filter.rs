//! A filter over hashes: says of a hash that it was certainly never added, or that it may have been. Grows as it is filled.
//!
//! A split-block Bloom filter: each hash sets eight bits of one block, so that a question touches one line of the processor's
//! cache. Never forgets a hash.

/// Bits for each hash: about one in five hundred that were never added is taken for one that may have been.
const BITS_A_HASH: usize = 16;
/// How many hashes the first layer takes; each further one takes twice as many as the one before.
const FIRST: usize = 1 << 12;
/// Odd numbers without a pattern: one for each word of a block.
const SALTS: [u32; 8] = [
    0x9E37_79B1,
    0x85EB_CA6B,
    0xC2B2_AE35,
    0x27D4_EB2F,
    0x1656_67B1,
    0xD3A2_646D,
    0xFD70_46C5,
    0xB55A_4F09,
];

/// One bit in each of eight words.
type Block = [u32; 8];

#[derive(Default)]
pub(super) struct Filter {
    layers: Vec<Layer>,
    added: usize,
}

struct Layer {
    blocks: Vec<Block>,
    /// How many hashes it still takes.
    room: usize,
}

impl Filter {
    /// `hash` must be evenly spread over all its bits.
    pub(super) fn add(&mut self, hash: u64) {
        self.added += 1;
        let is_full = self.layers.last().is_none_or(|layer| layer.room == 0);
        if is_full {
            self.layers.push(Layer::of(FIRST << self.layers.len()));
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.add(hash);
        }
    }

    /// How many hashes were added; one that was added twice counts twice.
    pub(super) fn len(&self) -> usize {
        self.added
    }

    /// Whether the hash may have been added; false only if it was not.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.layers.iter().rev().any(|layer| layer.may_hold(hash))
    }
}

impl Layer {
    fn of(hashes: usize) -> Self {
        let blocks = hashes * BITS_A_HASH / Block::default().len() / 32;
        Self { blocks: vec![Block::default(); blocks], room: hashes }
    }

    fn add(&mut self, hash: u64) {
        let index = self.index(hash);
        for (word, bit) in self.blocks[index].iter_mut().zip(bits(hash)) {
            *word |= bit;
        }
        self.room -= 1;
    }

    fn may_hold(&self, hash: u64) -> bool {
        let block = &self.blocks[self.index(hash)];
        block.iter().zip(bits(hash)).all(|(word, bit)| word & bit != 0)
    }

    /// The number of blocks is a power of two.
    fn index(&self, hash: u64) -> usize {
        let upper = usize::try_from(hash >> 32).unwrap_or_default();
        upper & (self.blocks.len() - 1)
    }
}

fn bits(hash: u64) -> Block {
    let lower = u32::try_from(hash & u64::from(u32::MAX)).unwrap_or_default();
    SALTS.map(|salt| 1 << (lower.wrapping_mul(salt) >> 27))
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    fn hash(number: u64) -> u64 {
        xxh3_64(&number.to_le_bytes())
    }

    #[test]
    fn what_was_added_is_always_found_and_hardly_anything_else() {
        let mut filter = Filter::default();
        let added = 100_000;
        for number in 0..added {
            assert!(number > 0 || !filter.may_hold(hash(number)));
            filter.add(hash(number));
        }
        assert!((0..added).all(|number| filter.may_hold(hash(number))));
        let wrong = (added..2 * added).filter(|number| filter.may_hold(hash(*number))).count();
        assert!(wrong < 1_500, "{wrong} of {added}");
    }

    #[test]
    fn an_empty_filter_holds_nothing() {
        assert!(!Filter::default().may_hold(0));
    }
}
