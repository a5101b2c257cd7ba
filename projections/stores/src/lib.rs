//! The read stores as the rest of Chimera sees them: rows, key-values and documents; and, by the control log, which generation of a
//! read model is live.
//!
//! Owns the ports, their adapters, embedded and real, and the comparison of two generations by content. Knows nothing of events or of
//! what a row means; everything in here can be rebuilt from the log.

mod cassandra;
pub mod checksum;
#[cfg(feature = "testing")]
pub mod contract;
mod embedded;
mod error;
mod fitting;
mod generations;
mod key;
mod kv;
mod layout;
mod opensearch;
mod page;
mod redis_kv;
mod rows;
pub mod search;
mod text;
mod view;

pub use cassandra::{CassandraOptions, CassandraRows};
pub use embedded::{EmbeddedKv, EmbeddedRows, EmbeddedSearch, EmbeddedStores, Options};
pub use error::{OpenError, StoreError};
pub use generations::{Built, FIRST, Generations, Live, Verified};
pub use kv::{KvReader, KvStore, KvValue, KvWriter};
pub use opensearch::{OpenSearch, OpenSearchOptions};
pub use page::{Cursor, Page, Scanned};
pub use redis_kv::{RedisKv, RedisOptions};
pub use rows::{Listing, RowReader, RowStore, RowWriter};
pub use text::{key_text, value_text};
pub use view::{Checkpoint, View};
