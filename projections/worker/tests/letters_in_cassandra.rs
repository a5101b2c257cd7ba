//! Dead letters in a real Cassandra, whose tables, paging and deletions are its own: parked, listed, tried, dropped, by one worker
//! after the other.
//!
//! Needs `CHIMERA_STACK=1` and `CHIMERA_STACK_CASSANDRA` (host:port). Each test has a keyspace of its own, and leaves it empty.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "these are tests, and say where they did not run"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chimera_log::{MemoryControl, MemoryLog, Partition};
use chimera_model::testing::{Shop, Tables};
use chimera_model::{Change, ReadModel, daily_revenue, order_details, orders_by_customer};
use chimera_stores::{
    CassandraOptions, CassandraRows, Generations, RowReader, RowWriter, Scanned, View,
};
use chimera_worker::{
    Class, DEAD_LETTERS_VIEW, DeadLetters, Feeder, Halt, Letter, Limits, ParkedAggregate,
    ShownEvent, Stores, Worker,
};
use support::garbling::Garbling;
use support::{MemoryStores, append, empty_log, log_of};
use tokio::task::JoinHandle;

static MODELS: [&ReadModel; 2] = [&orders_by_customer::MODEL, &daily_revenue::MODEL];
const ORDERS: u32 = 12;
/// Each of them is paid with its fourth event, which is garbled.
const POISONED: [&str; 4] = ["O-1", "O-3", "O-5", "O-7"];
const PAID: u64 = 4;
/// So many orders that none of them can be applied brings more than a page of letters.
const MANY: u32 = 250;

/// A node of Cassandra, if tests with real services are to run.
fn node() -> Option<String> {
    if std::env::var("CHIMERA_STACK").as_deref() != Ok("1") {
        eprintln!("not run: dead letters in a real Cassandra need CHIMERA_STACK=1");
        return None;
    }
    Some(std::env::var("CHIMERA_STACK_CASSANDRA").expect("CHIMERA_STACK_CASSANDRA names a node"))
}

/// A keyspace that nobody else uses.
fn fresh(node: String) -> CassandraOptions {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let keyspace = format!("test_{}_{}", std::process::id(), since.as_nanos());
    CassandraOptions { nodes: vec![node], keyspace, replication: 1, username: None, password: None }
}

/// A worker that has just been started: it knows nothing but what Cassandra holds.
struct Life {
    rows: Arc<CassandraRows>,
    feeder: Feeder,
    running: JoinHandle<Result<(), Halt>>,
    model: &'static ReadModel,
    view: View,
}

impl Life {
    async fn begin(
        options: &CassandraOptions,
        log: &Arc<Garbling>,
        model: &'static ReadModel,
    ) -> Self {
        let rows = Arc::new(CassandraRows::connect(options).await.unwrap());
        let others = MemoryStores::scripted([]);
        let live = Generations::new(Arc::new(MemoryControl::default()));
        let stores = Stores { rows: rows.clone(), kv: others.clone(), search: others };
        let feeder = Feeder::new(log.clone(), stores, Limits::LIVE).unwrap();
        let worker = Worker::new(feeder.clone(), live);
        let running = tokio::spawn(async move { worker.run(model).await });
        Self { rows, feeder, running, model, view: View::new(model.name, 1) }
    }

    fn letters(&self) -> DeadLetters {
        self.feeder.dead_letters()
    }

    /// Waits until the letters are as the condition wants them.
    async fn until(&self, what: &str, condition: impl AsyncFn(&Self) -> bool) {
        let waited = async {
            while !condition(self).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let came = tokio::time::timeout(Duration::from_secs(30), waited).await;
        assert!(came.is_ok(), "{what} of {} does not come", self.model.name);
    }

    /// Waits until everything is applied or parked, and so many events wait.
    async fn until_wait(&self, history: &[Change], waiting: usize) {
        self.until("what waits", async |life| {
            let standing = life.feeder.target(life.model, 1).applied().await.unwrap_or_default();
            let is_done = |change: &Change| {
                let partition = Partition::new(change.stream(), change.partition());
                standing.get(&partition).is_some_and(|it| *it >= change.meta().sequence)
            };
            let mut read = history.iter().filter(|it| it.stream() == life.model.streams()[0]);
            read.all(is_done) && life.totals().await.1 == waiting as u64
        })
        .await;
    }

    async fn totals(&self) -> (u64, u64) {
        self.letters().totals(self.model, self.view).await.unwrap()
    }

    async fn listed(&self) -> Vec<ParkedAggregate> {
        let mut all = vec![];
        for partition in self.letters().partitions(self.model).unwrap() {
            let found = self.letters().aggregates(self.view, &partition).await.unwrap();
            assert!(found.is_sorted_by_key(|aggregate| aggregate.first.sequence));
            all.extend(found);
        }
        all
    }

    async fn attempts(&self, key: &str) -> u32 {
        let listed = self.listed().await;
        listed.iter().find(|aggregate| aggregate.first.key == key).map_or(0, |it| it.first.attempts)
    }

    async fn retry(&self, key: &str) {
        self.letters().retry(self.model, self.view, key, "ann").await.unwrap();
    }

    /// The rows are those that this history comes to, and no others.
    async fn holds<'a>(&self, history: impl IntoIterator<Item = &'a Change>) {
        let expected = Tables::after(self.model, history);
        for table in self.model.tables {
            let (mut found, mut after) = (vec![], None);
            loop {
                let page = self.rows.scan(self.view, table, after.as_ref(), 1_000).await.unwrap();
                for row in page.items {
                    let Scanned::Sound(row) = row else { panic!("{row:?}") };
                    found.push((row.key, row.cells));
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            found.sort_by(|one, other| one.0.cmp(&other.0));
            let expected = expected.rows(table).into_iter().map(|row| (row.key, row.cells));
            assert_eq!(found, expected.collect::<Vec<_>>(), "{}", table.name);
        }
    }

    /// As a process that is killed; gives the keyspace its room back.
    async fn clear_up(self) {
        let (rows, view) = (self.rows.clone(), self.view);
        self.kill().await;
        for view in [view, DEAD_LETTERS_VIEW] {
            rows.remove(view).await.unwrap();
        }
    }

    /// As a process that is killed.
    async fn kill(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }
}

fn is_poisoned(change: &Change) -> bool {
    POISONED.contains(&&**change.key()) && change.meta().aggregate_version >= PAID
}

/// The events that the model would have applied and that wait instead.
fn waiting(model: &ReadModel, history: &[Change]) -> usize {
    let read = |change: &&Change| model.reads(change.event_type().as_bytes());
    history.iter().filter(|change| is_poisoned(change)).filter(read).count()
}

fn garbled(
    log: &Arc<MemoryLog>,
    history: &[Change],
    which: impl Fn(&Change) -> bool,
) -> Arc<Garbling> {
    let places = history.iter().filter(|change| which(change)).map(|change| {
        (Partition::new(change.stream(), change.partition()), change.meta().sequence)
    });
    Garbling::at(log, places)
}

/// What waits while events go on coming, also behind what a worker before had parked; and what is given up while none runs.
async fn parks_and_heals(model: &'static ReadModel, options: &CassandraOptions) {
    let history = Shop::of_orders(ORDERS);
    let (log, half) = (empty_log(), history.len() * 3 / 5);
    let is_payment = |change: &Change| change.meta().aggregate_version == PAID;
    let log_of_worker = garbled(&log, &history, |it| is_poisoned(it) && is_payment(it));
    let life = Life::begin(options, &log_of_worker, model).await;
    append(&log, &history[..half]);
    life.until_wait(&history[..half], waiting(model, &history[..half])).await;
    assert_eq!(life.totals().await.0, 4);
    life.kill().await;

    let life = Life::begin(options, &log_of_worker, model).await;
    append(&log, &history[half..]);
    let all = waiting(model, &history);
    assert!(all > waiting(model, &history[..half]), "more comes after the restart");
    life.until_wait(&history, all).await;
    life.holds(history.iter().filter(|change| !is_poisoned(change))).await;
    for aggregate in life.listed().await {
        let Letter { key, class, attempts, .. } = &aggregate.first;
        assert_eq!((*class, *attempts), (Class::Undecodable, 1), "{key}");
        let shown = life.letters().show(model, life.view, key, 100).await.unwrap();
        assert_eq!(shown.len() as u64, aggregate.events);
        assert!(matches!(shown[0].event, ShownEvent::Raw { bytes: 5, .. }));
        assert!(shown[1..].iter().all(|it| it.letter.class == Class::Waiting));
        assert!(shown.is_sorted_by_key(|it| it.letter.sequence));
    }
    life.retry("O-1").await;
    life.until("a second attempt", async |life| life.attempts("O-1").await == 2).await;
    life.kill().await;
    heals(model, options, &log_of_worker, &history).await;
}

async fn heals(
    model: &'static ReadModel,
    options: &CassandraOptions,
    log: &Arc<Garbling>,
    history: &[Change],
) {
    // What is asked for while no worker runs is found by the next one.
    let life = Life::begin(options, log, model).await;
    let (letters, view) = (life.letters(), life.view);
    life.kill().await;
    letters.drop_events((model, view), "O-3", false, ("ann", "a test order")).await.unwrap();
    letters.retry(model, view, "O-5", "ann").await.unwrap();
    log.fix();
    let life = Life::begin(options, log, model).await;
    let first_of = async |life: &Life, key: &str| {
        let listed = life.listed().await;
        listed.into_iter().find(|it| it.first.key == key).map(|it| it.first.class)
    };
    life.until("the drop", async |life| first_of(life, "O-3").await == Some(Class::Waiting)).await;
    life.until("the healing", async |life| first_of(life, "O-5").await.is_none()).await;
    assert_eq!(life.totals().await.0, 3, "the others were not tried");
    life.letters().retry_all(model, view, "bob").await.unwrap();
    life.until("the end", async |life| life.totals().await == (0, 0)).await;
    let dropped =
        |change: &&Change| &**change.key() == "O-3" && change.meta().aggregate_version == PAID;
    life.holds(history.iter().filter(|change| !dropped(change))).await;
    life.until("the last outcome", async |life| {
        let audit = life.letters().audit(model, 100).await.unwrap();
        audit.iter().all(|line| line.outcome.is_some() && line.done_at.is_some())
    })
    .await;
    let audit = life.letters().audit(model, 100).await.unwrap();
    assert!(audit.is_sorted_by(|newer, older| newer.asked_at >= older.asked_at));
    let reasons: Vec<&str> = audit.iter().map(|line| &*line.reason).collect();
    assert_eq!(reasons.iter().filter(|reason| **reason == "a test order").count(), 1);
    life.clear_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_outlives_every_worker_and_heals_in_order() {
    let Some(node) = node() else { return };
    for model in MODELS {
        parks_and_heals(model, &fresh(node.clone())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_letters_than_one_question_brings_are_all_found_again_and_heal() {
    let Some(node) = node() else { return };
    let (options, model) = (fresh(node), &order_details::MODEL);
    let history = Shop::of_orders(MANY);
    let events = history.len() as u64;
    let most = history.iter().map(|change| change.meta().sequence).max().unwrap();
    assert!(most > 1_000, "{most} events of a partition are one page");
    let log = garbled(&log_of(&history), &history, |change| change.meta().aggregate_version == 1);
    let life = Life::begin(&options, &log, model).await;
    life.until_wait(&history, history.len()).await;
    assert_eq!(life.totals().await, (MANY.into(), events));
    life.kill().await;
    log.fix();
    let life = Life::begin(&options, &log, model).await;
    life.letters().retry_all(model, life.view, "ann").await.unwrap();
    life.until("the healing", async |life| life.totals().await == (0, 0)).await;
    life.holds(&history).await;
    life.clear_up().await;
}
