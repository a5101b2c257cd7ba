//! Schemas that are not this program's own, learnt from whoever knows them when the first event of each is met.
//!
//! Takes only what adds to a schema of this program: then what is new may be ignored, and nothing that is known has another
//! meaning. Never guesses.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::compatibility;
use crate::schema_ids::{SchemaSource, SourceError};
use crate::schemas::schemas_of;
use crate::stream_codec::fast_schema;
use crate::{CodecError, schema_ids::SchemaIds};

/// The learnt schemas of one stream.
pub(crate) struct Learnt {
    stream: &'static str,
    source: Option<Arc<dyn SchemaSource>>,
    schemas: RwLock<HashMap<u32, Arc<serde_avro_fast::Schema>>>,
}

impl Learnt {
    pub(crate) fn new(stream: &'static str, ids: &SchemaIds) -> Self {
        Self { stream, source: ids.source(), schemas: RwLock::default() }
    }

    /// The schema under `id`; asks for it once.
    pub(crate) fn get(&self, id: u32) -> Result<Arc<serde_avro_fast::Schema>, CodecError> {
        let known = self.schemas.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let source = self.source.as_ref().ok_or(CodecError::UnknownSchemaId(id))?;
        let json = source.schema(id).map_err(|error| match error {
            SourceError::Unknown => CodecError::UnknownSchemaId(id),
            SourceError::Unavailable(reason) => CodecError::SchemaUnavailable { id, reason },
        })?;
        let schema = self.understood(&json);
        let schema = schema.map_err(|problem| CodecError::UnreadableSchema {
            id,
            stream: self.stream.to_owned(),
            problem,
        })?;
        let schema = Arc::new(schema);
        self.schemas.write().unwrap_or_else(PoisonError::into_inner).insert(id, schema.clone());
        Ok(schema)
    }

    /// The schema, if it adds to one of this program's; the newest is the one that words are about.
    fn understood(&self, json: &str) -> Result<serde_avro_fast::Schema, String> {
        let mut refused = None;
        for own in schemas_of(self.stream).iter().rev() {
            match compatibility::check(own.json, json) {
                Ok(()) => return fast_schema(json),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        Err(refused.map_or_else(String::new, |why| why.to_string()))
    }
}
