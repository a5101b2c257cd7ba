//! Rebuilds that are killed again and again: each is gone on with, none is begun anew, and in the end all is what the log says.
//! `CHIMERA_KILLS=50` kills fifty times.

use std::env;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use crate::program::{identical, replay, replaying, run};

#[test]
fn rebuilds_killed_at_any_time_are_gone_on_with() {
    let data = tempfile::tempdir().unwrap();
    let demo = ["demo", "--once", "--orders", "300", "--products", "60", "--partitions", "2"];
    run(data.path(), &demo).ended_with(0);
    let wanted: u32 = env::var("CHIMERA_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let (mut kills, mut seed) = (0, 0);
    while kills < wanted {
        seed += 1;
        kills += survives(data.path(), seed, seed + 1);
    }
}

/// How often a rebuild was killed.
fn survives(data: &Path, seed: u64, generation: u64) -> u32 {
    let mut rng = Rng::with_seed(seed);
    let mut kills = 0;
    for _ in 0..4 {
        let rebuild = replaying(data, &["run", "--all", "--rate", "20000"]);
        kills += u32::from(kill_after(rebuild, Duration::from_millis(rng.u64(1..600))));
    }
    let on = ["run", "--all", "--promote", "--yes", "--format", "json"];
    let report = replay(data, &on).json();
    let when = format!("seed {seed}, {kills} kills");
    for model in report["models"].as_array().unwrap() {
        assert_eq!(model["generation"], generation, "{when}: {model:#}");
        assert_eq!(model["is_live"], true, "{when}: {model:#}");
    }
    identical(data);
    let unused: Vec<String> = names(&report);
    for model in &unused {
        replay(data, &["drop", model, &(generation - 1).to_string(), "--yes"]).ended_with(0);
    }
    kills
}

fn names(report: &Value) -> Vec<String> {
    let models = report["models"].as_array().unwrap().iter();
    models.map(|model| model["name"].as_str().unwrap().to_owned()).collect()
}

/// Whether it still ran.
fn kill_after(mut rebuild: Child, pause: Duration) -> bool {
    std::thread::sleep(pause);
    let was_running = rebuild.try_wait().unwrap().is_none();
    rebuild.kill().unwrap();
    rebuild.wait().unwrap();
    was_running
}
