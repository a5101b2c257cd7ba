//! Events as bytes and back: the envelope, Confluent framing, schemas by id, and whether a new schema can read the old.
//!
//! The hot path goes through `serde_avro_fast`; `apache-avro` is the referee, the compatibility check and the generic reader.
//! Never talks to a log or a registry (`SchemaSource` is the port to one), and never decides what an event means.

pub mod compatibility;
mod envelope;
mod error;
mod frame;
mod generic;
mod glance;
mod learnt;
#[cfg(test)]
mod properties;
mod schema_ids;
mod schemas;
mod stream_codec;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::CodecError;
pub use frame::schema_id;
pub use generic::GenericReader;
pub use glance::{Glance, GlanceReader, with_schema_id};
pub use schema_ids::{SchemaIds, SchemaSource, SourceError};
pub use schemas::{BundledSchema, bundled_schemas, schemas_of};
pub use stream_codec::StreamCodec;
