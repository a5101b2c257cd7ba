//! Killed at any point, any number of times, a view ends as if nothing had happened.

mod support;

use std::sync::Arc;

use chimera_model::ALL;
use chimera_model::testing::{Act, Shop, Tables};
use chimera_stores::View;
use chimera_worker::Positions;
use proptest::prelude::*;
use support::{MemoryStores, SMALL, Scripted, catch_up, feeder, log_of};

fn script() -> impl Strategy<Value = Vec<Scripted>> {
    let one = prop_oneof![
        2 => Just(Scripted::Pass),
        1 => (0_usize..8).prop_map(Scripted::DieAfter),
    ];
    prop::collection::vec(one, 0..20)
}

/// Runs until the stores die or the end of the log: what came of it, or none where they died.
async fn one_life(
    log: &Arc<chimera_log::MemoryLog>,
    stores: &Arc<MemoryStores>,
    model: &'static chimera_model::ReadModel,
) -> Option<Result<(), chimera_worker::Halt>> {
    let (feeder, positions) = (feeder(log, stores, SMALL), Positions::default());
    tokio::select! {
        ended = catch_up(&feeder, model, &positions) => Some(ended),
        () = stores.died.notified() => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn killed_at_any_point_a_view_ends_as_if_nothing_had_happened(
        acts in prop::collection::vec(any::<Act>(), 1..80),
        script in script(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let history = Shop::history(&acts);
        let log = log_of(&history);
        for model in ALL {
            let stores = MemoryStores::scripted(script.clone());
            let ended = loop {
                if let Some(ended) = runtime.block_on(one_life(&log, &stores, model)) {
                    break ended;
                }
            };
            prop_assert_eq!(ended, Ok(()));
            let expected = Tables::after(model, &history);
            prop_assert_eq!(stores.tables(View::new(model.name, 1)), expected, "{}", model.name);
        }
    }
}
