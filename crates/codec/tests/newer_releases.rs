//! Events of releases that are newer than this one: read where their schema only adds, refused in words where it does more.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use chimera_codec::testing::sample;
use chimera_codec::{
    BundledSchema, CodecError, SchemaIds, SchemaSource, SourceError, StreamCodec, bundled_schemas,
    schemas_of,
};
use chimera_domain::stock::Event;
use serde_json::{Value as Json, json};

const STREAM: &str = "ecommerce.inventory.stock";
const NEWER: u32 = 4711;

/// A registry that holds what the test has put there.
#[derive(Default)]
struct Shelf {
    schemas: Mutex<HashMap<u32, Arc<str>>>,
    asked: AtomicUsize,
    gone: bool,
}

impl SchemaSource for Shelf {
    fn schema(&self, id: u32) -> Result<Arc<str>, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.gone {
            return Err(SourceError::Unavailable("the registry does not answer".to_owned()));
        }
        self.schemas.lock().unwrap().get(&id).cloned().ok_or(SourceError::Unknown)
    }
}

fn own() -> &'static BundledSchema {
    schemas_of(STREAM)[0]
}

/// A codec with ids of a registry, which holds `json` under the id [`NEWER`].
fn codec(json: &Json) -> (StreamCodec<Event>, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    shelf.schemas.lock().unwrap().insert(NEWER, json.to_string().into());
    (over(shelf.clone()), shelf)
}

fn over(shelf: Arc<Shelf>) -> StreamCodec<Event> {
    let ids = bundled_schemas().iter().zip(70..).map(|(schema, id)| (*schema, id)).collect();
    StreamCodec::new(STREAM, &SchemaIds::registered(ids, shelf)).unwrap()
}

/// The schema of this release with a change.
fn after(change: impl FnOnce(&mut Json)) -> Json {
    let mut tree = serde_json::from_str(own().json).unwrap();
    change(&mut tree);
    tree
}

fn fields(record: &mut Json) -> &mut Vec<Json> {
    record["fields"].as_array_mut().unwrap()
}

fn field<'a>(record: &'a mut Json, name: &str) -> &'a mut Json {
    fields(record).iter_mut().find(|field| field["name"] == name).unwrap()
}

fn branches(envelope: &mut Json) -> &mut Vec<Json> {
    field(envelope, "payload")["type"].as_array_mut().unwrap()
}

/// The payload's first record: `Adjusted`.
fn adjusted(envelope: &mut Json) -> &mut Json {
    let first = &mut branches(envelope)[0];
    assert_eq!(first["name"], "Adjusted");
    first
}

/// What `event` would be if a newer release had written it: every new field has its default.
fn as_newer(event: &Event, newer: &Json) -> Vec<u8> {
    written(in_words_of(event, newer), newer)
}

fn in_words_of(event: &Event, newer: &Json) -> Value {
    let mut framed = vec![];
    let codec = StreamCodec::<Event>::bundled(STREAM).unwrap();
    codec.encode("MUG", &sample::meta(), event, &mut framed).unwrap();
    let (own, newer) = (Schema::parse_str(own().json).unwrap(), schema(newer));
    let reader = GenericDatumReader::builder(&own).build().unwrap();
    let mut value = reader.read_value(&mut &framed[5..]).unwrap();
    // apache-avro would take the first branch of a like shape; an event keeps its name.
    let Value::Union(branch, payload) = member(&mut value, "payload").clone() else { panic!() };
    let name = payload_of(&own)[branch as usize].name().unwrap().name().to_owned();
    let (branch, its) =
        (0..).zip(payload_of(&newer)).find(|(_, its)| its.name().unwrap().name() == name).unwrap();
    let payload = payload.resolve_schemata(its, vec![&newer]).unwrap();
    let mut value = value.resolve(&newer).unwrap();
    *member(&mut value, "payload") = Value::Union(branch, Box::new(payload));
    value
}

fn payload_of(envelope: &Schema) -> &[Schema] {
    let Schema::Record(envelope) = envelope else { panic!() };
    let payload = envelope.fields.iter().find(|field| field.name == "payload").unwrap();
    let Schema::Union(payload) = &payload.schema else { panic!() };
    payload.variants()
}

fn written(value: Value, newer: &Json) -> Vec<u8> {
    let schema = schema(newer);
    let mut framed = [&[0][..], &NEWER.to_be_bytes()].concat();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    writer.write_value(&mut framed, value).unwrap();
    framed
}

fn schema(json: &Json) -> Schema {
    Schema::parse_str(&json.to_string()).unwrap()
}

fn refusal(newer: &Json) -> CodecError {
    let bytes = as_newer(&sample::stock()[0], newer);
    codec(newer).0.decode(0, &bytes).unwrap_err()
}

#[test]
fn the_ids_of_a_registry_are_written_and_read() {
    let (codec, shelf) = codec(&json!("string"));
    let mut bytes = vec![];
    codec.encode("MUG", &sample::meta(), &sample::stock()[0], &mut bytes).unwrap();
    assert_eq!(bytes[..5], [0, 0, 0, 0, 71]);
    assert_eq!(codec.decode(0, &bytes).unwrap().event, sample::stock()[0]);
    assert_eq!(shelf.asked.load(Ordering::SeqCst), 0, "its own schemas are never asked for");
}

#[test]
fn fields_that_were_added_are_ignored() {
    let newer = after(|it| {
        let added = json!({"name": "warehouse", "type": ["null", "string"], "default": null});
        fields(adjusted(it)).insert(0, added);
        let nested = json!({"name": "origin", "type": {"type": "record", "name": "Origin", "fields": [
            {"name": "site", "type": "string"}, {"name": "lots", "type": {"type": "array", "items": "long"}}
        ]}, "default": {"site": "main", "lots": [1, 2, 3]}});
        fields(it).insert(3, nested);
    });
    let (codec, _) = codec(&newer);
    for event in sample::stock() {
        let recorded = codec.decode(5, &as_newer(&event, &newer)).unwrap();
        assert_eq!((recorded.event, recorded.meta), (event, sample::meta()));
    }
}

#[test]
fn fields_in_another_order_are_found_by_their_names() {
    let newer = after(|it| {
        fields(it).reverse();
        fields(adjusted(it)).reverse();
    });
    let (codec, _) = codec(&newer);
    for event in sample::stock() {
        assert_eq!(codec.decode(0, &as_newer(&event, &newer)).unwrap().event, event);
    }
}

#[test]
fn a_new_type_of_event_is_refused_in_words_and_the_known_ones_are_read() {
    let newer = after(|it| {
        let fields = json!([{"name": "toSite", "type": "string"}]);
        branches(it).insert(0, json!({"type": "record", "name": "Moved", "fields": fields}));
    });
    let (codec, _) = codec(&newer);
    for event in sample::stock() {
        assert_eq!(codec.decode(0, &as_newer(&event, &newer)).unwrap().event, event);
    }
    let mut event = in_words_of(&sample::stock()[0], &newer);
    let moved = Value::Record(vec![("toSite".into(), Value::String("attic".into()))]);
    *member(&mut event, "payload") = Value::Union(0, Box::new(moved));
    let refused = codec.decode(0, &written(event, &newer)).unwrap_err();
    assert!(matches!(refused, CodecError::TooNew { id: NEWER, .. }), "{refused}");
    assert!(refused.to_string().contains("Moved"), "{refused}");
}

#[test]
fn a_new_symbol_is_refused_in_words_and_the_known_ones_are_read() {
    let newer = after(|it| {
        let reasons = &mut field(adjusted(it), "reason")["type"]["symbols"];
        reasons.as_array_mut().unwrap().insert(0, json!("STOLEN"));
    });
    let (codec, _) = codec(&newer);
    assert!(codec.decode(0, &as_newer(&sample::stock()[0], &newer)).is_ok());
    let mut event = in_words_of(&sample::stock()[0], &newer);
    *member(member(&mut event, "payload"), "reason") = Value::Enum(0, "STOLEN".into());
    let refused = codec.decode(0, &written(event, &newer)).unwrap_err();
    assert!(refused.to_string().contains("STOLEN"), "{refused}");
}

fn member<'a>(record: &'a mut Value, name: &str) -> &'a mut Value {
    match record {
        Value::Union(_, inner) => member(inner, name),
        Value::Record(fields) => &mut fields.iter_mut().find(|(field, _)| field == name).unwrap().1,
        other => panic!("{other:?} has no members"),
    }
}

#[test]
fn a_number_that_became_wider_is_refused_because_it_may_not_fit() {
    let newer = after(|it| field(it, "schemaVersion")["type"] = json!("long"));
    let refused = refusal(&newer);
    assert!(matches!(refused, CodecError::UnreadableSchema { id: NEWER, .. }), "{refused}");
    assert!(refused.to_string().contains("Envelope.schemaVersion has another type"), "{refused}");
}

#[test]
fn a_time_in_another_unit_is_refused_and_never_taken_for_the_same() {
    let newer =
        after(|it| field(it, "occurredAt")["type"]["logicalType"] = json!("timestamp-millis"));
    let mut event = in_words_of(&sample::stock()[0], &after(|_| {}));
    *member(&mut event, "occurredAt") = Value::TimestampMillis(1);
    let refused = codec(&newer).0.decode(0, &written(event, &newer)).unwrap_err();
    assert!(refused.to_string().contains("Envelope.occurredAt"), "{refused}");
}

#[test]
fn the_schema_of_another_stream_is_refused() {
    let foreign = schemas_of("ecommerce.order.order")[0].json;
    let (codec, _) = codec(&serde_json::from_str(foreign).unwrap());
    let refused = codec.decode(0, &[0, 0, 0, 0x12, 0x67, 1]).unwrap_err();
    assert!(refused.to_string().contains("cannot be read as one of ecommerce.inventory.stock"));
    assert!(matches!(refused, CodecError::UnreadableSchema { id: NEWER, .. }), "{refused}");
}

#[test]
fn what_is_no_schema_at_all_is_refused() {
    let (codec, _) = codec(&json!("no such type"));
    let refused = codec.decode(0, &[0, 0, 0, 0x12, 0x67, 1]);
    assert!(matches!(refused, Err(CodecError::UnreadableSchema { id: NEWER, .. })), "{refused:?}");
}

#[test]
fn an_id_is_asked_for_once() {
    let newer = after(|_| {});
    let (codec, shelf) = codec(&newer);
    let bytes = as_newer(&sample::stock()[0], &newer);
    for _ in 0..10 {
        codec.decode(0, &bytes).unwrap();
    }
    assert_eq!(shelf.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn an_id_that_nobody_knows_is_refused() {
    let (codec, shelf) = codec(&after(|_| {}));
    assert_eq!(codec.decode(0, &[0, 0, 0, 0, 9, 1]), Err(CodecError::UnknownSchemaId(9)));
    assert_eq!(shelf.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_registry_that_is_away_is_named_and_asked_again() {
    let codec = over(Arc::new(Shelf { gone: true, ..Shelf::default() }));
    for _ in 0..2 {
        let refused = codec.decode(0, &[0, 0, 0, 0, 9, 1]).unwrap_err();
        assert!(matches!(refused, CodecError::SchemaUnavailable { id: 9, .. }), "{refused}");
    }
}
