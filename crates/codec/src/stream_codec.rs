//! Encodes and decodes the events of one stream: the newest schema writes, and the id in the frame says which one reads.
//!
//! Made once and shared; holds no state that changes.

use std::io::BufRead;
use std::marker::PhantomData;

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::recorded::{Meta, Recorded};
use serde::{Deserialize, Serialize};
use serde_avro_fast::de::read::SliceRead;
use serde_avro_fast::de::{DeserializerConfig, DeserializerState};
use serde_avro_fast::ser::{SerializerConfig, SerializerState};

use crate::envelope::{Incoming, Outgoing};
use crate::schemas::{BundledSchema, schemas_of};
use crate::{CodecError, frame};

/// The codec of one stream.
#[derive(Debug)]
pub struct StreamCodec<E> {
    /// Oldest first.
    earlier: Vec<Version>,
    newest: Version,
    stream: &'static str,
    events: PhantomData<fn() -> E>,
}

#[derive(Debug)]
struct Version {
    number: i32,
    id: u32,
    schema: serde_avro_fast::Schema,
}

impl<E: DomainEvent> StreamCodec<E> {
    /// The codec of `stream` with the schemas that come with the program, and their ids.
    ///
    /// # Errors
    /// If the stream is not known, or one of its schemas does not parse.
    pub fn bundled(stream: &str) -> Result<Self, CodecError> {
        let bundled = schemas_of(stream);
        let unknown = || CodecError::UnknownStream(stream.to_owned());
        let (last, earlier) = bundled.split_last().ok_or_else(unknown)?;
        Ok(Self {
            earlier: earlier.iter().map(|schema| version(schema)).collect::<Result<_, _>>()?,
            newest: version(last)?,
            stream: last.stream,
            events: PhantomData,
        })
    }

    /// The same codec with the ids that a registry gave, as pairs of version and id; versions not named keep theirs.
    ///
    /// # Errors
    /// If a version is not one of the stream's.
    pub fn with_ids(
        mut self,
        ids: impl IntoIterator<Item = (i32, u32)>,
    ) -> Result<Self, CodecError> {
        for (number, id) in ids {
            let mut versions = self.earlier.iter_mut().chain([&mut self.newest]);
            let Some(version) = versions.find(|version| version.number == number) else {
                return Err(problem(self.stream, number, "there is no such version"));
            };
            version.id = id;
        }
        Ok(self)
    }

    /// The stream whose events these are.
    #[must_use]
    pub fn stream(&self) -> &'static str {
        self.stream
    }

    /// The version that writes; what belongs into [`Meta::schema_version`].
    #[must_use]
    pub fn schema_version(&self) -> i32 {
        self.newest.number
    }

    /// Appends the framed event to `out`, which is left as it was if that fails.
    ///
    /// # Errors
    /// If the event does not fit the schema, which the tests of every event type rule out.
    pub fn encode(
        &self,
        key: &str,
        meta: &Meta,
        event: &E,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let before = out.len();
        frame::open(self.newest.id, out);
        let mut config = SerializerConfig::new(&self.newest.schema);
        let mut state = SerializerState::from_writer(&mut *out, &mut config);
        let written = Outgoing::new(key, meta, event).serialize(state.serializer());
        written.map_err(|error| {
            out.truncate(before);
            CodecError::Unwritable(error.to_string())
        })
    }

    /// The event in a framed value that was read from `partition`.
    ///
    /// # Errors
    /// If the value is not one whole event of this stream.
    pub fn decode(&self, partition: u32, value: &[u8]) -> Result<Recorded<E>, CodecError> {
        let (id, datum) = frame::split(value)?;
        let version = self.version(id)?;
        let mut state = bounded(datum, &version.schema);
        let incoming = Incoming::<E>::deserialize(state.deserializer())
            .map_err(|error| CodecError::BadDatum(error.to_string()))?;
        match state.into_reader().fill_buf() {
            Ok([]) => incoming.into_recorded(partition),
            Ok(rest) => Err(CodecError::TrailingBytes(rest.len())),
            Err(error) => Err(CodecError::BadDatum(error.to_string())),
        }
    }

    fn version(&self, id: u32) -> Result<&Version, CodecError> {
        if self.newest.id == id {
            return Ok(&self.newest);
        }
        let known = self.earlier.iter().find(|version| version.id == id);
        known.ok_or(CodecError::UnknownSchemaId(id))
    }
}

/// A reader that believes no length beyond what is there: an element takes at least a byte, and so does a level of nesting.
pub(crate) fn bounded<'a, 's>(
    datum: &'a [u8],
    schema: &'s serde_avro_fast::Schema,
) -> DeserializerState<'s, SliceRead<'a>> {
    let mut config = DeserializerConfig::new(schema);
    config.max_seq_size = datum.len();
    DeserializerState::with_config(SliceRead::new(datum), config)
}

fn version(bundled: &BundledSchema) -> Result<Version, CodecError> {
    let BundledSchema { stream, version: number, id, json } = *bundled;
    let schema = fast_schema(json).map_err(|text| problem(stream, number, &text))?;
    Ok(Version { number, id, schema })
}

/// The schema for the hot path. It loses its namespace, which no byte depends on: serde knows the events by their plain names.
pub(crate) fn fast_schema(json: &str) -> Result<serde_avro_fast::Schema, String> {
    let mut tree: serde_json::Value =
        serde_json::from_str(json).map_err(|error| error.to_string())?;
    if let Some(envelope) = tree.as_object_mut() {
        envelope.remove("namespace");
    }
    tree.to_string()
        .parse()
        .map_err(|error: serde_avro_fast::schema::SchemaError| error.to_string())
}

fn problem(stream: &str, version: i32, problem: &str) -> CodecError {
    CodecError::Schema { stream: stream.to_owned(), version, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use chimera_domain::order;
    use chimera_domain::time::Timestamp;

    use super::*;

    const STREAM: &str = "ecommerce.order.order";

    fn meta() -> Meta {
        Meta {
            event_id: 0x0190_0000_0000_7000_8000_0000_0000_0001,
            occurred_at: Timestamp(1),
            recorded_at: Timestamp(2),
            producer: "chimera/0.1.0".into(),
            trace_id: None,
            correlation_id: "c".into(),
            causation_id: "c".into(),
            command_id: "c".into(),
            actor: None,
            schema_version: 1,
            aggregate_version: 1,
            sequence: 1,
            writer_term: 1,
        }
    }

    fn event() -> order::Event {
        order::Event::Confirmed {
            head: order::Head {
                customer_id: "guest:1".try_into().unwrap(),
                placed_at: Timestamp(0),
                status: order::Status::Pending,
                confirmed: true,
            },
        }
    }

    fn codec() -> StreamCodec<order::Event> {
        StreamCodec::bundled(STREAM).unwrap()
    }

    fn bytes() -> Vec<u8> {
        let mut out = vec![];
        codec().encode("O-1", &meta(), &event(), &mut out).unwrap();
        out
    }

    #[test]
    fn what_is_written_is_read() {
        let recorded = codec().decode(3, &bytes()).unwrap();
        let expected = Recorded { partition: 3, key: "O-1".into(), meta: meta(), event: event() };
        assert_eq!(recorded, expected);
    }

    #[test]
    fn ids_of_one_text_share_it() {
        let meta = codec().decode(0, &bytes()).unwrap().meta;
        assert!(std::sync::Arc::ptr_eq(&meta.command_id, &meta.correlation_id));
    }

    #[test]
    fn an_event_cut_short_anywhere_is_refused() {
        let bytes = bytes();
        for length in 0..bytes.len() {
            assert!(codec().decode(0, &bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_byte_too_many_is_refused() {
        let mut bytes = bytes();
        bytes.push(0);
        assert_eq!(codec().decode(0, &bytes), Err(CodecError::TrailingBytes(1)));
    }

    #[test]
    fn a_schema_that_is_not_known_is_named() {
        let mut bytes = bytes();
        bytes[4] = 0xff;
        assert_eq!(codec().decode(0, &bytes), Err(CodecError::UnknownSchemaId(0x0bff)));
    }

    #[test]
    fn another_codec_can_have_the_ids_of_a_registry() {
        let registered = codec().with_ids([(1, 77)]).unwrap();
        let mut out = vec![];
        registered.encode("O-1", &meta(), &event(), &mut out).unwrap();
        assert_eq!(out[..5], [0, 0, 0, 0, 77]);
        assert_eq!(registered.decode(0, &out).unwrap().event, event());
        assert_eq!(codec().decode(0, &out), Err(CodecError::UnknownSchemaId(77)));
        assert!(codec().with_ids([(9, 1)]).is_err());
    }

    #[test]
    fn a_stream_without_schema_has_no_codec() {
        let refused = StreamCodec::<order::Event>::bundled("nowhere").unwrap_err();
        assert_eq!(refused, CodecError::UnknownStream("nowhere".into()));
    }

    #[test]
    fn a_branch_that_is_not_in_the_union_is_refused() {
        let mut bytes = bytes();
        let branch = bytes.len() - b"\x02\x0eguest:1\x00\x00\x01".len();
        assert_eq!(bytes[branch], 2, "the second branch is Confirmed");
        bytes[branch] = 0x7e;
        let refused = codec().decode(0, &bytes).unwrap_err();
        assert!(refused.to_string().contains("union discriminant"), "{refused}");
    }

    #[test]
    fn an_envelope_that_names_another_type_is_refused() {
        let text = b"order.confirmed";
        let mut bytes = bytes();
        let at = bytes.windows(text.len()).position(|part| part == text).unwrap();
        bytes[at + 6] = b'k';
        assert!(matches!(codec().decode(0, &bytes), Err(CodecError::WrongEventType { .. })));
    }

    #[test]
    fn a_codec_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>(_: &T) {}
        shared(&codec());
    }
}
