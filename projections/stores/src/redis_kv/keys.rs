//! How everything is named in Redis; here, and nowhere else.
//!
//! With the prefix `chimera:` an operator finds
//!
//! ```text
//! chimera:product:{B-17}:g2        hash   one value of generation 2: a field for each part, `<version> <content>`,
//!                                         or `<version>` alone where the part was deleted
//! chimera:views:{product_cache}    hash   what is known of a read model:
//!     g2                                  the layout of generation 2; missing while it is being removed
//!     g2:spaces                           the same; goes last, when no value of it is left
//!     g2:ecommerce.product.product:0      the last sequence applied of partition 0
//! ```
//!
//! What stands in braces decides the slot on a Redis Cluster, and no command or script of ours touches two keys.

use crate::error::StoreError;

/// Names under one prefix.
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    /// Names that begin with `prefix`.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if it has a brace, which would move every key into one slot of a cluster.
    pub(super) fn new(prefix: &str) -> Result<Self, StoreError> {
        if prefix.contains(['{', '}']) {
            return Err(StoreError::Fatal(format!(
                "the prefix of keys in Redis, {prefix:?}, has a brace; choose one without"
            )));
        }
        Ok(Self { prefix: prefix.to_owned() })
    }

    /// The key of what is known of a read model.
    pub(super) fn views(&self, model: &str) -> String {
        format!("{}views:{{{model}}}", self.prefix)
    }

    /// The keys of one space in one generation.
    pub(super) fn values(&self, space: &str, generation: u32) -> ValueKeys {
        ValueKeys {
            before: format!("{}{space}:{{", self.prefix),
            behind: format!("}}:g{generation}"),
        }
    }
}

/// The keys of one space in one generation: what stands before and behind the id.
pub(super) struct ValueKeys {
    before: String,
    behind: String,
}

impl ValueKeys {
    /// The key of this id.
    pub(super) fn of(&self, id: &[u8]) -> Vec<u8> {
        [self.before.as_bytes(), id, self.behind.as_bytes()].concat()
    }

    /// Bytes of a key beside the id.
    pub(super) fn overhead(&self) -> usize {
        self.before.len() + self.behind.len()
    }

    /// Which id this is the key of.
    pub(super) fn id<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        let behind = key.strip_prefix(self.before.as_bytes())?;
        behind.strip_suffix(self.behind.as_bytes())
    }

    /// What all of them match, as SCAN understands it.
    pub(super) fn pattern(&self) -> String {
        format!("{}*{}", escaped(&self.before), escaped(&self.behind))
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Where the layout of a generation stands as long as it can be read and written.
pub(super) fn layout_field(generation: u32) -> String {
    format!("g{generation}")
}

/// Where it is told which spaces a generation has values in, up to the end of its removal.
pub(super) fn spaces_field(generation: u32) -> String {
    format!("g{generation}:spaces")
}

/// Where the checkpoint of a partition stands.
pub(super) fn checkpoint_field(generation: u32, stream: &str, partition: u32) -> String {
    format!("g{generation}:{stream}:{partition}")
}

/// The generation, if this is the field of its spaces.
pub(super) fn generation_of(field: &str) -> Option<u32> {
    field.strip_prefix('g')?.strip_suffix(":spaces")?.parse().ok()
}

/// Stream and partition, if this is the field of a checkpoint of the generation.
pub(super) fn partition_of(field: &str, generation: u32) -> Option<(&str, u32)> {
    let named = field.strip_prefix(&format!("g{generation}:"))?;
    let (stream, partition) = named.rsplit_once(':')?;
    Some((stream, partition.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_from_its_key_whatever_it_holds() {
        let keys = Keys::new("chimera:").unwrap();
        let first = keys.values("product", 1);
        assert_eq!(first.of(b"B-17"), b"chimera:product:{B-17}:g1");
        for id in ["B-17", "x}:g1", "}", "{", "", "a:b", "ü*"] {
            let key = first.of(id.as_bytes());
            assert_eq!(first.id(&key), Some(id.as_bytes()));
            assert_eq!(keys.values("product", 11).id(&key), None);
            assert_eq!(keys.values("products", 1).id(&key), None);
        }
    }

    #[test]
    fn a_pattern_means_what_it_says_literally() {
        let keys = Keys::new("a*[b]").unwrap();
        assert_eq!(keys.values("p", 1).pattern(), r"a\*\[b\]p:{*}:g1");
    }

    #[test]
    fn a_prefix_with_a_brace_is_refused() {
        assert!(matches!(Keys::new("{a}"), Err(StoreError::Fatal(_))));
    }

    #[test]
    fn fields_say_what_they_are() {
        assert_eq!(checkpoint_field(2, "ecommerce.order.order", 3), "g2:ecommerce.order.order:3");
        assert_eq!(
            partition_of("g2:ecommerce.order.order:3", 2),
            Some(("ecommerce.order.order", 3))
        );
        for other in ["g2", "g2:spaces", "g20:ecommerce.order.order:3", "g2:ecommerce:x"] {
            assert_eq!(partition_of(other, 2), None);
        }
        assert_eq!(generation_of(&spaces_field(7)), Some(7));
        assert_eq!(generation_of(&layout_field(7)), None);
    }
}
