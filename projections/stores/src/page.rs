//! Reading in bounded pages: where a page ended, and what a scan over everything finds.

/// Where a page ended, so that the next one can start there. Opaque: only the store that made it understands it, and it stays
/// valid across generations of the same store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// A cursor from what [`Cursor::as_bytes`] gave, even by way of a client: a store checks it.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A bounded part of what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What this page holds, in order.
    pub items: Vec<T>,
    /// Where the next page starts; none after the last one.
    pub next: Option<Cursor>,
}

/// What a scan finds under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned<K, T> {
    /// What was written.
    Sound(T),
    /// Something else than what was written.
    Damaged {
        /// Under which key, where that is known.
        key: Option<K>,
        /// What was expected and what was found.
        reason: String,
    },
}
