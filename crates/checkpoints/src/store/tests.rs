//! What a checkpoint store promises to a shard.

use chimera_domain::time::DAY;

use super::*;

fn partition(index: u32) -> Partition {
    Partition::new("s", index)
}

fn state(key: &str, version: u64, due: Option<i64>) -> SavedState {
    SavedState { key: key.into(), version, due: due.map(Timestamp), state: vec![1, 2, 3] }
}

fn record(recorded_at: i64) -> CommandRecord {
    let recorded_at = Timestamp(recorded_at);
    CommandRecord { fingerprint: 7, sequence: 9, version: 2, recorded_at }
}

fn snapshot(sequence: u64, states: Vec<SavedState>) -> Snapshot {
    Snapshot {
        format: 1,
        sequence,
        event_id: 42,
        states,
        commands: vec![(11, record(5 * DAY))],
        forget_before: Timestamp(4 * DAY),
    }
}

#[test]
fn what_was_saved_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let open = || EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    let store = open();
    store
        .save(&partition(1), snapshot(9, vec![state("a", 3, Some(8)), state("b", 1, None)]))
        .unwrap();
    store.processes.set("p", &partition(1), 5).unwrap();
    drop(store);
    let store = open();
    let restored = store.restore(&partition(1), 1).unwrap();
    assert_eq!((restored.sequence, restored.event_id), (9, 42));
    assert_eq!(restored.timers, [(Timestamp(8), "a".into())]);
    assert_eq!(store.state(&partition(1), "a").unwrap().unwrap().version, 3);
    assert_eq!(store.command(&partition(1), 11).unwrap(), Some(record(5 * DAY)));
    assert_eq!(store.processes.get("p", &partition(1)).unwrap(), 5);
}

#[test]
fn the_keys_of_a_partition_are_shown_until_no_more_are_wanted() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    let mut saved = snapshot(9, vec![state("b", 1, None), state("a", 3, Some(8))]);
    saved.commands.push((u128::MAX, record(6 * DAY)));
    store.save(&partition(1), saved).unwrap();
    store.save(&partition(2), snapshot(4, vec![state("c", 1, None)])).unwrap();
    let (mut keys, mut ids) = (Vec::new(), Vec::new());
    let mut see = |key: &str| {
        keys.push(key.to_owned());
        true
    };
    store.each_state(&partition(1), &mut see).unwrap();
    let mut first = |id| {
        ids.push(id);
        false
    };
    store.each_command(&partition(1), &mut first).unwrap();
    assert_eq!((keys, ids.clone()), (vec!["a".to_owned(), "b".to_owned()], vec![11]));
    let mut all = |id| {
        ids.push(id);
        true
    };
    store.each_command(&partition(1), &mut all).unwrap();
    assert_eq!(ids, [11, 11, u128::MAX]);
}

#[test]
fn partitions_do_not_see_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    store.save(&partition(1), snapshot(9, vec![state("a", 3, Some(8))])).unwrap();
    store.save(&partition(2), snapshot(4, vec![])).unwrap();
    assert_eq!(store.state(&partition(2), "a").unwrap(), None);
    store.clear(&partition(1)).unwrap();
    assert_eq!(store.restore(&partition(1), 1).unwrap(), Restored::default());
    assert_eq!(store.state(&partition(1), "a").unwrap(), None);
    assert_eq!(store.command(&partition(1), 11).unwrap(), None);
    assert_eq!(store.restore(&partition(2), 1).unwrap().sequence, 4);
    assert!(store.command(&partition(2), 11).unwrap().is_some());
}

#[test]
fn a_timer_goes_when_nothing_is_due_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    store.save(&partition(1), snapshot(1, vec![state("a", 1, Some(8))])).unwrap();
    store.save(&partition(1), snapshot(2, vec![state("a", 2, None)])).unwrap();
    assert!(store.restore(&partition(1), 1).unwrap().timers.is_empty());
}

#[test]
fn another_format_is_as_good_as_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    store.save(&partition(1), snapshot(9, vec![])).unwrap();
    assert_eq!(store.restore(&partition(1), 2).unwrap(), Restored::default());
}

#[test]
fn old_commands_are_dropped_by_the_day() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    store.save(&partition(1), snapshot(1, vec![])).unwrap();
    let later = Snapshot {
        commands: vec![(12, record(8 * DAY))],
        forget_before: Timestamp(7 * DAY),
        ..snapshot(2, vec![])
    };
    store.save(&partition(1), later).unwrap();
    assert_eq!(store.command(&partition(1), 11).unwrap(), None);
    assert!(store.command(&partition(1), 12).unwrap().is_some());
}

#[test]
fn a_value_that_was_changed_is_said_to_be_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    let key = layout::key(&partition(1), b"a");
    let mut sealed = layout::seal_state(&state("a", 1, None));
    sealed[6] ^= 1;
    store.states.insert(key, sealed).unwrap();
    let read = store.state(&partition(1), "a");
    assert!(matches!(read, Err(CheckpointError::Damaged { .. })), "{read:?}");
}

/// States and commands enough to be written past the journal.
fn large(sequence: u64, version: u64) -> Snapshot {
    let mut large = snapshot(sequence, Vec::new());
    for number in 0..MANY as u128 {
        let due = number.is_multiple_of(2).then_some(9);
        large.states.push(state(&format!("k{number}"), version, due));
        // Over two days.
        let day = if number.is_multiple_of(3) { 5 } else { 6 };
        large.commands.push((number * 7 + 100, record(day * DAY)));
    }
    large
}

#[test]
fn a_large_snapshot_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let open = || EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    let store = open();
    store.save(&partition(2), snapshot(3, vec![state("k0", 1, None)])).unwrap();
    store.save(&partition(1), large(9, 1)).unwrap();
    store.save(&partition(1), snapshot(10, vec![state("k2", 2, None)])).unwrap();
    store.save(&partition(1), large(20, 3)).unwrap();
    drop(store);
    let store = open();
    let restored = store.restore(&partition(1), 1).unwrap();
    assert_eq!((restored.sequence, restored.ahead_until), (20, 0));
    assert_eq!(restored.timers.len(), MANY / 2);
    assert_eq!(store.state(&partition(1), "k2").unwrap().unwrap().version, 3);
    assert_eq!(store.state(&partition(2), "k0").unwrap().unwrap().version, 1);
    assert_eq!(store.command(&partition(1), 107).unwrap(), Some(record(6 * DAY)));
    assert_eq!(store.command(&partition(1), 121).unwrap(), Some(record(5 * DAY)));
    store.clear(&partition(1)).unwrap();
    assert_eq!(store.state(&partition(1), "k2").unwrap(), None);
    assert_eq!(store.restore(&partition(1), 1).unwrap(), Restored::default());
}

#[test]
fn an_interrupted_save_says_up_to_where_it_may_have_gone_until_a_later_one_has_passed_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    store.save(&partition(1), snapshot(5, vec![state("k1", 1, None)])).unwrap();
    let mut interrupted = large(9, 4);
    interrupted.states.sort_by(|one, other| one.key.cmp(&other.key));
    store.begin_ahead(&partition(1), &interrupted).unwrap();
    store.ingest(&partition(1), &interrupted).unwrap();
    drop(store);
    let store = EmbeddedCheckpoints::open(directory.path(), 1 << 20).unwrap();
    let ahead = |store: &EmbeddedCheckpoints| {
        let restored = store.restore(&partition(1), 1).unwrap();
        (restored.sequence, restored.ahead_until)
    };
    assert_eq!(ahead(&store), (5, 9));
    assert_eq!(store.state(&partition(1), "k1").unwrap().unwrap().version, 4);
    store.save(&partition(1), snapshot(7, vec![])).unwrap();
    assert_eq!(ahead(&store), (7, 9));
    store.save(&partition(1), snapshot(9, vec![])).unwrap();
    assert_eq!(ahead(&store), (9, 0));
}
