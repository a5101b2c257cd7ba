//! The mutations of one apply, merged in memory: each value once, of each part the newest version. Nothing is sent here, and nothing
//! that can never work gets past.

use std::collections::HashMap;
use std::ptr;

use chimera_model::{KvMutation, KvSpec};
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

use crate::error::StoreError;

/// What the embedded store takes, so that no value fits into one of the two only.
const LONGEST_ID: usize = 60_000;

/// A value that is touched, and the newest mutation of each of its parts that is.
pub(super) struct Touched<'a> {
    pub(super) space: &'static KvSpec,
    pub(super) id: &'a str,
    pub(super) parts: Vec<&'a KvMutation>,
}

/// Every value that the mutations touch, in the order in which they first do.
///
/// # Errors
/// [`StoreError::Rejected`] names a mutation that does not fit.
pub(super) fn merge(mutations: &[KvMutation]) -> Result<Vec<Touched<'_>>, StoreError> {
    let mut places = HashMap::<(&str, &str), usize, Xxh3DefaultBuilder>::with_capacity_and_hasher(
        mutations.len(),
        Xxh3DefaultBuilder::new(),
    );
    let mut touched: Vec<Touched> = Vec::with_capacity(mutations.len());
    for mutation in mutations {
        check(mutation)?;
        let KvMutation { space, id, .. } = mutation;
        let place = *places.entry((space.space, id)).or_insert(touched.len());
        match touched.get_mut(place) {
            Some(value) => value.take(mutation),
            None => touched.push(Touched { space, id, parts: vec![mutation] }),
        }
    }
    Ok(touched)
}

/// The spaces that are touched; one may come several times.
pub(super) fn spaces(values: &[Touched<'_>]) -> impl Iterator<Item = &'static KvSpec> {
    let mut last: Option<&'static KvSpec> = None;
    values.iter().filter_map(move |value| {
        let other = last.is_none_or(|space| !ptr::eq(space, value.space));
        last = Some(value.space);
        other.then_some(value.space)
    })
}

impl<'a> Touched<'a> {
    /// Of the same version the first one counts.
    fn take(&mut self, mutation: &'a KvMutation) {
        match self.parts.iter_mut().find(|part| is_same(part.part, mutation.part)) {
            Some(part) if part.version < mutation.version => *part = mutation,
            Some(_) => {}
            None => self.parts.push(mutation),
        }
    }
}

/// Names of parts are nearly always the same piece of memory.
fn is_same(a: &str, b: &str) -> bool {
    ptr::eq(a, b) || a == b
}

fn check(mutation: &KvMutation) -> Result<(), StoreError> {
    let KvMutation { space, id, part, .. } = mutation;
    if id.is_empty() || id.len() > LONGEST_ID {
        let (space, length) = (space.space, id.len());
        return Err(StoreError::Rejected(format!(
            "an id of {space} takes {length} bytes; it must have 1 to {LONGEST_ID}"
        )));
    }
    if !space.parts.iter().any(|name| is_same(name, part)) {
        return Err(StoreError::Rejected(format!("{} has no part {part}", space.space)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    static SPACE: KvSpec = KvSpec { space: "product", parts: &["product", "stock"] };

    fn mutation(id: &str, part: &'static str, version: u64) -> KvMutation {
        let value = Some(format!("{part} {version}"));
        KvMutation { space: &SPACE, id: id.to_owned(), part, value, version }
    }

    #[test]
    fn each_value_comes_once_with_the_newest_of_each_part() {
        let mutations = [
            mutation("a", "product", 1),
            mutation("b", "product", 9),
            mutation("a", "product", 3),
            mutation("a", "stock", 7),
            mutation("a", "product", 2),
        ];
        let merged = merge(&mutations).unwrap();
        let of =
            |value: &Touched| value.parts.iter().map(|p| (p.part, p.version)).collect::<Vec<_>>();
        assert_eq!(merged.iter().map(|value| value.id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(of(&merged[0]), [("product", 3), ("stock", 7)]);
        assert_eq!(of(&merged[1]), [("product", 9)]);
    }

    #[test]
    fn of_the_same_version_the_first_counts() {
        let other = KvMutation { value: None, ..mutation("a", "product", 1) };
        let mutations = [mutation("a", "product", 1), other];
        assert!(merge(&mutations).unwrap()[0].parts[0].value.is_some());
    }
}
