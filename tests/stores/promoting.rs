//! A rebuild, its proof and its promotion on two nodes and the real stores, under reads at full rate: no read fails, no wrong row comes
//! after the switch, and a rollback and a drop are as quiet. `CHIMERA_STACK_READS=1000` reads so often in a second.

use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chimera_log_kafka::KafkaLog;
use chimera_model::{RowKey, RowMutation, order_details};
use chimera_stores::{CassandraRows, RowWriter as _, View};
use serde_json::Value as Json;

use crate::http::get;
use crate::nodes::Nodes;
use crate::places::{self, brokers};
use crate::program::{replay, soon};
use crate::serving::{adjustment, order};
use crate::shop::Shop;
use crate::turn;

const MODEL: &str = order_details::MODEL.name;
const ORDERS: usize = 20;
const READERS: u32 = 8;
/// What no rule ever writes.
const WRONG: &str = "WRONG";
/// How long it is read after each step.
const WHILE: Duration = Duration::from_secs(2);

#[test]
fn readers_see_one_switch_and_no_trouble() {
    let Some(_turn) = turn("a promotion under reads") else { return };
    let brokers = brokers();
    let shop = Shop::new("promoting");
    let stores = shop.stores();
    let told: Vec<&str> = stores.iter().map(String::as_str).collect();
    let nodes = Nodes::told(&brokers, shop.name(), &[&told[..]; 2]);
    let settings = [nodes.settings(), stores.clone()].concat();
    let dir = shop.written("operator", "").with_extension("d");
    let orders = ordered(&nodes);
    spoil(shop.name(), &orders);

    let operator = Operator { dir: &dir, settings: &settings };
    let wrong = operator.says(&["verify", MODEL], 1);
    let differing = wrong["models"][0]["tables"][0]["differing"].as_array().unwrap();
    assert_eq!(differing.len(), ORDERS, "{wrong:#}");

    let (reading, begun) = (Reading::default(), Instant::now());
    thread::scope(|scope| {
        for reader in 0..READERS as usize {
            let (reading, nodes, orders) = (&reading, &nodes, &orders);
            scope.spawn(move || reading.read(reader, nodes, orders));
        }
        operator.says(&["run", MODEL], 0);
        operator.says(&["verify", MODEL, "--generation", "2"], 0);
        assert_eq!(reading.right.load(Ordering::Relaxed), 0, "before the switch");
        reading.phase.store(SWITCHING, Ordering::SeqCst);
        operator.says(&["promote", MODEL, "--yes"], 0);
        // Both nodes follow within milliseconds; a read that was under way may still answer.
        thread::sleep(Duration::from_millis(500));
        reading.phase.store(SWITCHED, Ordering::SeqCst);
        thread::sleep(WHILE);
        operator.says(&["drop", MODEL, "1", "--yes"], 0);
        thread::sleep(WHILE);
        reading.is_over.store(true, Ordering::SeqCst);
    });
    reading.judge(begun.elapsed());
    operator.says(&["verify"], 0);
    let log = nodes.log(&brokers);
    drop(nodes);
    KafkaLog::open(log).unwrap().delete_topics().unwrap();
}

/// Places orders, half of them at each node.
fn ordered(nodes: &Nodes) -> Vec<String> {
    let stock = serde_json::json!({"productId": "P-1", "details": {"title": "One"}, "price": {"amount": "10.00", "currency": "GBP"}});
    let made =
        crate::http::post("/api/v1/products", &stock).key("p").send(nodes.address(0)).unwrap();
    made.is(201);
    adjustment("P-1", 1_000).key("a").send(nodes.address(0)).unwrap().is(201);
    let place = |number: usize| {
        let ask = order("P-1", 1).key(&number.to_string()).header("prefer", "wait=20");
        let placed = soon("an order", || {
            let answer = ask.send(nodes.address(number % 2)).ok()?;
            (answer.status == 201).then_some(answer)
        });
        let id = placed.json()["orderId"].as_str().unwrap().to_owned();
        soon("the order's page", || {
            let answer = get(&format!("/api/v1/orders/{id}")).send(nodes.address(0)).ok()?;
            (answer.status == 200 && answer.json()["confirmed"] == true).then_some(())
        });
        id
    };
    (0..ORDERS).map(place).collect()
}

/// Gives the live generation what is wrong.
fn spoil(keyspace: &str, orders: &[String]) {
    let wrong = orders.iter().map(|order| RowMutation::Upsert {
        table: order_details::MODEL.tables[0],
        key: RowKey(vec![order.as_str().into()]),
        cells: vec![("status", WRONG.into())],
        version: 1 << 40,
    });
    let wrong: Vec<RowMutation> = wrong.collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let rows = CassandraRows::connect(&places::keyspace(keyspace)).await.unwrap();
        rows.apply(View::new(MODEL, 1), &wrong, &[]).await.unwrap();
    });
}

/// `replay`, as an operator of this shop types it.
struct Operator<'a> {
    dir: &'a Path,
    settings: &'a [String],
}

impl Operator<'_> {
    fn says(&self, verb: &[&str], code: i32) -> Json {
        let mut arguments = verb.to_vec();
        arguments.extend(["--format", "json"]);
        arguments.extend(self.settings.iter().map(String::as_str));
        let said = replay(self.dir, &arguments);
        assert_eq!(said.code, code, "{verb:?}: {}{}", said.out, said.err);
        serde_json::from_str(&said.out).unwrap()
    }
}

const SWITCHING: u64 = 1;
const SWITCHED: u64 = 2;

/// What all readers have seen.
#[derive(Default)]
struct Reading {
    reads: AtomicU64,
    /// Answers from what was promoted.
    right: AtomicU64,
    failed: AtomicU64,
    /// Wrong answers after the switch, or after a right one from the same node.
    late: AtomicU64,
    slowest_micros: AtomicU64,
    phase: AtomicU64,
    is_over: AtomicBool,
}

impl Reading {
    /// Reads from both nodes in turn, at its part of the rate.
    fn read(&self, reader: usize, nodes: &Nodes, orders: &[String]) {
        let rate: f64 = env::var("CHIMERA_STACK_READS").map_or(200.0, |rate| rate.parse().unwrap());
        let between = Duration::from_secs_f64(f64::from(READERS) / rate);
        let addresses = [nodes.address(0), nodes.address(1)];
        let (mut seen_right, mut due) = ([false; 2], Instant::now());
        for turn in reader.. {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            due += between;
            let (node, id) = (turn % 2, &orders[turn % orders.len()]);
            let (phase, begun) = (self.phase.load(Ordering::SeqCst), Instant::now());
            let answer = get(&format!("/api/v1/orders/{id}")).send(addresses[node]);
            let took = u64::try_from(begun.elapsed().as_micros()).unwrap();
            self.slowest_micros.fetch_max(took, Ordering::Relaxed);
            self.reads.fetch_add(1, Ordering::Relaxed);
            let Some(answer) = answer.ok().filter(|answer| answer.status == 200) else {
                self.failed.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let is_right = answer.json()["status"] != WRONG;
            self.right.fetch_add(u64::from(is_right), Ordering::Relaxed);
            let is_late = !is_right && (seen_right[node] || phase == SWITCHED);
            self.late.fetch_add(u64::from(is_late), Ordering::Relaxed);
            seen_right[node] |= is_right;
        }
    }

    fn judge(&self, took: Duration) {
        let of = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let (reads, right, slowest) = (of(&self.reads), of(&self.right), of(&self.slowest_micros));
        println!(
            "{reads} reads in {took:?}, {right} of the new generation, the slowest took {slowest} µs"
        );
        assert_eq!((of(&self.failed), of(&self.late)), (0, 0), "failed and late, of {reads}");
        assert!(right > 0 && right < reads);
    }
}
