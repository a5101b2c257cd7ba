//! `chimera migrate` against a Kafka and a registry that are there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::env;

use chimera::migrate::{Report, State, run};
use chimera_codec::bundled_schemas;
use chimera_config::{Config, LogKind};
use chimera_wiring::schemas;

/// Settings whose topics and subjects nobody else has, or a line that says why there are none.
fn fresh() -> Option<Config> {
    if env::var("CHIMERA_STACK").as_deref() != Ok("1") {
        eprintln!(
            "left out: needs Kafka and a schema registry; start the stack and set CHIMERA_STACK=1"
        );
        return None;
    }
    let place = |name: &str, usual: &str| env::var(name).unwrap_or_else(|_| usual.to_owned());
    let name = format!("test-{}", uuid::Uuid::now_v7().simple());
    let mut config = Config::default();
    config.log.kind = LogKind::Kafka;
    config.log.partitions = Some(3);
    config.kafka.brokers = place("CHIMERA_STACK_KAFKA", "127.0.0.1:9092");
    config.kafka.topic_prefix = format!("{name}.");
    config.kafka.cluster = name;
    let usual = "http://127.0.0.1:8081/apis/ccompat/v7";
    config.registry.url = Some(place("CHIMERA_STACK_REGISTRY", usual));
    Some(config)
}

fn states(report: &Report) -> Vec<State> {
    report.lines.iter().map(|line| line.state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing_a_run_makes_everything_and_a_second_one_nothing() {
    let Some(config) = fresh() else { return };
    for _ in 0..2 {
        let planned = run(&config, true).await.unwrap();
        assert_eq!(states(&planned), [State::Missing; 10], "{planned}");
        assert!(!planned.done && !planned.is_in_the_way());
    }
    let made = run(&config, false).await.unwrap();
    assert_eq!(states(&made), [State::Made; 10], "{made}");
    for dry_run in [false, true] {
        let again = run(&config, dry_run).await.unwrap();
        assert_eq!(states(&again), [State::Present; 10], "{again}");
    }
    let names: Vec<&str> = made.lines.iter().map(|line| &*line.name).collect();
    let prefix = &config.kafka.topic_prefix;
    for schema in bundled_schemas() {
        assert!(names.contains(&&*format!("{prefix}{}", schema.stream)), "{names:?}");
        assert!(names.contains(&&*format!("{prefix}{}-value", schema.stream)), "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_will_not_do_is_named_and_nothing_is_changed() {
    let Some(mut config) = fresh() else { return };
    let url = config.registry.url.take();
    run(&config, false).await.unwrap();
    config.registry.url = url;
    config.log.partitions = Some(5);
    let report = run(&config, false).await.unwrap();
    assert!(report.is_in_the_way() && !report.done, "{report}");
    let wrong: Vec<_> = report.lines.iter().filter(|line| line.state == State::InTheWay).collect();
    assert_eq!(wrong.len(), 4, "{report}");
    assert!(wrong[0].detail.contains("3 partitions and 5 were asked for"), "{report}");
    let subjects = |report: &Report| -> Vec<State> {
        let subjects = report.lines.iter().filter(|line| line.kind == "subject");
        subjects.map(|line| line.state).collect()
    };
    assert_eq!(subjects(&report), [State::Missing; 4]);
    config.log.partitions = Some(3);
    let planned = run(&config, true).await.unwrap();
    assert_eq!(subjects(&planned), [State::Missing; 4], "nothing had been registered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_finds_in_place_what_was_migrated() {
    let Some(mut config) = fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    config.data_dir = directory.path().to_owned();
    run(&config, false).await.unwrap();
    let ids = schemas::ids(&config).await.unwrap();
    for schema in bundled_schemas() {
        let line = format!("version {} has id {}", schema.version, ids.of(schema).unwrap());
        let report = run(&config, true).await.unwrap();
        assert!(report.lines.iter().any(|found| found.detail == line), "{line} in {report}");
    }
    let copy = std::fs::read_to_string(directory.path().join("schemas.json")).unwrap();
    assert!(copy.contains(&config.kafka.topic_prefix));
}

#[tokio::test]
async fn the_embedded_log_is_not_migrated() {
    let refused = run(&Config::default(), true).await.unwrap_err();
    assert!(refused.to_string().contains("only a log on Kafka"), "{refused}");
}
