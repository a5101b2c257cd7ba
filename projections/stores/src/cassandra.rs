//! Rows in Cassandra: one keyspace for one shop, a table for each table of each generation.
//!
//! Versions are Cassandra's own timestamps, so stale writes lose inside the database and nothing is read before it is written.
//! Never asks for more than the tables it made itself, and never changes or drops what it does not know.

mod batches;
mod catalogue;
mod cursor;
mod ddl;
mod errors;
mod link;
mod plan;
mod rows;
mod shape;
mod values;
mod view;

pub use rows::CassandraRows;

/// Where Cassandra is and how to enter it.
#[derive(Clone)]
pub struct CassandraOptions {
    /// `host:port` of some nodes; the others are found through them.
    pub nodes: Vec<String>,
    /// Made if it is missing. At most 48 lower-case letters, digits and underscores, the first one a letter.
    pub keyspace: String,
    /// How many nodes of each data centre hold a row, for a keyspace that is made; one that is there is left as it is.
    pub replication: u16,
    /// With password authentication.
    pub username: Option<String>,
    /// With password authentication.
    pub password: Option<String>,
}
