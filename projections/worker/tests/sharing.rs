//! Several processes that share the stores and the work: partitions go from one to the other while events flow, each may wait
//! for what another does, and a feed that ends by itself begins again alone.
#![allow(clippy::print_stderr, reason = "says how long it took")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use chimera_log::{MemberLog, MemoryLog, Partition, SharedLog};
use chimera_model::testing::{Shop, Tables};
use chimera_model::{Change, ReadModel, daily_revenue, order_details};
use chimera_stores::{StoreError, View};
use chimera_worker::{Answers, Feeder, Halt, Limits, Positions, Reach, Stores, WaitError, Worker};
use support::counting::Counting;
use support::{MemoryStores, SMALL, Scripted, append, empty_log};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

static MODEL: &ReadModel = &order_details::MODEL;
const LIMITS: Limits = Limits { save_within: Limits::SHARED.save_within, ..SMALL };

fn history() -> Vec<Change> {
    let acts: Vec<_> = (0..600_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let all = Shop::history(&acts.iter().map(|[a, b, c, _]| (*a, *b, *c)).collect::<Vec<_>>());
    let read = |change: &Change| MODEL.streams().contains(&change.stream());
    all.into_iter().filter(read).collect()
}

/// The partitions that the model reads, in order of streams.
fn partitions() -> Vec<Partition> {
    let each = |stream: &str| [0, 1].map(|index| Partition::new(stream, index));
    MODEL.streams().into_iter().flat_map(each).collect()
}

fn last(history: &[Change], partition: &Partition) -> u64 {
    let of = |change: &&Change| {
        change.stream() == &*partition.stream && change.partition() == partition.index
    };
    history.iter().filter(of).map(|change| change.meta().sequence).max().unwrap_or(0)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// One process.
struct Node {
    member: Arc<MemberLog>,
    log: Arc<Counting>,
    positions: Positions,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), Halt>>,
}

impl Node {
    fn start(shared: &SharedLog, stores: &Arc<MemoryStores>, model: &'static ReadModel) -> Self {
        let member = shared.at("somewhere");
        let log = Counting::of(&member);
        Self::with(member, log, stores, (model, LIMITS))
    }

    fn with(
        member: Arc<MemberLog>,
        log: Arc<Counting>,
        stores: &Arc<MemoryStores>,
        (model, limits): (&'static ReadModel, Limits),
    ) -> Self {
        let all = Stores { rows: stores.clone(), kv: stores.clone(), search: stores.clone() };
        let feeder = Feeder::new(log.clone(), all, limits).unwrap();
        let worker = Worker::new(feeder, stores.generations()).shared();
        let positions = worker.positions();
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { stopped.await.unwrap_or_default() };
        let running = tokio::spawn(async move { worker.run_until(model, stopped).await });
        Self { member, log, positions, stop: Some(stop), running }
    }

    fn give(&self, model: &ReadModel, partitions: &[Partition]) {
        let group = format!("projection.{}", model.name);
        self.member.shares().give(&group, partitions.iter().cloned());
    }

    async fn feeds(&self, model: &ReadModel, partitions: &[Partition]) {
        let all = || partitions.iter().all(|it| self.positions.applied(model.name, it).is_some());
        until(|| self.positions.is_fed(model.name) && all()).await;
    }

    async fn reaches(&self, model: &ReadModel, history: &[Change]) {
        for partition in partitions() {
            let last = last(history, &partition);
            let waited = self.positions.wait_until(model.name, &partition, last, soon()).await;
            assert_eq!(waited, Ok(()), "{partition}");
        }
    }

    /// As a process that is killed.
    async fn kill(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }

    /// As a process that ends in order.
    async fn end(mut self) -> Arc<MemberLog> {
        drop(self.stop.take());
        self.running.await.unwrap().unwrap();
        self.member
    }
}

async fn until(condition: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not come");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn shared() -> (Arc<MemoryLog>, SharedLog, Arc<MemoryStores>) {
    let log = empty_log();
    (log.clone(), SharedLog::new(log), MemoryStores::scripted([]))
}

#[tokio::test]
async fn partitions_go_back_and_forth_while_events_flow_and_nothing_is_left_out() {
    let (history, (log, shared, stores)) = (history(), shared());
    let (one, two) = (Node::start(&shared, &stores, MODEL), Node::start(&shared, &stores, MODEL));
    let all = partitions();
    let (stays, moves, goes) = (&all[..1], &all[1..3], &all[3..]);
    one.give(MODEL, &[stays, moves].concat());
    two.give(MODEL, goes);
    for (round, part) in history.chunks(history.len().div_ceil(20)).enumerate() {
        append(&log, part);
        let (gets, loses) = if round % 2 == 0 { (&two, &one) } else { (&one, &two) };
        one.give(MODEL, &if round % 2 == 0 { stays.to_vec() } else { [stays, moves].concat() });
        two.give(MODEL, &if round % 2 == 0 { [goes, moves].concat() } else { goes.to_vec() });
        // Sometimes the next change comes before this one is done.
        if round % 3 > 0 {
            gets.feeds(MODEL, moves).await;
            until(|| loses.positions.applied(MODEL.name, &moves[0]).is_none()).await;
        }
    }
    one.reaches(MODEL, &history).await;
    two.reaches(MODEL, &history).await;
    assert_eq!(stores.tables(View::new(MODEL.name, 1)), Tables::after(MODEL, &history));
    assert_eq!((one.log.begun(&all[0]), two.log.begun(&all[3])), (1, 1), "those that stayed");
    assert!(one.log.begun(&all[1]) + two.log.begun(&all[1]) > 2, "it went back and forth");
    one.kill().await;
    two.give(MODEL, &all);
    two.feeds(MODEL, &all).await;
}

#[tokio::test]
async fn what_a_killed_process_had_is_gone_on_with_from_the_store() {
    let (history, (log, shared, stores)) = (history(), shared());
    let all = partitions();
    for part in history.chunks(history.len().div_ceil(8)) {
        let node = Node::start(&shared, &stores, MODEL);
        node.give(MODEL, &all);
        append(&log, part);
        // Some die early, some late.
        let place = Partition::new(part[0].stream(), part[0].partition());
        let sequence = part[0].meta().sequence;
        node.positions.wait_until(MODEL.name, &place, sequence, soon()).await.unwrap();
        node.kill().await;
    }
    let node = Node::start(&shared, &stores, MODEL);
    node.give(MODEL, &all);
    node.reaches(MODEL, &history).await;
    assert_eq!(stores.tables(View::new(MODEL.name, 1)), Tables::after(MODEL, &history));
}

#[tokio::test]
async fn a_read_on_one_node_waits_for_what_another_feeds() {
    let (history, (log, shared, stores)) = (history(), shared());
    let (one, two) = (Node::start(&shared, &stores, MODEL), Node::start(&shared, &stores, MODEL));
    one.give(MODEL, &partitions());
    two.give(MODEL, &[]);
    one.feeds(MODEL, &partitions()).await;
    let mut waits = vec![];
    for part in history.chunks(4) {
        append(&log, part);
        let appended = Instant::now();
        for change in part {
            let place = Partition::new(change.stream(), change.partition());
            let waited =
                two.positions.wait_until(MODEL.name, &place, change.meta().sequence, soon());
            waited.await.unwrap();
        }
        waits.push(appended.elapsed());
    }
    waits.sort();
    let median = waits[waits.len() / 2];
    eprintln!("a read elsewhere waits {median:?} at the median, {:?} at most", waits.last());
    assert!(median < Duration::from_millis(200), "{median:?}");
    let stock = Partition::new("ecommerce.inventory.stock", 0);
    assert_eq!(two.positions.wait_until(MODEL.name, &stock, 9, soon()).await, Ok(()));
}

#[tokio::test]
async fn events_that_write_nothing_are_soon_seen_elsewhere_too() {
    let (history, (log, shared, stores)) = (history(), shared());
    let model = &daily_revenue::MODEL;
    let (one, two) = (Node::start(&shared, &stores, model), Node::start(&shared, &stores, model));
    let orders: Vec<Change> =
        history.into_iter().filter(|change| matches!(change, Change::Order(_))).collect();
    let place = Partition::new(orders[0].stream(), orders[0].partition());
    one.give(model, std::slice::from_ref(&place));
    append(&log, &orders[..1]);
    let begun = Instant::now();
    two.positions.wait_until(model.name, &place, 1, soon()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_node_is_told_how_far_that_is() {
    let (history, (log, shared, stores)) = (history(), shared());
    let (one, two) = (Node::start(&shared, &stores, MODEL), Node::start(&shared, &stores, MODEL));
    append(&log, &history);
    one.give(MODEL, &partitions());
    two.reaches(MODEL, &history).await;
    let place = &partitions()[0];
    let applied = last(&history, place);
    let late = two.positions.wait_until(MODEL.name, place, applied + 1, soon()).await;
    assert_eq!(late, Err(WaitError::NotCaughtUp { applied, wanted: applied + 1 }));
    let reach = |is_here| {
        let of = |partition: Partition| {
            let applied = last(&history, &partition);
            Reach { partition, applied, is_here }
        };
        partitions().into_iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(two.positions.everywhere(MODEL).await.unwrap(), reach(false));
    assert_eq!(one.positions.everywhere(MODEL).await.unwrap(), reach(true));
}

#[tokio::test]
async fn a_process_that_ends_in_order_saves_how_far_it_is_and_leaves() {
    let (history, (log, shared, stores)) = (history(), shared());
    let model = &daily_revenue::MODEL;
    let member = shared.at("somewhere");
    let slow = Limits { save_within: Duration::from_hours(1), ..SMALL };
    let node = Node::with(member.clone(), Counting::of(&member), &stores, (model, slow));
    let orders: Vec<Change> =
        history.into_iter().filter(|change| matches!(change, Change::Order(_))).collect();
    let place = Partition::new(orders[0].stream(), orders[0].partition());
    append(&log, &orders[..1]);
    node.give(model, std::slice::from_ref(&place));
    node.positions.wait_until(model.name, &place, 1, soon()).await.unwrap();
    let (view, group) = (View::new(model.name, 1), "projection.daily_revenue");
    assert_eq!(stores.checkpoint(view, &place), None, "nothing was written");
    assert!(member.shares().takes_part(group));
    let member = node.end().await;
    assert_eq!(stores.checkpoint(view, &place), Some(1));
    assert_eq!(member.shares().applied(group, &place), Some(1), "the group knows");
    assert!(!member.shares().takes_part(group));
}

#[tokio::test]
async fn it_is_known_what_is_to_be_fed_even_if_it_is_nothing() {
    let (_, shared, stores) = shared();
    let node = Node::start(&shared, &stores, MODEL);
    until(|| node.member.shares().takes_part("projection.order_details")).await;
    assert!(!node.positions.is_fed(MODEL.name), "the group has not said yet");
    node.give(MODEL, &[]);
    until(|| node.positions.is_fed(MODEL.name)).await;
    node.give(MODEL, &partitions());
    node.feeds(MODEL, &partitions()).await;
    node.give(MODEL, &[]);
    until(|| node.positions.applied(MODEL.name, &partitions()[0]).is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_store_that_does_not_answer_keeps_from_being_fed_is_told_apart() {
    let (_, shared, stores) = shared();
    let (node, all) = (Node::start(&shared, &stores, MODEL), partitions());
    node.give(MODEL, &all[..1]);
    node.feeds(MODEL, &all[..1]).await;
    stores.answer(false);
    node.give(MODEL, &all);
    until(|| !node.positions.is_fed(MODEL.name)).await;
    until(|| node.positions.waits_to_be_fed(MODEL.name)).await;
    stores.answer(true);
    node.feeds(MODEL, &all).await;
    let came = |lag: &chimera_worker::Lag| matches!(lag.store, Answers::AgainSince(_));
    let lags = node.positions.lags(support::LATER);
    assert!(lags.iter().filter(|lag| lag.partition != all[0]).all(came), "{lags:?}");
}

#[tokio::test]
async fn a_node_whose_feeds_have_stopped_waits_for_those_of_another() {
    let (history, (log, shared, _)) = (history(), shared());
    let stores = MemoryStores::scripted([Scripted::Fail(StoreError::Fatal("a disk".into()))]);
    append(&log, &history);
    let one = Node::start(&shared, &stores, MODEL);
    one.give(MODEL, &partitions());
    until(|| one.positions.halted(MODEL.name).is_some()).await;
    until(|| !one.member.shares().takes_part("projection.order_details")).await;
    let two = Node::start(&shared, &stores, MODEL);
    two.give(MODEL, &partitions());
    one.reaches(MODEL, &history).await;
    assert!(one.running.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_went_back_is_read_anew_for_its_partition_alone() {
    let went_back = || Scripted::Fail(StoreError::WentBack("a restart".into()));
    let (history, (log, shared, _)) = (history(), shared());
    let script = [Scripted::Pass, went_back(), Scripted::Pass, went_back(), went_back()];
    let stores = MemoryStores::scripted(script);
    append(&log, &history);
    let node = Node::start(&shared, &stores, MODEL);
    node.give(MODEL, &partitions());
    node.reaches(MODEL, &history).await;
    assert_eq!(stores.tables(View::new(MODEL.name, 1)), Tables::after(MODEL, &history));
    assert_eq!(node.positions.halted(MODEL.name), None);
    let begun: u32 = partitions().iter().map(|it| node.log.begun(it)).sum();
    assert!((5..=7).contains(&begun), "{begun} times: four, and once for each time it went back");
}

#[tokio::test(start_paused = true)]
async fn an_end_of_the_log_that_is_old_news_here_is_waited_for() {
    let (history, (log, shared, stores)) = (history(), shared());
    append(&log, &history);
    let first = Node::start(&shared, &stores, MODEL);
    first.give(MODEL, &partitions());
    first.reaches(MODEL, &history).await;
    first.end().await;
    let member = shared.at("late");
    let late = Counting::late(&member);
    let node = Node::with(member, late.clone(), &stores, (MODEL, LIMITS));
    node.give(MODEL, &partitions());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(late.begun(&partitions()[0]), 0);
    late.hear(history.len() as u64);
    node.feeds(MODEL, &partitions()).await;
    assert_eq!(node.positions.halted(MODEL.name), None);
}
