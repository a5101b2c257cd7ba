//! What whoever keeps events has to know of one without understanding it: its id, what caused it, when it was recorded.
//!
//! Reads past everything else, so events of any type and of any release will do. Never decides what an event means.

use std::collections::HashMap;

use chimera_domain::time::Timestamp;
use serde::Deserialize;

use crate::stream_codec::{bounded, fast_schema};
use crate::{CodecError, frame};

/// A look at the envelope of an event; texts still lie in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Glance<'a> {
    /// Its id, as the envelope spells it.
    pub event_id: &'a str,
    /// When the log took it, by the clock of its writer.
    pub recorded_at: Timestamp,
    /// The id of the event, or of the request, that it follows from.
    pub causation_id: &'a str,
}

/// Looks at events, by the schemas it has been given.
#[derive(Default)]
pub struct GlanceReader {
    schemas: HashMap<u32, serde_avro_fast::Schema>,
}

impl GlanceReader {
    /// Learns the schema under `id`, Avro JSON.
    ///
    /// # Errors
    /// If it does not parse.
    pub fn learn(&mut self, id: u32, json: &str) -> Result<(), CodecError> {
        let schema = fast_schema(json).map_err(CodecError::BadDatum)?;
        self.schemas.insert(id, schema);
        Ok(())
    }

    /// Looks at a framed event.
    ///
    /// # Errors
    /// [`CodecError::UnknownSchemaId`] where a schema has to be learnt first; others if the value is no event.
    pub fn look<'a>(&self, value: &'a [u8]) -> Result<Glance<'a>, CodecError> {
        let (id, datum) = frame::split(value)?;
        let schema = self.schemas.get(&id).ok_or(CodecError::UnknownSchemaId(id))?;
        let mut state = bounded(datum, schema);
        Glance::deserialize(state.deserializer())
            .map_err(|error| CodecError::BadDatum(error.to_string()))
    }
}

/// The same framed event under another schema id; what has no frame stays as it is.
#[must_use]
pub fn with_schema_id(mut value: Vec<u8>, id: u32) -> Vec<u8> {
    if frame::split(&value).is_ok()
        && let Some(place) = value.get_mut(1..5)
    {
        place.copy_from_slice(&id.to_be_bytes());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sample;
    use crate::{StreamCodec, schema_id, schemas_of};

    const STREAM: &str = "ecommerce.order.order";

    fn event() -> Vec<u8> {
        let codec = StreamCodec::bundled(STREAM).unwrap();
        let mut bytes = vec![];
        codec.encode("536365", &sample::meta(), &sample::order()[0], &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_glance_tells_what_the_envelope_says() {
        let (event, meta) = (event(), sample::meta());
        let mut reader = GlanceReader::default();
        let id = schema_id(&event).unwrap();
        assert_eq!(reader.look(&event), Err(CodecError::UnknownSchemaId(id)));
        reader.learn(id, schemas_of(STREAM)[0].json).unwrap();
        let glance = reader.look(&event).unwrap();
        assert_eq!(glance.event_id, "0198f3c2-7a10-7b3e-9c41-5d2e8f60a1b2");
        assert_eq!(
            (glance.recorded_at, glance.causation_id),
            (meta.recorded_at, &*meta.causation_id)
        );
        assert!(reader.look(&event[..20]).is_err());
    }

    #[test]
    fn an_event_under_another_id_differs_in_nothing_else() {
        let event = event();
        let moved = with_schema_id(event.clone(), 77);
        assert_eq!((schema_id(&moved), &moved[5..]), (Ok(77), &event[5..]));
        assert_eq!(with_schema_id(b"{}".to_vec(), 77), b"{}");
    }
}
