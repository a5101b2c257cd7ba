//! Under which ids the schemas of this program are known, and who is asked about an id that is not one of them.
//!
//! Made once when a process starts, handed to every codec. Never talks to a registry itself.

use std::fmt;
use std::sync::Arc;

use crate::CodecError;
use crate::schemas::BundledSchema;

/// Knows schemas by their ids, as a registry does.
///
/// Asked once for each id that a codec does not know, and may block the thread meanwhile; a bounded time, which is its own matter.
pub trait SchemaSource: Send + Sync {
    /// The schema under `id`, Avro JSON.
    ///
    /// # Errors
    /// See [`SourceError`].
    fn schema(&self, id: u32) -> Result<Arc<str>, SourceError>;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is no such schema.
    #[error("there is no such schema")]
    Unknown,
    /// Nobody could be asked; later it may be different.
    #[error("{0}")]
    Unavailable(String),
}

/// The ids of the schemas: those that come with the program, or those that a registry gave. Cheap to clone.
#[derive(Clone, Default)]
pub struct SchemaIds(Option<Arc<Registered>>);

struct Registered {
    ids: Vec<(BundledSchema, u32)>,
    source: Arc<dyn SchemaSource>,
}

impl SchemaIds {
    /// The ids that a registry gave to the schemas of this program, and the way to ask it about others.
    #[must_use]
    pub fn registered(ids: Vec<(BundledSchema, u32)>, source: Arc<dyn SchemaSource>) -> Self {
        Self(Some(Arc::new(Registered { ids, source })))
    }

    /// The id in the frames of what is written with `schema`.
    ///
    /// # Errors
    /// If a registry gave ids, and none to this schema.
    pub fn of(&self, schema: &BundledSchema) -> Result<u32, CodecError> {
        let Some(registered) = &self.0 else { return Ok(schema.id) };
        let id = registered.ids.iter().find(|(known, _)| known == schema).map(|(_, id)| *id);
        id.ok_or_else(|| CodecError::Schema {
            stream: schema.stream.to_owned(),
            version: schema.version,
            problem: "the registry has given it no id".to_owned(),
        })
    }

    /// Who knows other ids; nobody where there is no registry.
    pub(crate) fn source(&self) -> Option<Arc<dyn SchemaSource>> {
        self.0.as_ref().map(|registered| Arc::clone(&registered.source))
    }
}

impl fmt::Debug for SchemaIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(registered) = &self.0 else { return f.write_str("bundled") };
        let ids = registered.ids.iter();
        f.debug_map()
            .entries(ids.map(|(schema, id)| ((schema.stream, schema.version), id)))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemas::bundled_schemas;

    struct Nobody;

    impl SchemaSource for Nobody {
        fn schema(&self, _: u32) -> Result<Arc<str>, SourceError> {
            Err(SourceError::Unknown)
        }
    }

    #[test]
    fn without_a_registry_the_ids_are_those_of_the_program() {
        for schema in bundled_schemas() {
            assert_eq!(SchemaIds::default().of(schema), Ok(schema.id));
        }
    }

    #[test]
    fn a_schema_that_the_registry_gave_no_id_is_named() {
        let [first, second, ..] = bundled_schemas() else { unreachable!() };
        let ids = SchemaIds::registered(vec![(*first, 7)], Arc::new(Nobody));
        assert_eq!(ids.of(first), Ok(7));
        let refused = ids.of(second).unwrap_err().to_string();
        assert!(refused.contains(second.stream) && refused.contains("no id"), "{refused}");
    }
}
