//! Encodes and decodes the events of one stream: the newest schema writes, and the id in the frame says which one reads.
//!
//! Made once and shared; all that changes in it are the schemas of newer releases that it learns on the way.

use std::fmt;
use std::io::BufRead;
use std::marker::PhantomData;

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::recorded::{Meta, Recorded};
use serde::{Deserialize, Serialize};
use serde_avro_fast::de::read::SliceRead;
use serde_avro_fast::de::{DeserializerConfig, DeserializerState};
use serde_avro_fast::ser::{SerializerConfig, SerializerState};

use crate::envelope::{Incoming, Outgoing};
use crate::learnt::Learnt;
use crate::schema_ids::SchemaIds;
use crate::schemas::{BundledSchema, schemas_of};
use crate::{CodecError, frame};

/// The codec of one stream.
pub struct StreamCodec<E> {
    /// Oldest first.
    earlier: Vec<Version>,
    newest: Version,
    learnt: Learnt,
    stream: &'static str,
    events: PhantomData<fn() -> E>,
}

struct Version {
    number: i32,
    id: u32,
    schema: serde_avro_fast::Schema,
}

impl<E: DomainEvent> StreamCodec<E> {
    /// The codec of `stream`, whose schemas are known under `ids`.
    ///
    /// # Errors
    /// If the stream is not known, one of its schemas does not parse, or has no id.
    pub fn new(stream: &str, ids: &SchemaIds) -> Result<Self, CodecError> {
        let bundled = schemas_of(stream);
        let unknown = || CodecError::UnknownStream(stream.to_owned());
        let (last, earlier) = bundled.split_last().ok_or_else(unknown)?;
        Ok(Self {
            earlier: earlier.iter().map(|schema| version(schema, ids)).collect::<Result<_, _>>()?,
            newest: version(last, ids)?,
            learnt: Learnt::new(last.stream, ids),
            stream: last.stream,
            events: PhantomData,
        })
    }

    /// The codec of `stream` with the ids that come with the program.
    ///
    /// # Errors
    /// As [`StreamCodec::new`].
    pub fn bundled(stream: &str) -> Result<Self, CodecError> {
        Self::new(stream, &SchemaIds::default())
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
    /// One that a newer release wrote is read if its schema only adds to what is known here, and if it is of a known type. Such
    /// a schema is asked for when its first event is met, which may block the thread for a bounded time.
    ///
    /// # Errors
    /// If the value is not one whole event of this stream that this release understands.
    pub fn decode(&self, partition: u32, value: &[u8]) -> Result<Recorded<E>, CodecError> {
        let (id, datum) = frame::split(value)?;
        if let Some(version) = self.own(id) {
            return read(partition, &version.schema, datum);
        }
        let schema = self.learnt.get(id)?;
        read(partition, &schema, datum).map_err(|error| match error {
            CodecError::BadDatum(problem) => CodecError::TooNew { id, problem },
            other => other,
        })
    }

    fn own(&self, id: u32) -> Option<&Version> {
        if self.newest.id == id {
            return Some(&self.newest);
        }
        self.earlier.iter().find(|version| version.id == id)
    }
}

impl<E> fmt::Debug for StreamCodec<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<u32> = self.earlier.iter().chain([&self.newest]).map(|own| own.id).collect();
        f.debug_struct("StreamCodec")
            .field("stream", &self.stream)
            .field("ids", &ids)
            .finish_non_exhaustive()
    }
}

/// The one event in a datum that was written with `schema`.
fn read<E: DomainEvent>(
    partition: u32,
    schema: &serde_avro_fast::Schema,
    datum: &[u8],
) -> Result<Recorded<E>, CodecError> {
    let mut state = bounded(datum, schema);
    let incoming = Incoming::<E>::deserialize(state.deserializer())
        .map_err(|error| CodecError::BadDatum(error.to_string()))?;
    match state.into_reader().fill_buf() {
        Ok([]) => incoming.into_recorded(partition),
        Ok(rest) => Err(CodecError::TrailingBytes(rest.len())),
        Err(error) => Err(CodecError::BadDatum(error.to_string())),
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

fn version(bundled: &BundledSchema, ids: &SchemaIds) -> Result<Version, CodecError> {
    let BundledSchema { stream, version: number, json, .. } = *bundled;
    let unusable =
        |problem| CodecError::Schema { stream: stream.to_owned(), version: number, problem };
    let schema = fast_schema(json).map_err(unusable)?;
    Ok(Version { number, id: ids.of(bundled)?, schema })
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
    fn what_an_earlier_schema_had_narrower_or_not_at_all_is_read() {
        use apache_avro::types::Value;
        let mut earlier: serde_json::Value =
            serde_json::from_str(schemas_of(STREAM)[0].json).unwrap();
        let fields = earlier["fields"].as_array_mut().unwrap();
        fields.retain(|field| field["name"] != "traceId");
        let version = fields.iter_mut().find(|field| field["name"] == "aggregateVersion");
        version.unwrap()["type"] = "int".into();
        let parse = |json: &str| apache_avro::Schema::parse_str(json).unwrap();
        let (own, narrow) = (parse(schemas_of(STREAM)[0].json), parse(&earlier.to_string()));
        let reader = apache_avro::reader::datum::GenericDatumReader::builder(&own).build();
        let event = reader.unwrap().read_value(&mut &bytes()[5..]).unwrap();
        let Value::Record(mut members) = event else { panic!() };
        members.retain(|(name, _)| name != "traceId");
        let version = members.iter_mut().find(|(name, _)| name == "aggregateVersion");
        version.unwrap().1 = Value::Int(1);
        let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&narrow).build();
        let datum = writer.unwrap().write_value_to_vec(Value::Record(members)).unwrap();
        let schema = fast_schema(&earlier.to_string()).unwrap();
        let recorded = read::<order::Event>(0, &schema, &datum).unwrap();
        assert_eq!((recorded.meta, recorded.event), (meta(), self::event()));
    }

    #[test]
    fn a_codec_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>(_: &T) {}
        shared(&codec());
    }
}
