//! Rebuilds in the real stores that are killed again and again: each is gone on with, and in the end all is what the log says.

use std::time::Duration;

use fastrand::Rng;

use crate::program::{replay, replaying};
use crate::shop::Shop;
use crate::{retail, seeds, turn};

const KILLS: usize = 5;
/// Events a second, so that a rebuild takes longer than the longest pause before it is killed.
const RATE: &str = "4000";
const PAUSE: std::ops::Range<u64> = 1..2_500;

#[test]
fn rebuilds_killed_at_any_time_are_gone_on_with_in_the_real_stores() {
    let Some(_turn) = turn("killed rebuilds") else { return };
    let shop = Shop::new("rebuilds");
    let file = shop.written("retail.csv", &retail::file(7, 150));
    shop.import(&file, "at first");
    for (ordinal, seed) in seeds(1).enumerate() {
        let generation = ordinal + 2;
        let kills = killed(&shop, &mut Rng::with_seed(seed));
        println!("seed {seed}: {kills} kills");
        let ends = words(&shop, &["run", "--all", "--promote", "--yes", "--format", "json"]);
        let report = replay(&shop.data(), &strs(&ends)).json();
        for model in report["models"].as_array().unwrap() {
            assert_eq!(model["generation"], generation, "seed {seed}: {model:#}");
            assert_eq!(model["is_live"], true, "seed {seed}: {model:#}");
            let name = model["name"].as_str().unwrap();
            let drop = words(&shop, &["drop", name, &(generation - 1).to_string(), "--yes"]);
            replay(&shop.data(), &strs(&drop)).ended_with(0);
        }
        shop.is_identical(&format!("seed {seed}"));
    }
}

/// How many of the rebuilds still ran when their time had come.
fn killed(shop: &Shop, rng: &mut Rng) -> usize {
    let run = words(shop, &["run", "--all", "--rate", RATE]);
    let mut kills = 0;
    for _ in 0..KILLS {
        let mut rebuild = replaying(&shop.data(), &strs(&run));
        std::thread::sleep(Duration::from_millis(rng.u64(PAUSE)));
        kills += usize::from(rebuild.try_wait().unwrap().is_none());
        rebuild.kill().unwrap();
        rebuild.wait().unwrap();
    }
    kills
}

fn words(shop: &Shop, verb: &[&str]) -> Vec<String> {
    verb.iter().map(|&word| word.to_owned()).chain(shop.stores()).collect()
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}
