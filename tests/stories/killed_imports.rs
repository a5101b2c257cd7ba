//! Imports that are killed, again and again, at seeded moments, and end as if nothing had happened.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::history::History;
use crate::program::{chimera, end, identical, start};
use crate::retail;

/// How many kills there are in all.
const KILLS: u32 = 60;
/// And how many at most before an import is left to come to its end.
const MOST_OF_ONE: u32 = 6;
const SEED: u64 = 20_101_201;
const INVOICES: u32 = 110;
/// How often a shop is killed while its files are being made.
const BEGINNINGS: u32 = 40;

#[test]
fn an_import_killed_at_any_moment_and_run_again_ends_as_one_that_was_not() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("retail.csv");
    fs::write(&file, retail::file(SEED, INVOICES)).unwrap();
    let calm = room.path().join("calm");
    let started = Instant::now();
    reconciled(import(&calm, &file), "without a kill");
    let took = started.elapsed();
    let expected = History::of(&calm);

    let (mut rng, mut kills, mut imports) = (Rng::with_seed(SEED), 0, 0);
    while kills < KILLS {
        imports += 1;
        let data = room.path().join(format!("killed-{imports}"));
        for _ in 0..MOST_OF_ONE.min(KILLS - kills) {
            // From where the files are not there yet to where the work is nearly done.
            if !killed(import(&data, &file), took.mul_f64(0.05 + 0.75 * rng.f64())) {
                break;
            }
            kills += 1;
        }
        reconciled(import(&data, &file), &format!("after kill {kills}"));
        History::of(&data).must_be(&expected);
        identical(&data);
        fs::remove_dir_all(&data).unwrap();
    }
}

/// Each file and database of a shop comes into being once; here a kill falls before, between and into each of these moments.
#[test]
fn a_shop_killed_while_its_files_are_made_can_be_opened_again() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("one.csv");
    fs::write(&file, retail::file(SEED, 1)).unwrap();
    let started = Instant::now();
    end(import(&room.path().join("calm"), &file)).ended_with(0);
    let took = started.elapsed();
    let mut rng = Rng::with_seed(SEED);
    for beginning in 0..BEGINNINGS {
        let data = room.path().join(format!("begun-{beginning}"));
        for _ in 0..rng.u32(1..=3) {
            killed(import(&data, &file), took.mul_f64(0.9 * rng.f64()));
        }
        reconciled(import(&data, &file), &format!("beginning {beginning}"));
        identical(&data);
        fs::remove_dir_all(&data).unwrap();
    }
}

fn import(data: &Path, file: &Path) -> Child {
    let file = file.to_str().unwrap();
    let arguments = ["import", "online-retail", file, "--format", "json", "--partitions", "2"];
    start(chimera(&arguments).arg("--data").arg(data))
}

/// It must come to a good end; if it does not, all that it said is shown.
#[track_caller]
fn reconciled(import: Child, when: &str) {
    let said = end(import);
    let report = said.json();
    assert_eq!(report["reconciled"], true, "{when}: {report:#}\n{}", said.err);
}

/// Kills it at that moment; false if it had come to its end before.
fn killed(mut child: Child, moment: Duration) -> bool {
    let deadline = Instant::now() + moment;
    while Instant::now() < deadline {
        if child.try_wait().unwrap().is_some() {
            end(child).ended_with(0);
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    let ended = child.wait_with_output().unwrap();
    // Without a code, it was the signal that ended it.
    ended.status.code().is_none()
}
