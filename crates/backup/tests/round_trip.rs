//! A log and its restore points: what is backed up comes back, all of it and nothing else, whatever happens on the way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod world;

use std::collections::VecDeque;
use std::sync::Arc;

use chimera_backup::{BackupError, Point, Proof, SigningKey};
use chimera_log::{EventLog, Fault, FaultPlan, FaultyLog, MemoryLog};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::runtime::Runtime;
use world::{Happening, World, control, faults, files, latest, place};

fn happenings(most: usize) -> impl Strategy<Value = Vec<Happening>> {
    let one = (0..2_usize, 0..2_u32, 0..900_usize, 0..3_000_000_i64);
    let one = one.prop_map(|(stream, partition, ballast, later)| Happening {
        stream,
        partition,
        ballast,
        later,
    });
    vec(one, 0..most)
}

fn some(count: usize) -> Vec<Happening> {
    (0..count)
        .map(|nth| Happening {
            stream: nth % 2,
            partition: u32::try_from(nth / 2 % 2).unwrap(),
            ballast: nth * 37 % 700,
            later: 250_000,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_backed_up_comes_back(past in happenings(60), poison in vec(vec(any::<u8>(), 0..12), 0..3)) {
        Runtime::new().unwrap().block_on(async {
            let mut shop = World::new(1000).founded();
            shop.happen(&past);
            for value in poison.iter().filter(|value| value.first() != Some(&0) || value.len() < 5) {
                shop.poison(value);
            }
            let dir = tempfile::tempdir().unwrap();
            let place = place(dir.path());
            shop.back_up(&place, None).await.unwrap();
            assert_eq!(faults(&place).await.unwrap(), []);
            let copy = World::new(7);
            let restored = copy.restore(&latest(&place, None).await.unwrap(), None).await.unwrap();
            assert_eq!(restored.control, control());
            assert_eq!(copy.records().await, shop.records().await);
        });
    }

    #[test]
    fn point_after_point_holds_what_one_alone_would(parts in vec(happenings(30), 1..5)) {
        Runtime::new().unwrap().block_on(async {
            let mut shop = World::new(1).founded();
            let dir = tempfile::tempdir().unwrap();
            let place = place(dir.path());
            let mut points = Vec::new();
            for part in &parts {
                shop.happen(part);
                let backed = shop.back_up(&place, None).await.unwrap();
                points.push((backed.manifest.name, shop.records().await));
            }
            for (name, expected) in points {
                let copy = World::new(50);
                let point = Arc::new(Point::load(&place, &name, None).await.unwrap());
                copy.restore(&point, None).await.unwrap();
                assert_eq!(copy.records().await, expected);
            }
            let again = shop.back_up(&place, None).await.unwrap();
            assert_eq!(again.work.new_objects, 0, "nothing is new");
        });
    }

    #[test]
    fn any_flipped_bit_is_found(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0..8_u8, signed in any::<bool>()) {
        Runtime::new().unwrap().block_on(async {
            let mut shop = World::new(1).founded();
            shop.happen(&some(40));
            let dir = tempfile::tempdir().unwrap();
            let place = place(&dir.path().join("place"));
            let key = signed.then(|| SigningKey::make(&dir.path().join("key")).unwrap());
            shop.back_up(&place, key).await.unwrap();
            let files = files(&dir.path().join("place"));
            let file = which.get(&files);
            let mut bytes = std::fs::read(file).unwrap();
            let place_in_file = at.index(bytes.len());
            bytes[place_in_file] ^= 1 << bit;
            std::fs::write(file, bytes).unwrap();
            match faults(&place).await {
                Ok(faults) => assert_eq!(faults.len(), 1, "{}: {faults:?}", file.display()),
                Err(BackupError::Damaged { .. } | BackupError::Untrusted { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        });
    }
}

#[tokio::test]
async fn a_missing_or_cut_object_is_found_and_refused_before_anything_is_restored() {
    let mut shop = World::new(1).founded();
    shop.happen(&some(60));
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    shop.back_up(&place, None).await.unwrap();
    for file in files(&dir.path().join("segments")) {
        let bytes = std::fs::read(&file).unwrap();
        for damaged in [None, Some(&bytes[..bytes.len() - 1]), Some(&[][..])] {
            match damaged {
                None => std::fs::remove_file(&file).unwrap(),
                Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            }
            assert_eq!(faults(&place).await.unwrap().len(), 1);
            let copy = World::new(1);
            let refused = copy.restore(&latest(&place, None).await.unwrap(), None).await;
            assert!(matches!(refused, Err(BackupError::Refused(_) | BackupError::Damaged { .. })));
            assert!(copy.log.streams().unwrap().is_empty());
        }
        std::fs::write(&file, bytes).unwrap();
    }
    assert_eq!(faults(&place).await.unwrap(), []);
}

#[tokio::test]
async fn what_an_interrupted_backup_has_left_is_used_by_the_next() {
    let mut shop = World::new(1).founded();
    shop.happen(&some(200));
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let whole = shop.back_up(&place, None).await.unwrap();
    std::fs::remove_dir_all(dir.path().join("restore-points")).unwrap();
    let again = shop.back_up(&place, None).await.unwrap();
    assert_eq!(again.work.new_objects, 0);
    assert!(again.work.reused > 10, "{again:?}");
    assert_eq!(again.manifest.streams, whole.manifest.streams);
    // Half of them, some of those cut short.
    std::fs::remove_dir_all(dir.path().join("restore-points")).unwrap();
    for (nth, file) in files(&dir.path().join("segments")).into_iter().enumerate() {
        match nth % 4 {
            0 => std::fs::remove_file(file).unwrap(),
            1 => std::fs::write(file, b"half an object").unwrap(),
            _ => {}
        }
    }
    let mended = shop.back_up(&place, None).await.unwrap();
    assert_eq!(mended.manifest.streams, whole.manifest.streams);
    assert_eq!(faults(&place).await.unwrap(), []);
}

#[tokio::test]
async fn a_log_with_another_past_shares_only_what_is_the_same() {
    let mut shop = World::new(1).founded();
    shop.happen(&some(120));
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let first = shop.back_up(&place, None).await.unwrap();
    let point = latest(&place, None).await.unwrap();
    // The same shop until some moment, and under other ids; then it takes another course.
    let mut other = World::new(300);
    other.restore(&point, Some(20)).await.unwrap();
    let shared = other.back_up(&place, None).await.unwrap();
    assert!(shared.work.reused > 0 && shared.work.reused < first.work.new_objects, "{shared:?}");
    other.at(1000);
    other.happen(&some(90));
    other.back_up(&place, None).await.unwrap();
    let copy = World::new(9);
    copy.restore(&latest(&place, None).await.unwrap(), None).await.unwrap();
    assert_eq!(copy.records().await, other.records().await);
    let old = World::new(9);
    old.restore(&point, None).await.unwrap();
    assert_eq!(old.records().await, shop.records().await);
    let refused = old.restore(&latest(&place, None).await.unwrap(), None).await.unwrap_err();
    assert!(refused.to_string().contains("restore into an empty log"), "{refused}");
}

#[tokio::test]
async fn a_restore_that_the_log_interrupts_goes_on_where_it_was() {
    let mut shop = World::new(1).founded();
    shop.happen(&some(80));
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    shop.back_up(&place, None).await.unwrap();
    let point = latest(&place, None).await.unwrap();
    for fault in
        [Fault::Unavailable, Fault::IndeterminateWritten, Fault::IndeterminateLost, Fault::Fenced]
    {
        let truth: Arc<dyn EventLog> = Arc::new(MemoryLog::new());
        let plan = FaultPlan::Scripted(VecDeque::from([None, None, Some(fault)]));
        let faulty = World::on(Arc::new(FaultyLog::new(truth.clone(), plan)), 1);
        let restored = faulty.restore(&point, None).await;
        assert_eq!(restored.is_err(), fault == Fault::Fenced, "{fault:?}: {restored:?}");
        let again = faulty.restore(&point, None).await.unwrap();
        assert!(again.there > 0, "{again:?}");
        assert_eq!(faulty.records().await, shop.records().await);
    }
}

#[tokio::test]
async fn until_a_moment_only_what_was_recorded_by_then_comes_back() {
    let mut shop = World::new(1).founded();
    let one = Happening { stream: 0, partition: 0, ballast: 10, later: 0 };
    let other = Happening { stream: 1, ..one.clone() };
    for second in 0..100 {
        shop.at(second);
        shop.event(&one, "request");
        shop.event(&other, "request");
    }
    // The clock of whoever writes the other stream is slow: the effect is recorded before its cause.
    shop.at(104);
    let cause = shop.event(&one, "request");
    shop.at(102);
    shop.event(&other, &cause);
    shop.event(&other, "request");
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    shop.back_up(&place, None).await.unwrap();
    let point = latest(&place, None).await.unwrap();
    for (moment, left) in
        [(-1, 0), (0, 2), (41, 84), (99, 200), (103, 200), (104, 203), (1000, 203)]
    {
        let copy = World::new(1);
        let restored = copy.restore(&point, Some(moment)).await.unwrap();
        assert_eq!(restored.events, left, "until {moment}");
    }
}

#[tokio::test]
async fn only_the_trusted_key_makes_a_point_trusted() {
    let mut shop = World::new(1).founded();
    shop.happen(&some(30));
    let dir = tempfile::tempdir().unwrap();
    let place = place(&dir.path().join("place"));
    let key = SigningKey::make(&dir.path().join("ours")).unwrap();
    let other = SigningKey::make(&dir.path().join("theirs")).unwrap().trusted();
    let ours = key.trusted();
    shop.back_up(&place, None).await.unwrap();
    assert_eq!(latest(&place, None).await.unwrap().proof, Proof::Unsigned);
    assert!(matches!(latest(&place, Some(&ours)).await, Err(BackupError::Untrusted { .. })));
    let signed = shop.back_up(&place, Some(key)).await.unwrap();
    assert_eq!(signed.work.reused, 0, "nobody has vouched for what was there");
    assert_eq!(latest(&place, None).await.unwrap().proof, Proof::Signed);
    assert_eq!(latest(&place, Some(&ours)).await.unwrap().proof, Proof::Trusted);
    assert!(matches!(latest(&place, Some(&other)).await, Err(BackupError::Untrusted { .. })));
    let signature = files(&dir.path().join("place/restore-points"))
        .into_iter()
        .find(|file| file.extension().unwrap() == "sig")
        .unwrap();
    std::fs::remove_file(signature).unwrap();
    assert!(matches!(latest(&place, None).await, Err(BackupError::Untrusted { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_backups_at_once_do_not_harm_each_other() {
    let mut shop = World::new(1).founded();
    shop.happen(&some(150));
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let (one, other) = tokio::join!(shop.back_up(&place, None), shop.back_up(&place, None));
    let (one, other) = (one.unwrap().manifest, other.unwrap().manifest);
    assert_ne!(one.name, other.name);
    assert_eq!(one.streams, other.streams);
    assert_eq!(faults(&place).await.unwrap(), []);
}

#[tokio::test]
async fn events_of_an_unknown_schema_are_kept_and_only_their_restore_is_refused() {
    let mut shop = World::new(1).founded();
    shop.happen(&some(10));
    shop.poison(&[0, 0, 9, 9, 9, 1, 2, 3]);
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let backed = shop.back_up(&place, None).await.unwrap();
    let unreadable: u64 = backed.manifest.partitions().map(|(_, kept)| kept.unreadable).sum();
    assert_eq!(unreadable, 1);
    let copy = World::new(1);
    let refused = copy.restore(&latest(&place, None).await.unwrap(), None).await.unwrap_err();
    assert!(refused.to_string().contains("nobody knew the schema 592137"), "{refused}");
}
