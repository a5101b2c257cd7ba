//! Events of a newer release, whose schema the registry knows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::time::Duration;

use chimera_codec::testing::sample;
use chimera_codec::{CodecError, SchemaIds};
use chimera_registry::ids_at_start;
use fake::{Fake, Fault};

mod fake;
mod newer;

const SUBJECT: &str = "ecommerce.inventory.stock-value";

async fn started() -> (Fake, SchemaIds, u32) {
    let (fake, directory) = (Fake::start().await, tempfile::tempdir().unwrap());
    let copy = directory.path().join("schemas.json");
    let ids = ids_at_start(&fake.settings(), &copy).await.unwrap();
    let id = fake.held(|held| held.put(SUBJECT, &newer::schema()));
    (fake, ids, id.try_into().unwrap())
}

fn questions(fake: &Fake) -> usize {
    fake.held(|held| {
        held.asked.iter().filter(|(_, path, _)| path.starts_with("/schemas/ids/")).count()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_registry_is_asked_once_for_all_codecs_of_a_process() {
    let (fake, ids, id) = started().await;
    for _ in 0..3 {
        let codec = newer::codec(&ids);
        for _ in 0..3 {
            let event = codec.decode(0, &newer::known_event(id)).unwrap().event;
            assert_eq!(event, sample::stock()[0]);
        }
    }
    assert_eq!(questions(&fake), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_event_of_a_type_that_is_not_known_is_refused() {
    let (_fake, ids, id) = started().await;
    let refused = newer::codec(&ids).decode(0, &newer::unknown_event(id)).unwrap_err();
    assert!(matches!(refused, CodecError::TooNew { .. }), "{refused}");
    assert!(refused.to_string().contains("Moved"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_id_that_the_registry_does_not_know_is_refused() {
    let (fake, ids, id) = started().await;
    let refused = newer::codec(&ids).decode(0, &newer::known_event(id + 1));
    assert_eq!(refused, Err(CodecError::UnknownSchemaId(id + 1)));
    assert_eq!(questions(&fake), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_registry_that_goes_away_after_the_start_does_no_harm_to_what_is_known() {
    let (fake, ids, id) = started().await;
    let codec = newer::codec(&ids);
    codec.decode(0, &newer::known_event(id)).unwrap();
    fake.fail(Fault::Status(503));
    let mut own = vec![];
    codec.encode("MUG", &sample::meta(), &sample::stock()[0], &mut own).unwrap();
    assert_eq!(codec.decode(0, &own).unwrap().event, sample::stock()[0]);
    codec.decode(0, &newer::known_event(id)).unwrap();
    let refused = codec.decode(0, &newer::known_event(id + 1)).unwrap_err();
    assert!(matches!(refused, CodecError::SchemaUnavailable { .. }), "{refused}");
    fake.fail(Fault::None);
    assert_eq!(
        codec.decode(0, &newer::known_event(id + 1)),
        Err(CodecError::UnknownSchemaId(id + 1)),
        "it is asked again once it is back"
    );
}

#[test]
fn a_thread_without_a_runtime_may_ask_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (fake, ids, id) = runtime.block_on(started());
    let event = newer::codec(&ids).decode(0, &newer::known_event(id)).unwrap().event;
    assert_eq!(event, sample::stock()[0]);
    drop(fake);
    runtime.shutdown_timeout(Duration::from_secs(1));
}
