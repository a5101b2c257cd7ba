//! The control log in a file keeps the contract, and survives crashes and says what damage there is.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::fs;
use std::sync::Arc;

use chimera_log::contract::{controls_keep_the_contract, keeps_what_was_decided};
use chimera_log::{Control, Decision};
use chimera_log_embedded::{ControlFileError, FileControl};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let number = std::sync::atomic::AtomicUsize::new(0);
    controls_keep_the_contract(|| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Arc::new(FileControl::open(&dir.path().join(number.to_string())).unwrap())
    })
    .await;
}

#[test]
fn everything_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control");
    keeps_what_was_decided(Arc::new(FileControl::open(&path).unwrap()), |control| {
        drop(control);
        Arc::new(FileControl::open(&path).unwrap())
    });
}

#[test]
fn a_line_cut_short_anywhere_is_forgotten_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control");
    let control = FileControl::open(&path).unwrap();
    control.decide(&decision("a", "1")).unwrap();
    let first = fs::read(&path).unwrap().len();
    control.decide(&decision("b", "2")).unwrap();
    drop(control);
    let whole = fs::read(&path).unwrap();
    for length in first..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let control = FileControl::open(&path).unwrap();
        assert_eq!(control.known().borrow().len(), 1, "cut at {length}");
        control.decide(&decision("b", "3")).unwrap();
        drop(control);
        assert_eq!(FileControl::open(&path).unwrap().known().borrow().len(), 2, "cut at {length}");
    }
}

#[test]
fn damage_is_said_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control");
    let control = FileControl::open(&path).unwrap();
    for key in ["a", "b", "c"] {
        control.decide(&decision(key, "1")).unwrap();
    }
    drop(control);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() - 1 {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let refused = FileControl::open(&path).err();
        assert!(
            matches!(refused, Some(ControlFileError::Damaged { .. })),
            "byte {at}: {refused:?}"
        );
    }
}

#[test]
fn who_only_looks_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control");
    drop(FileControl::open(&path).unwrap());
    assert!(!path.exists());
}

fn decision(key: &str, word: &str) -> Decision {
    Decision { key: key.into(), known: None, word: Some(word.into()) }
}
