//! The process that feeds the real stores is killed at seeded moments. What it had written is written again, and changes nothing.

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::shop::Shop;
use crate::{retail, seeds, turn};

const INVOICES: u32 = 160;
/// In each shop, before it is left in peace.
const KILLS: u32 = 2;

#[test]
fn a_worker_killed_at_any_moment_leaves_nothing_out_and_nothing_twice() {
    let Some(_turn) = turn("killed workers") else { return };
    let calm = Shop::new("calm");
    let file = calm.written("retail.csv", &retail::file(7, INVOICES));
    let started = Instant::now();
    calm.import(&file, "without a kill");
    let took = started.elapsed();
    for seed in seeds(2) {
        println!("seed {seed}");
        let (mut rng, shop) = (Rng::with_seed(seed), Shop::new("killed_worker"));
        for _ in 0..KILLS {
            let mut import = shop.importing(&file);
            thread::sleep(took.mul_f64(0.1 + 0.8 * rng.f64()).max(Duration::from_millis(50)));
            // It may have come to its end before.
            let _ = import.kill();
            import.wait().unwrap();
        }
        shop.import(&file, &format!("seed {seed}"));
        shop.is_identical(&format!("seed {seed}"));
    }
}
