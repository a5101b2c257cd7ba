//! What a view holds after it was fed, what is skipped, retried, and refused, and where it then stands.

mod support;

use std::collections::VecDeque;

use chimera_log::Partition;
use chimera_model::testing::{Shop, Tables};
use chimera_model::{ALL, Change, daily_revenue, inventory_snapshot, order_status};
use chimera_stores::search::SearchReader;
use chimera_stores::{EmbeddedStores, RowReader, StoreError, View};
use chimera_worker::{Feeder, Halt, Limits, Positions, Stores};
use support::{MemoryStores, SMALL, Scripted, append_raw, catch_up, empty_log, feeder, log_of};

fn history() -> Vec<Change> {
    let acts: Vec<_> = (0..600_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    Shop::history(&acts.iter().map(|[a, b, c, _]| (*a, *b, *c)).collect::<Vec<_>>())
}

fn order_partition() -> Partition {
    Partition::new("ecommerce.order.order", 0)
}

#[tokio::test]
async fn every_model_is_fed_to_the_end_of_the_log() {
    let (history, stores) = (history(), MemoryStores::scripted([]));
    let log = log_of(&history);
    for model in ALL {
        catch_up(&feeder(&log, &stores, SMALL), model, &Positions::default()).await.unwrap();
        let view = View::new(model.name, 1);
        assert_eq!(stores.tables(view), Tables::after(model, &history), "{}", model.name);
    }
}

#[tokio::test]
async fn the_embedded_stores_hold_the_same_rows_and_are_rebuilt_when_they_are_lost() {
    let (history, dir) = (history(), tempfile::tempdir().unwrap());
    let log = log_of(&history);
    for model in ALL {
        for attempt in ["first", "again", "lost"] {
            if attempt == "lost" {
                std::fs::remove_dir_all(dir.path().join(model.name)).unwrap();
            }
            let stores = EmbeddedStores::open(&dir.path().join(model.name)).unwrap();
            let all = Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() };
            let feeder = Feeder::new(log.clone(), all, Limits::REBUILD).unwrap();
            catch_up(&feeder, model, &Positions::default()).await.unwrap();
            let expected = Tables::after(model, &history);
            for table in model.tables {
                for row in expected.rows(table) {
                    let view = View::new(model.name, 1);
                    let found = stores.rows().get(view, table, &row.key).await.unwrap();
                    assert_eq!(found, Some(row), "{} {attempt}", table.name);
                }
            }
            for spec in model.indices {
                for number in 0..3 {
                    let (view, id) = (View::new(model.name, 1), format!("P.{number}"));
                    let found = stores.search().get(view, spec, &id).await.unwrap();
                    let parts = found.map(|document| document.parts).unwrap_or_default();
                    let expected = expected.document(spec.index, &id);
                    assert_eq!(format!("{parts:?}"), format!("{expected:?}"), "{id} {attempt}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_the_header_says_is_not_wanted_is_not_decoded() {
    let (log, stores) = (empty_log(), MemoryStores::scripted([]));
    append_raw(&log, &order_partition(), "ecommerce.order.order.shipped.v1", b"no event at all");
    let positions = Positions::default();
    catch_up(&feeder(&log, &stores, SMALL), &daily_revenue::MODEL, &positions).await.unwrap();
    assert_eq!(positions.applied("daily_revenue", &order_partition()), Some(1));
    let saved = stores.checkpoint(View::new("daily_revenue", 1), &order_partition());
    assert_eq!(saved, Some(1), "the checkpoint follows what was passed over");
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_until_it_has() {
    let transient = || Scripted::Fail(StoreError::Transient("away".into()));
    let full = || Scripted::Fail(StoreError::Saturated("full".into()));
    let script = [transient(), full(), Scripted::Pass, transient(), transient(), full()];
    let (history, stores) = (history(), MemoryStores::scripted(script));
    let log = log_of(&history);
    let model = &inventory_snapshot::MODEL;
    catch_up(&feeder(&log, &stores, SMALL), model, &Positions::default()).await.unwrap();
    assert_eq!(stores.tables(View::new(model.name, 1)), Tables::after(model, &history));
}

#[tokio::test]
async fn a_store_that_has_failed_stops_the_model_and_says_where() {
    let failed = StoreError::Fatal("disk on fire".into());
    let script = VecDeque::from([Scripted::Pass, Scripted::Fail(failed.clone())]);
    let (history, stores) = (history(), MemoryStores::scripted(script));
    let model = &order_status::MODEL;
    let feeder = feeder(&log_of(&history), &stores, SMALL);
    let halt = catch_up(&feeder, model, &Positions::default()).await.unwrap_err();
    assert!(matches!(halt, Halt::Store { source, .. } if source == failed));
}

#[tokio::test]
async fn a_view_that_knows_more_than_the_log_is_refused() {
    let (history, stores) = (history(), MemoryStores::scripted([]));
    let model = &order_status::MODEL;
    let positions = Positions::default();
    catch_up(&feeder(&log_of(&history), &stores, SMALL), model, &positions).await.unwrap();
    let halt = catch_up(&feeder(&empty_log(), &stores, SMALL), model, &positions).await;
    assert!(matches!(halt, Err(Halt::Ahead { last: 0, .. })), "{halt:?}");
}
