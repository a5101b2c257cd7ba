//! A log that fails on purpose, the same way for the same seed: for simulating what the engine must survive.
//!
//! Only appends fail; reading is left alone. Every fault leaves the log as the port says it may be left.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::batch::Batch;
use crate::error::{AppendError, ClaimError, ReadError};
use crate::partitioner::murmur2;
use crate::port::{Appended, EventLog, Ownership, Reader, Writer};
use crate::record::{Partition, StreamSpec};

/// What happens to one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused with [`AppendError::Unavailable`]; nothing is written.
    Unavailable,
    /// Written, and answered with [`AppendError::Indeterminate`].
    IndeterminateWritten,
    /// Not written, and answered with [`AppendError::Indeterminate`].
    IndeterminateLost,
    /// Another writer claims the partition first, so the append is answered with [`AppendError::Fenced`].
    Fenced,
}

/// When faults happen.
pub enum FaultPlan {
    /// One step for each append on any partition, in the order of the appends; no fault once it is used up.
    Scripted(VecDeque<Option<Fault>>),
    /// So many appends of a thousand fail, each partition with its own reproducible course.
    Seeded {
        /// The same seed gives each partition the same course.
        seed: u64,
        /// 0 to 1000.
        per_mille: u64,
    },
}

/// How many faults of each kind were injected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Injected {
    /// [`Fault::Unavailable`].
    pub unavailable: u64,
    /// [`Fault::IndeterminateWritten`].
    pub indeterminate_written: u64,
    /// [`Fault::IndeterminateLost`].
    pub indeterminate_lost: u64,
    /// [`Fault::Fenced`].
    pub fenced: u64,
}

/// Wraps a log; the wrapped log stays the truth that a test compares with.
pub struct FaultyLog {
    inner: Arc<dyn EventLog>,
    course: Arc<Mutex<Course>>,
}

struct Course {
    plan: FaultPlan,
    dice: HashMap<Partition, Xorshift>,
    injected: Injected,
}

impl FaultyLog {
    /// Makes the appends of `inner` fail as planned.
    #[must_use]
    pub fn new(inner: Arc<dyn EventLog>, plan: FaultPlan) -> Self {
        let course = Course { plan, dice: HashMap::new(), injected: Injected::default() };
        Self { inner, course: Arc::new(Mutex::new(course)) }
    }

    /// What was injected until now.
    #[must_use]
    pub fn injected(&self) -> Injected {
        locked(&self.course).injected
    }

    /// No further faults, so that a simulation can come to rest.
    pub fn heal(&self) {
        locked(&self.course).plan = FaultPlan::Scripted(VecDeque::new());
    }
}

impl EventLog for FaultyLog {
    fn ensure_streams(&self, streams: &[StreamSpec]) -> Result<(), ClaimError> {
        self.inner.ensure_streams(streams)
    }

    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        self.inner.streams()
    }

    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        Ok(Box::new(FaultyWriter {
            writer: self.inner.claim(partition)?,
            inner: self.inner.clone(),
            partition: partition.clone(),
            course: self.course.clone(),
            spent: false,
        }))
    }

    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        self.inner.read(partition, from)
    }

    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        self.inner.high_watermark(partition)
    }

    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.inner.ownership()
    }
}

struct FaultyWriter {
    writer: Box<dyn Writer>,
    inner: Arc<dyn EventLog>,
    partition: Partition,
    course: Arc<Mutex<Course>>,
    /// After an indeterminate append only a new claim helps.
    spent: bool,
}

impl Writer for FaultyWriter {
    fn term(&self) -> u64 {
        self.writer.term()
    }

    fn next_sequence(&self) -> u64 {
        self.writer.next_sequence()
    }

    fn is_remote(&self) -> bool {
        self.writer.is_remote()
    }

    fn append(&mut self, batch: Batch) -> Result<Appended, AppendError> {
        if self.spent {
            return Err(self.indeterminate("the writer was spent before"));
        }
        let fault = locked(&self.course).next(&self.partition);
        match fault {
            None => self.writer.append(batch),
            Some(Fault::Unavailable) => Err(AppendError::Unavailable {
                partition: self.partition.clone(),
                reason: "injected".to_owned(),
            }),
            Some(Fault::IndeterminateWritten) => {
                self.writer.append(batch)?;
                self.spent = true;
                Err(self.indeterminate("injected"))
            }
            Some(Fault::IndeterminateLost) => {
                self.spent = true;
                Err(self.indeterminate("injected"))
            }
            Some(Fault::Fenced) => {
                let rival = self.inner.claim(&self.partition);
                drop(rival);
                self.writer.append(batch)
            }
        }
    }
}

impl FaultyWriter {
    fn indeterminate(&self, reason: &str) -> AppendError {
        let (partition, reason) = (self.partition.clone(), reason.to_owned());
        AppendError::Indeterminate { partition, reason, fenced: false }
    }
}

impl Course {
    fn next(&mut self, partition: &Partition) -> Option<Fault> {
        let fault = match &mut self.plan {
            FaultPlan::Scripted(steps) => steps.pop_front().flatten(),
            FaultPlan::Seeded { seed, per_mille } => {
                let dice = self.dice.entry(partition.clone());
                dice.or_insert_with(|| Xorshift::of(*seed, partition)).fault(*per_mille)
            }
        }?;
        match fault {
            Fault::Unavailable => self.injected.unavailable += 1,
            Fault::IndeterminateWritten => self.injected.indeterminate_written += 1,
            Fault::IndeterminateLost => self.injected.indeterminate_lost += 1,
            Fault::Fenced => self.injected.fenced += 1,
        }
        Some(fault)
    }
}

/// Marsaglia's xorshift64: small, and the same everywhere.
struct Xorshift(u64);

impl Xorshift {
    fn of(seed: u64, partition: &Partition) -> Self {
        let name = u64::from(murmur2(partition.to_string().as_bytes()));
        let mut dice = Self((seed ^ (name << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.roll();
        dice
    }

    fn fault(&mut self, per_mille: u64) -> Option<Fault> {
        if self.roll() % 1000 >= per_mille {
            return None;
        }
        Some(match self.roll() % 4 {
            0 => Fault::Unavailable,
            1 => Fault::IndeterminateWritten,
            2 => Fault::IndeterminateLost,
            _ => Fault::Fenced,
        })
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The low bits of a plain xorshift are its weakest.
        self.0 >> 16
    }
}

fn locked(course: &Mutex<Course>) -> MutexGuard<'_, Course> {
    course.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, MemoryLog};

    fn log(plan: FaultPlan) -> (FaultyLog, Partition) {
        let partition = Partition::new("orders", 0);
        let memory = MemoryLog::new();
        memory
            .ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 1 }])
            .expect("a new stream");
        (FaultyLog::new(Arc::new(memory), plan), partition)
    }

    fn one() -> Batch {
        let mut batch = Batch::default();
        let (key, event_type) = ("o-1".into(), "placed".into());
        batch.push_command([Entry { key, event_type, traceparent: None, value: vec![1] }]);
        batch
    }

    fn last(log: &FaultyLog, partition: &Partition) -> u64 {
        *log.high_watermark(partition).expect("a known partition").borrow()
    }

    #[test]
    fn each_fault_leaves_the_log_as_the_port_says() {
        let steps = [
            Some(Fault::Unavailable),
            None,
            Some(Fault::IndeterminateWritten),
            Some(Fault::IndeterminateLost),
            Some(Fault::Fenced),
        ];
        let (log, partition) = log(FaultPlan::Scripted(steps.into()));
        let claim = || log.claim(&partition).expect("a claim");

        let mut writer = claim();
        assert!(matches!(writer.append(one()), Err(AppendError::Unavailable { .. })));
        assert_eq!(writer.append(one()), Ok(Appended { first: 1, last: 1 }));
        assert!(matches!(writer.append(one()), Err(AppendError::Indeterminate { .. })));
        assert!(matches!(writer.append(one()), Err(AppendError::Indeterminate { .. })));
        assert_eq!(last(&log, &partition), 2, "written, though nobody was told");

        let mut writer = claim();
        assert_eq!(writer.next_sequence(), 3);
        assert!(matches!(writer.append(one()), Err(AppendError::Indeterminate { .. })));
        let mut writer = claim();
        assert!(matches!(writer.append(one()), Err(AppendError::Fenced { .. })));
        assert!(matches!(writer.append(one()), Err(AppendError::Fenced { .. })));
        assert_eq!(last(&log, &partition), 2);
        assert_eq!(claim().append(one()), Ok(Appended { first: 3, last: 3 }));
        let once_each =
            Injected { unavailable: 1, indeterminate_written: 1, indeterminate_lost: 1, fenced: 1 };
        assert_eq!(log.injected(), once_each);
    }

    #[test]
    fn the_same_seed_gives_the_same_course_and_healing_ends_it() {
        let run = |seed| {
            let (log, partition) = log(FaultPlan::Seeded { seed, per_mille: 300 });
            let mut writer = log.claim(&partition).expect("a claim");
            let mut course = Vec::new();
            for _ in 0..500 {
                let answer = writer.append(one());
                if matches!(
                    answer,
                    Err(AppendError::Fenced { .. } | AppendError::Indeterminate { .. })
                ) {
                    writer = log.claim(&partition).expect("a claim");
                }
                course.push(answer);
            }
            log.heal();
            assert!((0..500).all(|_| writer.append(one()).is_ok()));
            (course, log.injected())
        };
        let (course, injected) = run(7);
        assert_eq!((course.clone(), injected), run(7));
        assert_ne!(course, run(8).0);
        let faults = course.iter().filter(|answer| answer.is_err()).count();
        assert!((100..200).contains(&faults), "{faults} faults of 500");
        let Injected { unavailable, indeterminate_written, indeterminate_lost, fenced } = injected;
        assert!(unavailable.min(indeterminate_written).min(indeterminate_lost).min(fenced) > 10);
    }
}
