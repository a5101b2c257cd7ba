//! Failures on purpose: real brokers killed, networks broken, writers killed and stopped, at seeded moments. Whatever happens,
//! what was acknowledged is in the log, once, in order, and no command is torn.
//!
//! Needs `CHIMERA_STACK=1` and the programs of Kafka: `deploy/native/services up kafka` fetches them into `CHIMERA_STACK_DIR`.
//! `CHIMERA_STACK_RUNS=10` makes ten times as many runs; `CHIMERA_STACK_SEED` begins with another seed. A run prints its seed.
//! `CHIMERA_STACK_PORT` is the first of its ports, for two runs beside each other. `CHIMERA_STACK_BINARY` is another build of
//! `chimera` from the same source, such as one for release; `CHIMERA_STACK_LOGS` a directory for what nodes log.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
#![allow(dead_code, reason = "what is shared with the other stories is not all needed here")]

mod accounts;
mod appender;
mod broken_networks;
mod broken_nodes;
mod broker;
mod failure;
mod follower;
mod guard;
mod guarded;
mod handing_over;
mod importing;
mod kafka;
mod keys_at_two_nodes;
mod killed_brokers;
mod killed_writers;
mod late_commits;
mod ledger;
mod load;
mod nodes;
mod ports;
mod proxy;
mod reading_elsewhere;
mod replicas;
mod rival;
mod rivals;
mod roles;
mod shoppers;
mod stopped_writers;
mod taking_over;

#[path = "../stories/history.rs"]
mod history;
#[path = "../stories/http.rs"]
mod http;
#[path = "../stories/program.rs"]
mod program;
#[path = "../stories/retail.rs"]
mod retail;
#[path = "../stories/serving.rs"]
mod serving;

use std::env;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fastrand::Rng;

/// One at a time: each has brokers of its own, and moments that matter.
static ONE: Mutex<()> = Mutex::new(());

/// What a story of chaos needs.
pub(crate) struct Chaos {
    /// Where the programs of Kafka are.
    programs: PathBuf,
    seed: u64,
    times: u64,
    _one: MutexGuard<'static, ()>,
}

/// None, with a line that says so, where no real programs are wanted.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn begin() -> Option<Chaos> {
    if env::var("CHIMERA_STACK").as_deref() != Ok("1") {
        eprintln!("left out: starts and kills brokers of its own; set CHIMERA_STACK=1");
        return None;
    }
    let repository = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let directory = env::var_os("CHIMERA_STACK_DIR").map(PathBuf::from);
    let programs =
        directory.unwrap_or_else(|| repository.join("target/native")).join("programs/kafka");
    assert!(
        programs.join("pom.xml").is_file(),
        "there is no Kafka in {}: run `deploy/native/services up kafka`, or set CHIMERA_STACK_DIR",
        programs.display()
    );
    let number = |name: &str| env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let (seed, times) = (number("CHIMERA_STACK_SEED"), number("CHIMERA_STACK_RUNS"));
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    Some(Chaos { programs, seed: seed.unwrap_or(1), times: times.unwrap_or(1), _one: one })
}

impl Chaos {
    /// Runs it with one seed after the other.
    fn runs(&self, name: &str, runs: u64, mut run: impl FnMut(&mut Rng, &str)) {
        for seed in self.seeds(name, runs) {
            run(&mut Rng::with_seed(seed), &format!("{name}-{seed}"));
        }
    }

    /// The seeds of so many runs, each named as its turn comes.
    #[expect(clippy::print_stderr, reason = "the seed of a run that fails")]
    fn seeds(&self, name: &str, runs: u64) -> impl Iterator<Item = u64> {
        let seeds = self.seed..self.seed + runs * self.times;
        seeds.inspect(move |seed| eprintln!("{name}: seed {seed}"))
    }
}
