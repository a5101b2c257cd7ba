//! Each store is killed while it is being filled, and comes back. Whatever it had confirmed and lost, or taken and not confirmed,
//! the worker finds its place again.

use std::thread;
use std::time::Instant;

use fastrand::Rng;

use crate::program::end;
use crate::services::{kill, up};
use crate::shop::{Shop, reconciled};
use crate::{retail, seeds, turn};

const INVOICES: u32 = 420;

fn survives(service: &str) {
    let Some(_turn) = turn(&format!("{service} that is killed")) else { return };
    let calm = Shop::new("calm");
    let file = calm.written("retail.csv", &retail::file(11, INVOICES));
    let started = Instant::now();
    calm.import(&file, "without a kill");
    let took = started.elapsed();
    for seed in seeds(2) {
        println!("{service}, seed {seed}");
        let (mut rng, shop) = (Rng::with_seed(seed), Shop::new("killed_store"));
        let import = shop.importing(&file);
        thread::sleep(took.mul_f64(0.2 + 0.7 * rng.f64()));
        kill(service);
        up(service);
        let when = format!("{service}, seed {seed}");
        reconciled(&end(import), &when);
        shop.is_identical(&when);
    }
}

#[test]
fn cassandra_may_be_killed() {
    survives("cassandra");
}

#[test]
fn redis_may_be_killed() {
    survives("redis");
}

#[test]
fn opensearch_may_be_killed() {
    survives("opensearch");
}
