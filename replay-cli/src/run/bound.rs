//! Where a partial rebuild begins and ends: a sequence, or a time that is looked up in every partition.

use std::str::FromStr;

use chimera_domain::time::Timestamp;
use chimera_log::Partition;

use crate::failure::Failure;
use crate::inspect::Moment;
use crate::open_log::OpenLog;

/// A place in every partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The same sequence in each.
    Sequence(u64),
    /// When the log took an event.
    Time(Timestamp),
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(Moment::Version(sequence)) => Ok(Self::Sequence(sequence)),
            Ok(Moment::Time(time)) => Ok(Self::Time(time)),
            Err(_) => Err(
                "must be a sequence (30000), a time (2026-11-22T10:00:00Z) or the start of a day \
                           (2026-11-22)"
                    .to_owned(),
            ),
        }
    }
}

impl Bound {
    /// The first sequence of a partition at or after this place; one after the last if there is none.
    pub(crate) async fn first(
        self,
        log: &OpenLog,
        partition: &Partition,
        end: u64,
    ) -> Result<u64, Failure> {
        match self {
            Self::Sequence(sequence) => Ok(sequence.clamp(1, end + 1)),
            Self::Time(time) => search(log, partition, end, |recorded| recorded >= time).await,
        }
    }

    /// The last sequence of a partition at or before this place; 0 if there is none.
    pub(crate) async fn last(
        self,
        log: &OpenLog,
        partition: &Partition,
        end: u64,
    ) -> Result<u64, Failure> {
        match self {
            Self::Sequence(sequence) => Ok(sequence.min(end)),
            Self::Time(time) => {
                let after = search(log, partition, end, |recorded| recorded > time).await?;
                Ok(after - 1)
            }
        }
    }
}

/// The first sequence whose time is wanted, by halving: within a partition times grow, but for what clocks of its owners differ by.
async fn search(
    log: &OpenLog,
    partition: &Partition,
    end: u64,
    is_wanted: impl Fn(Timestamp) -> bool,
) -> Result<u64, Failure> {
    let (mut first, mut after) = (1, end + 1);
    while first < after {
        let middle = first + (after - first) / 2;
        if is_wanted(recorded_at(log, partition, middle).await?) {
            after = middle;
        } else {
            first = middle + 1;
        }
    }
    Ok(first)
}

async fn recorded_at(
    log: &OpenLog,
    partition: &Partition,
    sequence: u64,
) -> Result<Timestamp, Failure> {
    let batch = log.log.read(partition, sequence)?.next().await?;
    let record = batch.records.first();
    let recorded = record.and_then(|record| log.decoder.recorded_at(partition, record));
    recorded.ok_or_else(|| {
        let why = "its time cannot be read; give sequences instead of times";
        Failure::Failed(format!("{partition} at sequence {sequence}: {why}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_a_sequence_a_time_or_the_start_of_a_day() {
        assert_eq!("30000".parse(), Ok(Bound::Sequence(30_000)));
        let day = Bound::Time(Timestamp(1_795_305_600_000_000));
        assert_eq!("2026-11-22".parse(), Ok(day));
        assert!("tomorrow".parse::<Bound>().is_err());
    }
}
