//! The same against a registry that is there: idempotent, strict, and a help to those who read newer events.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::env;

use chimera_codec::testing::sample;
use chimera_codec::{CodecError, SchemaIds, bundled_schemas};
use chimera_registry::{Level, Registry, RegistrySettings, ids_at_start};
use schema_registry_converter::async_impl::schema_registry::{SrSettings, post_schema};
use schema_registry_converter::schema_registry_common::{SchemaType, SuppliedSchema};
use uuid::Uuid;

mod newer;

/// Settings whose subjects nobody else has, or a line that says why there are none.
fn fresh() -> Option<RegistrySettings> {
    if env::var("CHIMERA_STACK").as_deref() != Ok("1") {
        eprintln!("left out: needs a schema registry; start the stack and set CHIMERA_STACK=1");
        return None;
    }
    let url = env::var("CHIMERA_STACK_REGISTRY");
    let url = url.unwrap_or_else(|_| "http://127.0.0.1:8081/apis/ccompat/v7".to_owned());
    let topic_prefix = format!("test-{}.", Uuid::now_v7().simple());
    Some(RegistrySettings { topic_prefix, ..RegistrySettings::new(&url) })
}

async fn start(settings: &RegistrySettings) -> SchemaIds {
    let directory = tempfile::tempdir().unwrap();
    ids_at_start(settings, &directory.path().join("schemas.json")).await.unwrap()
}

/// As another producer with another release does it.
async fn register(settings: &RegistrySettings, schema: String) -> Result<u32, String> {
    let subject = format!("{}{}-value", settings.topic_prefix, newer::STREAM);
    let client = SrSettings::new_builder(settings.url.clone()).no_proxy().build().unwrap();
    let schema = SuppliedSchema::new(None, SchemaType::Avro, schema);
    let registered = post_schema(&client, subject, schema).await;
    registered.map(|schema| schema.id).map_err(|error| error.to_string())
}

#[tokio::test]
async fn settling_twice_changes_nothing_the_second_time() {
    let Some(settings) = fresh() else { return };
    let registry = Registry::new(&settings).unwrap();
    let first = registry.settle().await.unwrap();
    assert!(first.iter().all(|schema| schema.registered && schema.level_set));
    let second = registry.settle().await.unwrap();
    assert!(second.iter().all(|schema| !schema.registered && !schema.level_set));
    let ids = |settled: &[chimera_registry::Settled]| -> Vec<u32> {
        settled.iter().map(|schema| schema.id).collect()
    };
    assert_eq!(ids(&first), ids(&second));
    let plans = registry.plan().await.unwrap();
    assert!(plans.iter().all(|plan| plan.level == Level::Strict && plan.refusal.is_none()));
    for (schema, plan) in first.iter().zip(plans) {
        assert_eq!(plan.id, Some(schema.id));
        let kept = registry.schema(schema.id).await.unwrap().unwrap();
        let as_tree = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(as_tree(&kept), as_tree(schema.schema.json));
    }
}

#[tokio::test]
async fn a_plan_changes_nothing() {
    let Some(settings) = fresh() else { return };
    let registry = Registry::new(&settings).unwrap();
    for _ in 0..2 {
        let plans = registry.plan().await.unwrap();
        assert_eq!(plans.len(), bundled_schemas().len());
        for plan in plans {
            assert_eq!((plan.id, plan.level, plan.refusal), (None, Level::Unset, None));
        }
    }
}

#[tokio::test]
async fn a_breaking_schema_is_refused_by_the_subject_also_across_a_version() {
    let Some(settings) = fresh() else { return };
    start(&settings).await;
    let refused = register(&settings, newer::breaking_schema()).await.unwrap_err();
    assert!(refused.contains("409"), "{refused}");
    register(&settings, newer::without("traceId")).await.unwrap();
    let refused = register(&settings, newer::retyped("traceId")).await.unwrap_err();
    assert!(refused.contains("409"), "it reads the last version and not the first: {refused}");
}

#[tokio::test]
async fn a_release_whose_schema_does_not_fit_does_not_start() {
    let Some(settings) = fresh() else { return };
    register(&settings, newer::breaking_schema()).await.unwrap();
    let registry = Registry::new(&settings).unwrap();
    let refused = registry.settle().await.unwrap_err().to_string();
    assert!(
        refused.contains("refuses version 1 of") && refused.contains(newer::STREAM),
        "{refused}"
    );
    let foreseen = registry.plan().await.unwrap();
    let foreseen = foreseen.iter().find(|plan| plan.schema.stream == newer::STREAM).unwrap();
    assert!(foreseen.level == Level::Strict && foreseen.refusal.is_some(), "{foreseen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_event_of_a_newer_release_is_read_if_it_is_known_and_refused_otherwise() {
    let Some(settings) = fresh() else { return };
    let ids = start(&settings).await;
    let id = register(&settings, newer::schema()).await.unwrap();
    let codec = newer::codec(&ids);
    let read = codec.decode(0, &newer::known_event(id)).unwrap();
    assert_eq!((read.event, read.meta), (sample::stock()[0].clone(), sample::meta()));
    let refused = codec.decode(0, &newer::unknown_event(id)).unwrap_err();
    assert!(matches!(refused, CodecError::TooNew { .. }), "{refused}");
    let nobodys = i32::MAX.unsigned_abs();
    let refused = codec.decode(0, &newer::known_event(nobodys));
    assert_eq!(refused, Err(CodecError::UnknownSchemaId(nobodys)));
    assert_eq!(id, register(&settings, newer::schema()).await.unwrap());
}

#[tokio::test]
async fn a_schema_of_somebody_who_breaks_the_rules_is_refused_by_readers() {
    let Some(settings) = fresh() else { return };
    let elsewhere = RegistrySettings {
        topic_prefix: format!("{}elsewhere.", settings.topic_prefix),
        ..settings.clone()
    };
    let id = register(&elsewhere, newer::breaking_schema()).await.unwrap();
    let ids = start(&settings).await;
    let codec = newer::codec(&ids);
    let refused = tokio::task::spawn_blocking(move || codec.decode(0, &newer::known_event(id)));
    let refused = refused.await.unwrap().unwrap_err();
    assert!(matches!(refused, CodecError::UnreadableSchema { .. }), "{refused}");
}
