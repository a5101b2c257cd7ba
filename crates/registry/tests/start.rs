//! The start of a process, against a registry that fails in every way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_codec::{SchemaIds, bundled_schemas};
use chimera_registry::{Level, Login, Registry, RegistryError, RegistrySettings, ids_at_start};
use fake::{Fake, Fault};
use tempfile::TempDir;

mod fake;

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

async fn start(
    settings: &RegistrySettings,
    directory: &TempDir,
) -> Result<SchemaIds, RegistryError> {
    ids_at_start(settings, &directory.path().join("schemas.json")).await
}

fn ids(ids: &SchemaIds) -> Vec<u32> {
    bundled_schemas().iter().map(|schema| ids.of(schema).unwrap()).collect()
}

async fn refusal(fault: Fault) -> String {
    let fake = Fake::start().await;
    fake.fail(fault);
    start(&fake.settings(), &directory()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_first_start_registers_and_a_second_changes_nothing() {
    let fake = Fake::start().await;
    fake.held(|held| held.schemas.push("\"of somebody else\"".to_owned()));
    let given = ids(&start(&fake.settings(), &directory()).await.unwrap());
    assert_eq!(given, [2, 3, 4, 5]);
    let writes = fake.held(|held| {
        assert!(held.levels.values().all(|level| level == "BACKWARD_TRANSITIVE"));
        assert_eq!((held.levels.len(), held.subjects.len()), (4, 4));
        held.writes
    });
    assert_eq!(writes, 8, "a level and a schema for each of four subjects");
    assert_eq!(ids(&start(&fake.settings(), &directory()).await.unwrap()), given);
    assert_eq!(fake.held(|held| held.writes), writes);
}

#[tokio::test]
async fn a_schema_that_is_refused_says_what_to_do() {
    let said = refusal(Fault::Refusing).await;
    for part in [
        "refuses version 1 of ecommerce.product.product-value",
        "misses a field",
        "run the release",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn an_account_that_may_only_read_is_enough_where_everything_is_in_place() {
    let fake = Fake::start().await;
    let given = ids(&start(&fake.settings(), &directory()).await.unwrap());
    fake.fail(Fault::ReadOnly);
    assert_eq!(ids(&start(&fake.settings(), &directory()).await.unwrap()), given);
    fake.held(|held| held.levels.clear());
    assert_eq!(ids(&start(&fake.settings(), &directory()).await.unwrap()), given);
}

#[tokio::test]
async fn an_account_that_may_only_read_is_sent_to_migrate_where_something_is_missing() {
    let said = refusal(Fault::ReadOnly).await;
    assert!(said.contains("does not allow") && said.contains("chimera migrate"), "{said}");
}

#[tokio::test]
async fn a_wrong_password_is_said_at_once() {
    let fake = Fake::start().await;
    fake.fail(Fault::Status(401));
    let said = start(&fake.settings(), &directory()).await.unwrap_err();
    assert!(matches!(said, RegistryError::Denied { .. }), "{said}");
    assert!(said.to_string().contains("registry.password"), "{said}");
    assert_eq!(fake.held(|held| held.asked.len()), 1);
}

#[tokio::test]
async fn name_and_password_go_with_every_question_and_into_no_error() {
    let fake = Fake::start().await;
    let login = Login { username: "shop".into(), password: "hush".into() };
    let settings = RegistrySettings { login: Some(login), ..fake.settings() };
    start(&settings, &directory()).await.unwrap();
    fake.held(|held| {
        assert!(held.asked.len() >= 16);
        let without = held.asked.iter().find(|(_, _, login)| !login);
        assert_eq!(without, None);
    });
    fake.fail(Fault::Status(401));
    let said = start(&settings, &directory()).await.unwrap_err();
    assert!(!format!("{said} {said:?} {settings:?}").contains("hush"));
}

#[tokio::test]
async fn a_registry_that_is_not_there_yet_is_waited_for() {
    let fake = Fake::start().await;
    fake.fail(Fault::NotYet(2));
    start(&fake.settings(), &directory()).await.unwrap();
}

#[tokio::test]
async fn a_registry_that_stays_away_is_given_up_and_named() {
    for fault in [Fault::Status(500), Fault::Status(503), Fault::Silent] {
        let began = Instant::now();
        let said = refusal(fault).await;
        assert!(said.contains("the schema registry at http://127.0.0.1:"), "{said}");
        assert!(said.contains("does not answer"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}

#[tokio::test]
async fn a_registry_that_is_down_is_named_with_the_reason() {
    let fake = Fake::start().await;
    let settings = fake.settings();
    fake.stop().await;
    let said = start(&settings, &directory()).await.unwrap_err().to_string();
    assert!(said.contains("refused"), "{said}");
}

#[tokio::test]
async fn what_is_no_registry_is_told_from_one_that_is_away() {
    for fault in [Fault::Page, Fault::Status(404), Fault::Status(418)] {
        let said = refusal(fault).await;
        assert!(said.contains("is no schema registry"), "{said}");
        assert!(said.contains("/apis/ccompat/v7"), "{said}");
    }
}

#[tokio::test]
async fn a_start_while_the_registry_is_away_goes_on_with_the_ids_it_gave() {
    let (fake, directory) = (Fake::start().await, directory());
    fake.held(|held| held.schemas.push("\"of somebody else\"".to_owned()));
    let settings = fake.settings();
    let given = ids(&start(&settings, &directory).await.unwrap());
    fake.stop().await;
    assert_eq!(ids(&start(&settings, &directory).await.unwrap()), given);
    let other = RegistrySettings { topic_prefix: "other.".into(), ..settings };
    assert!(start(&other, &directory).await.is_err(), "ids of other subjects are not guessed");
}

#[tokio::test]
async fn a_registry_that_has_lost_what_it_knew_is_refused_and_the_ids_of_before_are_kept() {
    let (fake, directory) = (Fake::start().await, directory());
    start(&fake.settings(), &directory).await.unwrap();
    let copy = || std::fs::read_to_string(directory.path().join("schemas.json")).unwrap();
    let before = copy();
    fake.held(|held| {
        held.subjects.clear();
        held.schemas = vec!["\"of somebody else\"".to_owned()];
    });
    for _ in 0..2 {
        let said = start(&fake.settings(), &directory).await.unwrap_err().to_string();
        assert!(said.contains("gives other ids than before"), "{said}");
    }
    assert_eq!(copy(), before);
    // Elsewhere nothing is known of before.
    assert_eq!(ids(&start(&fake.settings(), &self::directory()).await.unwrap()), [2, 3, 4, 5]);
}

#[tokio::test]
async fn a_schema_that_is_refused_is_refused_although_an_id_is_known() {
    let (fake, directory) = (Fake::start().await, directory());
    start(&fake.settings(), &directory).await.unwrap();
    fake.held(|held| held.subjects.clear());
    fake.fail(Fault::Refusing);
    let said = start(&fake.settings(), &directory).await.unwrap_err();
    assert!(matches!(said, RegistryError::Incompatible { .. }), "{said}");
}

#[tokio::test]
async fn a_plan_changes_nothing_and_foresees_a_refusal() {
    let fake = Arc::new(Fake::start().await);
    let registry = Registry::new(&fake.settings()).unwrap();
    let plans = registry.plan().await.unwrap();
    assert!(plans.iter().all(|plan| plan.id.is_none() && plan.refusal.is_none()));
    assert!(plans.iter().all(|plan| plan.level == Level::Unset));
    fake.fail(Fault::Refusing);
    let plans = registry.plan().await.unwrap();
    assert!(
        plans.iter().all(|plan| plan.refusal.as_deref() == Some("the new schema misses a field"))
    );
    assert_eq!(fake.held(|held| (held.writes, held.subjects.len())), (0, 0));
}
