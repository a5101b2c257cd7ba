//! Golden bytes: every event of every version ever released decodes for ever, on the hot path and with apache-avro alike.
//!
//! `UPDATE_FIXTURES=1 cargo test -p chimera-codec --features testing --test golden` writes what is missing. It never changes
//! what is there: bytes that were released are in somebody's log. What was never released can be deleted and written anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests alone")]

use std::path::{Path, PathBuf};

use chimera_codec::testing::sample;
use chimera_codec::{GenericReader, StreamCodec, bundled_schemas};
use chimera_domain::aggregate::DomainEvent;
use chimera_domain::recorded::Meta;
use chimera_domain::{order, payment, product, stock};
use serde_json::{Value as Json, json};

fn schemas_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}

/// The file must be as given; where there is none yet, it is written if that was asked for.
fn must_be(path: &Path, expected: &[u8], same: impl Fn(&[u8]) -> bool) {
    match std::fs::read(path) {
        Ok(found) => assert!(same(&found), "{} is released and must not change", path.display()),
        Err(_) if std::env::var_os("UPDATE_FIXTURES").is_some() => {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, expected).unwrap();
        }
        Err(error) => panic!("{}: {error}; write it with UPDATE_FIXTURES=1", path.display()),
    }
}

fn must_be_json(path: &Path, expected: &Json) {
    let text = format!("{expected:#}\n");
    let same = |found: &[u8]| serde_json::from_slice::<Json>(found).unwrap() == *expected;
    must_be(path, text.as_bytes(), same);
}

fn fixture_dir(stream: &str, event_type: &str) -> PathBuf {
    let action = event_type.strip_prefix(stream).unwrap().trim_start_matches('.');
    schemas_dir().join("fixtures").join(stream).join(action.trim_end_matches(".v1"))
}

/// The newest schema still writes the samples as they were released.
fn are_written_as_ever<E: DomainEvent>(stream: &str, samples: &[E]) {
    let codec = StreamCodec::<E>::bundled(stream).unwrap();
    let version = codec.schema_version();
    let types: Vec<&str> = samples.iter().map(DomainEvent::event_type).collect();
    assert_eq!(types, E::TYPES, "one sample of every event type");
    for event in samples {
        let mut bytes = vec![];
        let meta = Meta { schema_version: version, ..sample::meta() };
        codec.encode("536365", &meta, event, &mut bytes).unwrap();
        let dir = fixture_dir(stream, event.event_type());
        must_be(&dir.join(format!("v{version}.avro")), &bytes, |found| found == bytes);
        let json = GenericReader::bundled().unwrap().to_json(&bytes).unwrap();
        must_be_json(&dir.join(format!("v{version}.json")), &json);
    }
}

/// Whatever version wrote them, they are read: by the hot path, and by apache-avro as it says beside them.
fn are_read_for_ever<E: DomainEvent>(stream: &str) {
    let codec = StreamCodec::<E>::bundled(stream).unwrap();
    let reader = GenericReader::bundled().unwrap();
    for event_type in E::TYPES {
        let mut found = 0;
        for entry in std::fs::read_dir(fixture_dir(stream, event_type)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "avro") {
                let bytes = std::fs::read(&path).unwrap();
                let recorded = codec.decode(0, &bytes).unwrap();
                assert_eq!(recorded.event.event_type(), *event_type, "{}", path.display());
                let json = std::fs::read(path.with_extension("json")).unwrap();
                let json: Json = serde_json::from_slice(&json).unwrap();
                assert_eq!(reader.to_json(&bytes).unwrap(), json, "{}", path.display());
                found += 1;
            }
        }
        assert!(found > 0, "{event_type} has golden bytes");
    }
}

fn hold<E: DomainEvent>(stream: &str, samples: &[E]) {
    are_written_as_ever(stream, samples);
    are_read_for_ever::<E>(stream);
}

#[test]
fn the_golden_bytes_of_products_hold() {
    hold::<product::Event>("ecommerce.product.product", &sample::product());
}

#[test]
fn the_golden_bytes_of_stocks_hold() {
    hold::<stock::Event>("ecommerce.inventory.stock", &sample::stock());
}

#[test]
fn the_golden_bytes_of_orders_hold() {
    hold::<order::Event>("ecommerce.order.order", &sample::order());
}

#[test]
fn the_golden_bytes_of_payments_hold() {
    hold::<payment::Event>("ecommerce.payment.payment", &sample::payment());
}

/// The list for tools that know no Rust. It grows, so it is written anew on demand.
#[test]
fn the_list_of_schema_ids_is_that_of_the_program() {
    let lines = bundled_schemas().iter().map(|schema| {
        json!({
            "stream": schema.stream,
            "version": schema.version,
            "id": schema.id,
            "subject": schema.subject(),
            "schema": format!("{}/v{}.avsc", schema.stream, schema.version),
        })
    });
    let path = schemas_dir().join("avro/ids.json");
    let listed: Json = lines.collect();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, format!("{listed:#}\n")).unwrap();
    }
    must_be_json(&path, &listed);
}

#[test]
fn ids_are_given_once_and_no_schema_is_forgotten() {
    let mut ids: Vec<u32> = bundled_schemas().iter().map(|schema| schema.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), bundled_schemas().len());
    let mut files = 0;
    for stream in std::fs::read_dir(schemas_dir().join("avro")).unwrap() {
        let stream = stream.unwrap().path();
        if stream.is_dir() {
            files += std::fs::read_dir(stream).unwrap().count();
        }
    }
    assert_eq!(files, bundled_schemas().len(), "every .avsc has its line in the program");
}
