//! Everything rebuilt, with all stores on one machine: stores that were wiped are identical again, and beside a live generation that is
//! read throughout another one is built, proved and promoted. `CHIMERA_STACK_RETAIL` is the real "Online Retail" file to do it
//! with; `CHIMERA_STACK_READS=1000` reads so often in a second.

use std::env;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::by_hand::Hands;
use crate::cluster_shop::ClusterShop;
use crate::http::get;
use crate::places::registry;
use crate::program::soon;
use crate::{retail, turn};

const READERS: u32 = 4;
const PRODUCTS: usize = 40;

#[test]
fn wiped_stores_are_identical_again_and_a_rebuild_beside_the_live_one_fails_no_read() {
    let Some(_turn) = turn("a rebuild of everything") else { return };
    let shop = ClusterShop::new("rebuilding", &registry());
    match env::var("CHIMERA_STACK_RETAIL") {
        Ok(real) => shop.import_file(real.as_ref()),
        Err(_) => shop.import(&retail::file(5, 300)),
    }
    let mut hands = Hands::on(&shop);
    hands.lose_stores();
    identical_by(&shop, "wiped", "replay run --all");

    let serving = shop.serves();
    let paths = paths(serving.address);
    let reading = Reading::default();
    thread::scope(|scope| {
        for reader in 0..READERS as usize {
            let (reading, paths, address) = (&reading, &paths, serving.address);
            scope.spawn(move || reading.read(reader, paths, address));
        }
        let _ends = Ends(&reading);
        identical_by(&shop, "beside the live one", "replay run --all --promote --yes");
    });
    reading.judge();
    assert_eq!(shop.live("order_details"), 2);
    assert!(serving.stop().success());
    shop.lose_topics();
}

/// How long it takes until every read model is proved to be what the log says.
fn identical_by(shop: &ClusterShop, when: &str, rebuild: &str) {
    let begun = Instant::now();
    shop.desk.carry_out(rebuild);
    let built = begun.elapsed();
    let said = shop.desk.carry_out("replay verify");
    assert!(said.out.ends_with("verdict: identical\n"), "{when}: {}", said.out);
    println!("{when}: built after {built:?}, identical after {:?}", begun.elapsed());
}

/// Reads from all three stores.
fn paths(address: SocketAddr) -> Vec<String> {
    let listed = soon("a list of products", || {
        let answer = get(&format!("/api/v1/products?limit={PRODUCTS}")).send(address).ok()?;
        (answer.status == 200).then(|| answer.json())
    });
    let mut paths = Vec::new();
    for product in listed["items"].as_array().unwrap() {
        let id = product["productId"].as_str().unwrap();
        paths.push(format!("/api/v1/products/{id}"));
        paths.push(format!("/api/v1/inventory/{id}"));
        paths.push(format!("/api/v1/products/search?q={id}&limit=1"));
    }
    // Not every product has been counted.
    paths.retain(|path| get(path).send(address).unwrap().status == 200);
    assert!(paths.len() > PRODUCTS, "{listed:#}");
    paths
}

/// What all readers have seen.
#[derive(Default)]
struct Reading {
    reads: AtomicU64,
    slowest_micros: AtomicU64,
    is_over: AtomicBool,
}

/// Ends the reading, however the scope is left.
struct Ends<'a>(&'a Reading);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

impl Reading {
    /// Reads at its part of the rate. Nobody writes, so that an answer that is another one than before is wrong.
    fn read(&self, reader: usize, paths: &[String], address: SocketAddr) {
        let rate: f64 = env::var("CHIMERA_STACK_READS").map_or(100.0, |rate| rate.parse().unwrap());
        let between = Duration::from_secs_f64(f64::from(READERS) / rate);
        let (mut first, mut due) = (vec![None; paths.len()], Instant::now());
        for turn in (reader..).step_by(READERS as usize) {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            due = (due + between).max(Instant::now());
            let (path, begun) = (turn % paths.len(), Instant::now());
            let answer = get(&paths[path]).send(address).unwrap().is(200).json();
            let took = u64::try_from(begun.elapsed().as_micros()).unwrap();
            self.slowest_micros.fetch_max(took, Ordering::Relaxed);
            self.reads.fetch_add(1, Ordering::Relaxed);
            let before = first[path].get_or_insert_with(|| answer.clone());
            assert_eq!(*before, answer, "{}", paths[path]);
        }
    }

    fn judge(&self) {
        let of = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let (reads, slowest) = (of(&self.reads), of(&self.slowest_micros));
        println!("{reads} reads meanwhile, all as before; the slowest took {slowest} µs");
        assert!(reads > 0);
    }
}
