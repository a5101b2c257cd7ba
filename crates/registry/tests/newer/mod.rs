//! Schemas and events of a release that does not exist yet.
#![allow(dead_code, reason = "not every test file uses all of it")]

use chimera_codec::testing::sample;
use chimera_codec::{SchemaIds, StreamCodec, schemas_of};
use chimera_domain::stock::Event;
use serde_json::{Value, json};

pub(crate) const STREAM: &str = "ecommerce.inventory.stock";

pub(crate) fn codec(ids: &SchemaIds) -> StreamCodec<Event> {
    StreamCodec::new(STREAM, ids).unwrap()
}

fn own() -> Value {
    serde_json::from_str(schemas_of(STREAM)[0].json).unwrap()
}

/// What the newer release has added: a note behind everything else, and a type of event, the last.
pub(crate) fn schema() -> String {
    let mut schema = own();
    let fields = schema["fields"].as_array_mut().unwrap();
    let payload = fields.iter_mut().find(|field| field["name"] == "payload").unwrap();
    let moved = json!({"type": "record", "name": "Moved", "fields": []});
    payload["type"].as_array_mut().unwrap().push(moved);
    fields.push(json!({"name": "note", "type": ["null", "string"], "default": null}));
    schema.to_string()
}

/// The same with a meaning changed, which no registry of ours takes.
pub(crate) fn breaking_schema() -> String {
    let mut schema = own();
    schema["fields"].as_array_mut().unwrap()[0]["type"] = json!("int");
    schema.to_string()
}

/// The schema of this release without an optional field: what was written with it, this release reads.
pub(crate) fn without(name: &str) -> String {
    let mut schema = own();
    schema["fields"].as_array_mut().unwrap().retain(|field| field["name"] != name);
    schema.to_string()
}

/// The same with that field again, but of another type.
pub(crate) fn retyped(name: &str) -> String {
    let mut schema = own();
    let fields = schema["fields"].as_array_mut().unwrap();
    let field = fields.iter_mut().find(|field| field["name"] == name).unwrap();
    field["type"] = json!(["null", "long"]);
    schema.to_string()
}

fn framed(id: u32, datum: &[u8]) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), datum].concat()
}

fn datum(writer_term: u64) -> Vec<u8> {
    let mut framed = vec![];
    let meta = chimera_domain::recorded::Meta { writer_term, ..sample::meta() };
    codec(&SchemaIds::default()).encode("MUG", &meta, &sample::stock()[0], &mut framed).unwrap();
    framed.split_off(5)
}

/// An event that both releases know, as the newer one writes it: with a note that says nothing.
pub(crate) fn known_event(id: u32) -> Vec<u8> {
    let mut datum = datum(sample::meta().writer_term);
    datum.push(0);
    framed(id, &datum)
}

/// An event that only the newer release knows.
pub(crate) fn unknown_event(id: u32) -> Vec<u8> {
    // The term of the writer stands right before the payload.
    let (one, two) = (datum(1), datum(2));
    let payload = 1 + (0..one.len()).find(|index| one[*index] != two[*index]).unwrap();
    assert_eq!(one[payload], 0, "the first branch of the union");
    let moved = (sample::stock().len() * 2).try_into().unwrap();
    let branch: &[u8] = &[moved, 0];
    framed(id, &[&one[..payload], branch].concat())
}
