//! Event ids: UUID version 7, stamped with the millisecond, random within it. Order is the matter of `sequence`, not of ids.

use chimera_domain::time::Timestamp;

/// Makes the event ids of one shard.
#[derive(Debug)]
pub(crate) struct EventIds {
    state: u64,
}

impl EventIds {
    /// Seeded by the operating system.
    pub(crate) fn new() -> Self {
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        Self { state: high ^ low.rotate_left(32) }
    }

    /// The next id, stamped with the milliseconds of `now`.
    pub(crate) fn next(&mut self, now: Timestamp) -> u128 {
        let millis = u128::from((now.0 / 1000).unsigned_abs()) & 0xffff_ffff_ffff;
        let random = (u128::from(self.random()) << 64) | u128::from(self.random());
        let version_and_variant = (0x7_u128 << 76) | (0b10_u128 << 62);
        let free_bits = (0xfff_u128 << 64) | ((1_u128 << 62) - 1);
        (millis << 80) | version_and_variant | (random & free_bits)
    }

    /// `SplitMix64`.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_7_and_carry_the_time() {
        let id = uuid::Uuid::from_u128(EventIds::new().next(Timestamp(1_700_000_000_123_456)));
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(id.as_u128() >> 80, 1_700_000_000_123);
    }

    #[test]
    fn no_two_ids_are_alike() {
        let mut ids = EventIds::new();
        let made: std::collections::HashSet<u128> =
            (0..10_000).map(|_| ids.next(Timestamp(0))).collect();
        assert_eq!(made.len(), 10_000);
    }
}
