//! The end of one partition, for everybody in this process: the last acknowledged sequence, and the last records while
//! somebody reads them. Told by this process's writer at once, and by the follower. The sequence never goes down.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_log::{Entry, RawBatch};
use tokio::sync::watch;

use crate::assembled::Assembled;
use crate::marks::Marks;
use crate::probe::Last;
use crate::recent::Recent;

pub(crate) struct Tail {
    end: watch::Sender<u64>,
    readers: AtomicUsize,
    /// None once something was found in the topic that no writer of ours wrote. Readers find it, and say where, if each reads
    /// for itself.
    recent: Mutex<Option<Recent>>,
    marks: Mutex<Marks>,
}

impl Tail {
    pub(crate) fn new() -> Self {
        Self {
            end: watch::Sender::new(0),
            readers: AtomicUsize::new(0),
            recent: Mutex::new(Some(Recent::default())),
            marks: Mutex::default(),
        }
    }

    /// The partition is followed from now on, from its last record.
    pub(crate) fn begin(&self, last: &Last) {
        self.marks().begin(last);
        self.announce(last.sequence);
    }

    /// The record of `sequence` was seen at `offset`.
    pub(crate) fn seen(&self, sequence: u64, offset: i64) {
        self.marks().note(sequence, offset);
    }

    /// At which offset one goes on who has everything up to `sequence`, if that is known here.
    pub(crate) fn offset_after(&self, sequence: u64) -> Option<i64> {
        self.marks().after(sequence)
    }

    /// Announces the last acknowledged sequence, as it changes.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// All up to `sequence` is committed. Its records come by the follower, where somebody reads.
    pub(crate) fn announce(&self, sequence: u64) {
        if let Some(recent) = &mut *self.recent() {
            let will_come = self.is_read() && recent.next() > 0;
            if recent.next() <= sequence && !will_come {
                recent.begin_at(sequence + 1);
            }
        }
        self.end.send_if_modified(|last| {
            let later = *last < sequence;
            *last = sequence.max(*last);
            later
        });
    }

    /// These entries are committed, from `first` on.
    pub(crate) fn committed(&self, entries: &[Entry], first: u64) {
        let last = first + entries.len() as u64 - 1;
        if self.is_read() {
            self.push(Assembled::of(entries, first), last);
        } else {
            self.announce(last);
        }
    }

    /// These records were read from Kafka, and `last` is the last of them.
    pub(crate) fn found(&self, records: Assembled, last: u64) {
        if records.is_empty() {
            return self.announce(last);
        }
        self.push(records, last);
    }

    /// Whether somebody wants the records from `sequence` on, and does not have them yet.
    pub(crate) fn wants(&self, sequence: u64) -> bool {
        self.is_read() && self.recent().as_ref().is_some_and(|recent| recent.next() <= sequence)
    }

    /// From now on everybody reads for himself. False if it was so before.
    pub(crate) fn give_up(&self) -> bool {
        self.recent().take().is_some()
    }

    fn is_read(&self) -> bool {
        self.readers.load(Ordering::Relaxed) > 0
    }

    /// Whoever waits is woken also if the end was known already.
    fn push(&self, records: Assembled, last: u64) {
        if let Some(recent) = &mut *self.recent() {
            recent.push(records);
        }
        self.end.send_modify(|end| *end = last.max(*end));
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recent(&self) -> MutexGuard<'_, Option<Recent>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who reads at the end of a partition.
pub(crate) struct AtTail {
    tail: Arc<Tail>,
    end: watch::Receiver<u64>,
}

impl AtTail {
    pub(crate) fn of(tail: Arc<Tail>) -> Self {
        tail.readers.fetch_add(1, Ordering::Relaxed);
        Self { end: tail.watch(), tail }
    }

    /// The records from `sequence` on, if they are in memory.
    pub(crate) fn from(&self, sequence: u64) -> Option<RawBatch> {
        self.tail.recent().as_ref()?.from(sequence)
    }

    /// Whether a reader at `sequence` finds here all that follows.
    pub(crate) fn is_level(&self, sequence: u64) -> bool {
        self.tail.recent().as_ref().is_some_and(|recent| recent.is_level(sequence))
    }

    /// Whether the record of `sequence` is the next one to come here.
    pub(crate) fn awaits(&self, sequence: u64) -> bool {
        self.tail.recent().as_ref().is_some_and(|recent| recent.next() == sequence)
    }

    /// The last acknowledged sequence; [`AtTail::moved`] then waits for a later one.
    pub(crate) fn end(&mut self) -> u64 {
        *self.end.borrow_and_update()
    }

    /// Waits until something was acknowledged, or came here, after [`AtTail::end`] said so last. Safe to drop.
    pub(crate) async fn moved(&mut self) {
        if self.end.changed().await.is_err() {
            // Cannot be while the tail is held here.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for AtTail {
    fn drop(&mut self) {
        self.tail.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembled::testing;

    fn entries(count: usize) -> Vec<Entry> {
        testing::entries(count, 3)
    }

    /// Somebody who reads, and three records.
    fn read() -> (Arc<Tail>, AtTail) {
        let tail = Arc::new(Tail::new());
        let reader = AtTail::of(Arc::clone(&tail));
        tail.announce(0);
        tail.committed(&entries(3), 1);
        (tail, reader)
    }

    #[test]
    fn records_are_kept_only_for_those_who_read() {
        let tail = Arc::new(Tail::new());
        tail.announce(4);
        tail.committed(&entries(2), 5);
        let mut reader = AtTail::of(Arc::clone(&tail));
        assert_eq!(reader.end(), 6);
        assert!(reader.from(5).is_none() && reader.is_level(7) && tail.wants(7));
        tail.committed(&entries(3), 7);
        assert_eq!(reader.from(8).map(|batch| batch.records.len()), Some(2));
        assert_eq!(reader.end(), 9);
        assert!(!tail.wants(9) && tail.wants(10));
        drop(reader);
        assert!(!tail.wants(10));
    }

    #[test]
    fn what_is_announced_before_it_comes_is_waited_for() {
        let (tail, mut reader) = read();
        tail.announce(5);
        assert_eq!(reader.end(), 5);
        assert!(reader.awaits(4) && reader.from(4).is_none() && reader.from(1).is_some());
        tail.found(Assembled::of(&entries(2), 4), 5);
        assert!(reader.end.has_changed().is_ok_and(|changed| changed));
        assert_eq!(reader.from(4).map(|batch| batch.records.len()), Some(2));
    }

    #[test]
    fn what_the_follower_finds_again_changes_nothing() {
        let (tail, mut reader) = read();
        tail.found(Assembled::default(), 2);
        tail.found(Assembled::of(&entries(2), 2), 3);
        assert_eq!(reader.end(), 3);
        assert_eq!(reader.from(1).map(|batch| batch.records.len()), Some(3));
    }

    #[test]
    fn a_broken_tail_gives_nothing_and_goes_on_announcing() {
        let (tail, mut reader) = read();
        assert!(tail.give_up() && !tail.give_up());
        tail.committed(&entries(1), 4);
        assert_eq!(reader.end(), 4);
        assert!(reader.from(4).is_none() && !reader.is_level(5));
    }
}
