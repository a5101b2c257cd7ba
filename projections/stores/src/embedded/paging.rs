//! Bounded pages from a keyspace, and a scan that goes on after a damaged entry.

use std::ops::Bound;

use fjall::{Keyspace, Slice};

use crate::page::{Cursor, Page, Scanned};

/// Collects one page and notices whether anything follows it.
pub(super) struct Pager<T> {
    limit: usize,
    items: Vec<T>,
    last: Option<Slice>,
    more: bool,
}

impl<T> Pager<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), items: Vec::new(), last: None, more: false }
    }

    /// Takes an item if there is room; says whether it did.
    pub(super) fn push(&mut self, item: T, key: Slice) -> bool {
        if self.items.len() == self.limit {
            self.more = true;
            return false;
        }
        self.items.push(item);
        self.last = Some(key);
        true
    }

    pub(super) fn page(self) -> Page<T> {
        let last = self.last.filter(|_| self.more);
        Page { items: self.items, next: last.map(|key| Cursor::from_bytes(key.to_vec())) }
    }
}

/// One page of everything. `decode` gives nothing for an entry that readers don't see.
pub(super) fn scan<K, T>(
    keyspace: &Keyspace,
    after: Option<&Cursor>,
    limit: usize,
    decode: impl Fn(&[u8], &[u8]) -> Option<Scanned<K, T>>,
) -> Page<Scanned<K, T>> {
    let start = after.map_or(Bound::Unbounded, |cursor| Bound::Excluded(cursor.as_bytes()));
    let mut pager = Pager::new(limit);
    for entry in keyspace.range::<&[u8], _>((start, Bound::Unbounded)) {
        let (key, sealed) = match entry.into_inner() {
            Ok(found) => found,
            Err(error) => return cut_short(pager, &error),
        };
        if let Some(item) = decode(&key, &sealed)
            && !pager.push(item, key)
        {
            break;
        }
    }
    pager.page()
}

/// A damaged block hides its keys, and fjall cannot be told to go on behind it.
fn cut_short<K, T>(mut pager: Pager<Scanned<K, T>>, error: &fjall::Error) -> Page<Scanned<K, T>> {
    let reason = format!("a block cannot be read, nor what follows it: {error}");
    pager.items.push(Scanned::Damaged { key: None, reason });
    Page { items: pager.items, next: None }
}
