//! Whatever is written while a read model is examined, nothing is said to differ but what does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod flow;
mod flowing;
#[allow(dead_code, reason = "shared with the tests of the program")]
#[path = "../../tests/support/shops.rs"]
mod shops;

use std::sync::Arc;
use std::time::Duration;

use chimera_log::MemoryControl;
use chimera_model::{ALL, ReadModel};
use chimera_worker::Decoder;
use proptest::prelude::*;
use tempfile::TempDir;

use super::ground::Ground;
use super::judge::{Asked, Judge};
use super::report::ModelReport;
use crate::data::LIMITS;
use crate::open_log::OpenLog;
use crate::progress::Progress;
use flow::{Flow, embedded};

/// A read model that is fed while it is examined, and scratch stores.
struct Story {
    flow: Arc<Flow>,
    judge: Judge,
    _dirs: [TempDir; 2],
}

impl Story {
    async fn begin(model: &'static ReadModel, seed: u64) -> Self {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let flow = Flow::begin(model, embedded(dirs[0].path()), seed).await;
        let scratch = embedded(dirs[1].path());
        let log = OpenLog {
            dir: dirs[0].path().to_owned(),
            log: flow.log.clone(),
            control: Arc::new(MemoryControl::default()),
            embedded: None,
            decoder: Arc::new(Decoder::bundled().unwrap()),
        };
        let mut ground = Ground::new(log, flow.stores(), scratch.clone());
        // This log is known to its end at once.
        ground.patience = Duration::ZERO;
        let judge = Judge {
            feeder: ground.feeder_of(scratch, LIMITS).unwrap(),
            ground: Arc::new(ground),
            named: 20,
            progress: Progress::new(),
        };
        Self { flow, judge, _dirs: dirs }
    }

    async fn examined(&self, against: Option<u32>) -> ModelReport {
        self.judge.model(Asked { model: self.flow.model, generation: Some(1), against }).await
    }
}

fn keys(report: &ModelReport) -> Vec<&str> {
    let tables = report.tables.iter();
    tables.flat_map(|table| table.differing.iter().map(|found| found.key.as_str())).collect()
}

fn run<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(story)
}

fn some_model() -> impl Strategy<Value = &'static ReadModel> {
    (0..ALL.len()).prop_map(|index| ALL[index])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_written_meanwhile_is_never_a_difference(model in some_model(), seed: u64) {
        let report = run(async { Story::begin(model, seed).await.examined(None).await });
        prop_assert_eq!(report.verdict, "identical", "{}", serde_json::to_string(&report).unwrap());
        let rows: u64 = report.tables.iter().map(|table| table.rows).sum();
        prop_assert!(rows > 0);
    }

    #[test]
    fn what_was_never_written_by_an_event_is_always_found(model in some_model(), seed: u64) {
        let (report, key) = run(async {
            let story = Story::begin(model, seed).await;
            let key = story.flow.corrupt().await;
            (story.examined(None).await, key)
        });
        prop_assert_eq!(report.verdict, "different");
        prop_assert_eq!(keys(&report), [key], "{}", serde_json::to_string(&report).unwrap());
    }

    #[test]
    fn two_generations_at_different_positions_are_compared_by_the_log(
        model in some_model(),
        seed: u64,
        corrupted: bool,
    ) {
        let (report, key) = run(async {
            let story = Story::begin(model, seed).await;
            story.flow.build_another().await;
            let key = if corrupted { Some(story.flow.corrupt().await) } else { None };
            (story.examined(Some(2)).await, key)
        });
        let found = serde_json::to_string(&report).unwrap();
        prop_assert_eq!(report.verdict, if corrupted { "different" } else { "identical" }, "{}", &found);
        prop_assert_eq!(keys(&report), key.iter().collect::<Vec<_>>(), "{}", found);
    }
}

#[test]
fn most_of_these_stories_have_keys_that_are_written_meanwhile() {
    let mut in_flight = 0;
    for (model, seed) in ALL.iter().zip(1..) {
        let report = run(async { Story::begin(model, seed).await.examined(None).await });
        in_flight += report.tables.iter().map(|table| table.in_flight).sum::<u64>();
    }
    assert!(in_flight > 20, "{in_flight}");
}

#[test]
fn events_that_a_checkpoint_has_passed_over_are_missed() {
    let mut missed = 0;
    for (model, seed) in ALL.iter().filter(|model| !model.tables.is_empty()).zip(1..) {
        let (meanwhile, at_rest) = run(async {
            let story = Story::begin(model, seed).await;
            story.flow.lose().await;
            let meanwhile = story.examined(None).await;
            story.flow.finish().await;
            (meanwhile, story.examined(None).await)
        });
        // What later events have not put right was wrong all the time.
        if at_rest.verdict == "different" {
            assert_eq!(meanwhile.verdict, "different", "{}", model.name);
            missed += 1;
        }
    }
    assert!(missed >= 3, "{missed}");
}
