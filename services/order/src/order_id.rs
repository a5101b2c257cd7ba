//! Order ids: derived from whose request it is and its idempotency key, so that a repeat meets the same order.

use chimera_domain::ids::OrderId;
use xxhash_rust::xxh3::xxh3_128;

const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// `o-` and 26 characters: 128 bits of a hash, five at a time.
pub(crate) fn derived_from(seed: &str) -> Option<OrderId> {
    let mut hash = xxh3_128(seed.as_bytes());
    let mut text = String::from("o-");
    for _ in 0..26 {
        let place = usize::try_from(hash & 31).unwrap_or_default();
        text.push(char::from(ALPHABET[place]));
        hash >>= 5;
    }
    OrderId::try_from(text.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_id_and_another_one_another() {
        let id = derived_from("alice\nPOST /orders\nk").unwrap();
        assert_eq!(derived_from("alice\nPOST /orders\nk"), Some(id.clone()));
        assert_ne!(derived_from("bob\nPOST /orders\nk"), Some(id.clone()));
        assert_eq!(id.to_string().len(), 28);
    }
}
