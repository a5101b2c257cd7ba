//! What holds for every event of every stream: it survives its bytes, apache-avro reads the same, nothing makes a reader panic.

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use chimera_domain::aggregate::DomainEvent;
use chimera_domain::recorded::{Meta, Recorded};
use chimera_domain::{order, payment, product, stock};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::testing::{self, sample};
use crate::{GenericReader, StreamCodec, schemas_of};

const PRODUCT: &str = "ecommerce.product.product";
const STOCK: &str = "ecommerce.inventory.stock";
const ORDER: &str = "ecommerce.order.order";
const PAYMENT: &str = "ecommerce.payment.payment";

fn codec<E: DomainEvent>(stream: &str) -> StreamCodec<E> {
    StreamCodec::bundled(stream).unwrap()
}

fn encoded<E: DomainEvent>(stream: &str, key: &str, meta: &Meta, event: &E) -> Vec<u8> {
    let mut bytes = b"before".to_vec();
    codec(stream).encode(key, meta, event, &mut bytes).unwrap();
    bytes.split_off(b"before".len())
}

/// There and back, and to the same bytes again.
fn survives<E: DomainEvent>(stream: &str, key: &str, meta: &Meta, event: &E) {
    let bytes = encoded(stream, key, meta, event);
    let recorded = codec::<E>(stream).decode(5, &bytes).unwrap();
    let again = encoded(stream, &recorded.key, &recorded.meta, &recorded.event);
    assert_eq!(again, bytes);
    let expected =
        Recorded { partition: 5, key: key.into(), meta: meta.clone(), event: event.clone() };
    assert_eq!(recorded, expected);
}

/// apache-avro reads in the bytes what serde knows of the event.
fn is_witnessed<E: DomainEvent>(stream: &str, key: &str, meta: &Meta, event: &E) {
    let bytes = encoded(stream, key, meta, event);
    let reader = GenericReader::bundled().unwrap();
    let read = reader.project(&bytes, |time| Json::from(time.0)).unwrap();
    let expected = json!({
        "eventId": uuid::Uuid::from_u128(meta.event_id).to_string(),
        "eventType": event.event_type(),
        "occurredAt": meta.occurred_at,
        "recordedAt": meta.recorded_at,
        "producer": meta.producer,
        "traceId": meta.trace_id,
        "correlationId": meta.correlation_id,
        "causationId": meta.causation_id,
        "commandId": meta.command_id,
        "actor": meta.actor,
        "schemaVersion": meta.schema_version,
        "partitionKey": key,
        "aggregateVersion": meta.aggregate_version,
        "sequence": meta.sequence,
        "writerTerm": meta.writer_term,
        "payload": event,
    });
    assert_eq!(read, expected);
}

/// apache-avro writes the same bytes (an Avro map has no order, so not where there is one with several entries).
fn is_canonical<E: DomainEvent>(stream: &str, event: &E) {
    let bytes = encoded(stream, "key", &sample::meta(), event);
    let schema = Schema::parse_str(schemas_of(stream)[0].json).unwrap();
    let reader = GenericDatumReader::builder(&schema).build().unwrap();
    let value = reader.read_value(&mut &bytes[5..]).unwrap();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    assert_eq!(writer.write_value_to_vec(value).unwrap(), bytes[5..]);
}

/// Whatever lies in the log, a reader answers.
fn answers(bytes: &[u8]) {
    let _ = codec::<product::Event>(PRODUCT).decode(0, bytes);
    let _ = codec::<stock::Event>(STOCK).decode(0, bytes);
    let _ = codec::<order::Event>(ORDER).decode(0, bytes);
    let _ = codec::<payment::Event>(PAYMENT).decode(0, bytes);
    let _ = GenericReader::bundled().unwrap().to_json(bytes);
}

/// The bytes of one sample event, of any stream.
fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    fn all<E: DomainEvent>(stream: &str, events: &[E]) -> Vec<Vec<u8>> {
        let meta = sample::meta();
        events.iter().map(|event| encoded(stream, "536365", &meta, event)).collect()
    }
    let events = [
        all(PRODUCT, &sample::product()),
        all(STOCK, &sample::stock()),
        all(ORDER, &sample::order()),
        all(PAYMENT, &sample::payment()),
    ];
    prop::sample::select(events.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_event_of_a_product_survives(
        key in testing::key(), meta in testing::meta(), event in testing::product_event()
    ) {
        survives(PRODUCT, &key, &meta, &event);
        is_witnessed(PRODUCT, &key, &meta, &event);
    }

    #[test]
    fn any_event_of_a_stock_survives(
        key in testing::key(), meta in testing::meta(), event in testing::stock_event()
    ) {
        survives(STOCK, &key, &meta, &event);
        is_witnessed(STOCK, &key, &meta, &event);
        is_canonical(STOCK, &event);
    }

    #[test]
    fn any_event_of_an_order_survives(
        key in testing::key(), meta in testing::meta(), event in testing::order_event()
    ) {
        survives(ORDER, &key, &meta, &event);
        is_witnessed(ORDER, &key, &meta, &event);
        is_canonical(ORDER, &event);
    }

    #[test]
    fn any_event_of_a_payment_survives(
        key in testing::key(), meta in testing::meta(), event in testing::payment_event()
    ) {
        survives(PAYMENT, &key, &meta, &event);
        is_witnessed(PAYMENT, &key, &meta, &event);
        is_canonical(PAYMENT, &event);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        id in prop::sample::select(vec![0_u32, 1001, 2001, 3001, 4001]),
        datum in prop::collection::vec(any::<u8>(), 0..200)
    ) {
        answers(&datum);
        answers(&[&[0], &id.to_be_bytes()[..], &datum].concat());
    }

    #[test]
    fn no_damage_makes_a_reader_panic(
        mut bytes in some_bytes(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        answers(&bytes);
    }

    /// Nine bytes of continuation make a length near 2^63 wherever a length may stand.
    #[test]
    fn no_huge_length_makes_a_reader_panic(
        mut bytes in some_bytes(), place: prop::sample::Index, sign in prop::bool::ANY
    ) {
        let place = place.index(bytes.len());
        let mut length = [0xff_u8; 10];
        length[0] = 0xfe | u8::from(sign);
        length[9] = 0x01;
        bytes.splice(place..place, length);
        answers(&bytes);
    }
}

#[test]
fn an_attribute_alone_is_written_as_apache_avro_writes_it() {
    for mut event in sample::product() {
        if let product::Event::Created { details, .. } = &mut event {
            details.attributes.pop_first();
        }
        is_canonical(PRODUCT, &event);
    }
}
