//! What a read model stores: tables of rows, spaces of key-values. Stores derive keys, DDL and layouts from these specs.

/// A table of rows. Rows of one partition key lie together, in the order of the clustering columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSpec {
    /// Unique over all read models; a Cassandra table name.
    pub name: &'static str,
    /// Which rows lie together; at least one column.
    pub partition_key: &'static [Column],
    /// How they are ordered; with the partition key, what makes a row unique.
    pub clustering: &'static [Column],
    /// Everything else.
    pub columns: &'static [Column],
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// In `snake_case`, as in Cassandra.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// For a clustering column: which way it is ordered.
    pub order: Order,
}

impl Column {
    /// A column in ascending order.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, order: Order::Ascending }
    }

    /// A clustering column whose greatest value comes first.
    #[must_use]
    pub const fn descending(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, order: Order::Descending }
    }
}

/// Which way a clustering column is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// An exact amount of at most four places.
    Decimal,
    /// Microseconds since the Unix epoch.
    Timestamp,
    /// Text.
    Text,
    /// JSON as text, with keys in a fixed order so that equal content has equal bytes.
    Json,
}

/// A space of key-values: `<space>:<id>`, each made of parts that different streams write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvSpec {
    /// The prefix of its keys in Redis, such as `product`.
    pub space: &'static str,
    /// The parts a value may have, each guarded by a version of its own.
    pub parts: &'static [&'static str],
}
