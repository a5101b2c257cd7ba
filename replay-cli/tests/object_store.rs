//! Restore points in a bucket: over HTTP, with requests that are signed by the credentials of the environment.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

#[path = "support/s3.rs"]
mod s3;
mod support;

use std::path::Path;
use std::process::Command;

use s3::Bucket;
use support::{alone, data_with, history, replay_well};

/// `replay` with the bucket's environment; exit code, standard output, standard error.
fn replay(bucket: &Bucket, data: &Path, words: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_replay"));
    command.arg("--data").arg(data).args(words.split_whitespace()).envs(bucket.environment());
    let starting = alone();
    let said = command.output().unwrap();
    drop(starting);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (said.status.code().unwrap(), text(said.stdout), text(said.stderr))
}

#[test]
fn a_bucket_keeps_restore_points_as_a_directory_does() {
    let (bucket, data, room) =
        (Bucket::open(), data_with(&history()), tempfile::tempdir().unwrap());
    let copy = room.path().join("copy");
    let backup = "backup --to s3://bucket/shops/one --format json";
    let (code, out, err) = replay(&bucket, data.path(), backup);
    assert_eq!(code, 0, "{out}{err}");
    let names = bucket.names();
    assert!(names.iter().all(|name| name.starts_with("shops/one/")), "{names:?}");
    let (code, out, err) = replay(&bucket, data.path(), backup);
    assert_eq!(code, 0, "{out}{err}");
    let again: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(again["new_objects"], 0, "{again:#}");

    let deep = "verify-backup --from s3://bucket/shops/one --deep";
    let (code, out, err) = replay(&bucket, data.path(), deep);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = replay(&bucket, &copy, "restore --from s3://bucket/shops/one");
    assert_eq!(code, 0, "{out}{err}");
    let partitions = |data: &Path| {
        let report = replay_well(data, "status --format json").json();
        let partitions = report["partitions"].as_array().unwrap().clone();
        partitions.iter().map(|one| one["last"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(partitions(&copy), partitions(data.path()));

    let segment = names.iter().find(|name| name.contains("/segments/")).unwrap();
    bucket.damage(segment);
    let (code, out, _) = replay(&bucket, data.path(), deep);
    assert_eq!(code, 1);
    assert!(out.contains("its checksum is") && out.ends_with("verdict: damaged\n"), "{out}");
}
