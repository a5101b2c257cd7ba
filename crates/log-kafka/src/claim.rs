//! Becoming the only writer of a partition: fence, look, take a term, prove that both ids are still ours.
//!
//! The order is what makes it safe. Both ids are taken first, so that everything an older writer could still commit is in
//! the log before it is looked at. Two claims at once may each get one of the ids; the proof, a transaction on *both* after
//! both were taken, fails for at least one of them, so that two writers never number the same sequence.
//!
//! From the fence to the proof nobody can write. What needs no fence is done before it: connecting, and reading most terms.
//! Nothing that was seen before the fence decides anything but where to go on reading terms.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chimera_log::{ClaimError, Partition};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use crate::cluster::Cluster;
use crate::config;
use crate::error::unclaimed;
use crate::probe::{Last, Place};
use crate::producer::{Failure, Transactional};
use crate::split::Limits;
use crate::terms::{self, OWNERSHIP, Seen};
use crate::writer::{KafkaWriter, Position};

/// Between two looks at whether the last open transaction has ended.
const PAUSE: Duration = Duration::from_millis(2);

/// Claims a partition that exists.
pub(crate) fn claim(
    cluster: &Arc<Cluster>,
    partition: &Partition,
    place: Place,
) -> Result<KafkaWriter, ClaimError> {
    let deadline = Instant::now() + cluster.settings.deadlines.claim;
    let owners = Place { topic: cluster.settings.topic(OWNERSHIP), index: 0 };
    let claim = Claim { cluster, partition, place: &place, owners: &owners, deadline };
    let max_record = cluster.admin.max_message(&place.topic);
    let max_record = max_record.map_err(|error| unclaimed(partition, &error))?;
    let pair = claim.connect(max_record)?;
    let seen = claim.warm()?;
    let fenced = Instant::now();
    claim.take(&pair)?;
    let taken = fenced.elapsed();
    let (last, term) = claim.look(seen)?;
    let looked = fenced.elapsed();
    claim.prove(&pair, term)?;
    let proved = fenced.elapsed();
    tracing::debug!(%partition, term, ?taken, ?looked, ?proved, "claimed; nobody could write since the fence");
    cluster.tails.of(partition).announce(last.sequence);
    let position = Position { partition: partition.clone(), place, term, next: last.sequence + 1 };
    Ok(KafkaWriter::new(cluster.clone(), position, pair, Limits::of_topic(max_record)))
}

struct Claim<'a> {
    cluster: &'a Cluster,
    partition: &'a Partition,
    place: &'a Place,
    /// The topic of terms.
    owners: &'a Place,
    deadline: Instant,
}

impl Claim<'_> {
    /// A producer for each of the two transactional ids. Fences nobody yet.
    fn connect(&self, max_record: usize) -> Result<[Transactional; 2], ClaimError> {
        let Self { cluster, place, owners, .. } = self;
        let connected = |letter: char| {
            let name = &cluster.settings.cluster;
            let id = format!("{name}.{}.{}.{letter}", place.topic, place.index);
            let config = config::producer(&cluster.settings, &id, max_record);
            let producer = Transactional::create(&config)?;
            producer.connect([*place, *owners]);
            Ok(producer)
        };
        let pair = at_once(|| connected('a'), || connected('b'));
        let (a, b) = pair.map_err(|error| self.unclaimed("its producers", error))?;
        Ok([a, b])
    }

    /// Asks once what will be asked again, so that there are connections to ask with. The terms up to here.
    fn warm(&self) -> Result<Seen, ClaimError> {
        let Self { cluster, place, .. } = self;
        let ends = || {
            cluster.uncommitted.ask(|probe| probe.ends(place))?;
            cluster.committed.ask(|probe| probe.last(place))
        };
        let (_, seen) = at_once(ends, || self.terms(Seen::default()))
            .map_err(|error| self.unclaimed("its end or its term", error))?;
        Ok(seen)
    }

    /// Takes both transactional ids at once: each may have to wait for what another writer left open.
    fn take(&self, [a, b]: &[Transactional; 2]) -> Result<(), ClaimError> {
        let taken = at_once(|| a.init(self.deadline), || b.init(self.deadline));
        taken.map(|_| ()).map_err(|error| self.unclaimed("its transactional ids", error))
    }

    /// The last record, and the next term.
    fn look(&self, seen: Seen) -> Result<(Last, u64), ClaimError> {
        let (last, seen) = at_once(|| self.last(), || self.terms(seen))
            .map_err(|error| self.unclaimed("its end or its term", error))?;
        Ok((last, seen.term.max(last.term) + 1))
    }

    fn terms(&self, seen: Seen) -> KafkaResult<Seen> {
        let uncommitted = &self.cluster.uncommitted;
        uncommitted.ask(|probe| terms::look(probe, self.owners, self.partition, seen))
    }

    /// The last record, once everything that was in the log has been decided on.
    fn last(&self) -> KafkaResult<Last> {
        let Self { cluster, place, .. } = self;
        let (_, high) = cluster.uncommitted.ask(|probe| probe.ends(place))?;
        cluster.committed.ask(|probe| {
            let mut ends = probe.ends(place)?;
            while ends.1 < high {
                if Instant::now() >= self.deadline {
                    let timed_out = RDKafkaErrorCode::OperationTimedOut;
                    return Err(KafkaError::OffsetFetch(timed_out));
                }
                thread::sleep(PAUSE);
                ends = probe.ends(place)?;
            }
            probe.last_within(place, ends)
        })
    }

    /// Writes the term with both. Only the second proof says who has it: a claim that is lost in between is nobody's.
    fn prove(&self, pair: &[Transactional; 2], term: u64) -> Result<(), ClaimError> {
        let settings = &self.cluster.settings;
        let key = self.partition.to_string();
        for (producer, address) in pair.iter().zip([None, Some(&*settings.advertised)]) {
            let record = std::iter::once(terms::record(self.owners, &key, term, address));
            let proved = producer.transact(record, settings.deadlines.append);
            proved.map_err(|failure| self.lost(failure))?;
        }
        Ok(())
    }

    fn lost(&self, failure: Failure) -> ClaimError {
        match failure {
            Failure::Fenced | Failure::FencedInCommit(_) => {
                ClaimError::Contested(self.partition.clone())
            }
            Failure::Unknown(reason) => self.unclaimed("its term could not be written", reason),
        }
    }

    fn unclaimed(&self, what: &str, why: impl std::fmt::Display) -> ClaimError {
        unclaimed(self.partition, &format!("{what}: {why}"))
    }
}

/// Both, each on a thread.
fn at_once<T: Send, U>(
    one: impl FnOnce() -> KafkaResult<T> + Send,
    other: impl FnOnce() -> KafkaResult<U>,
) -> KafkaResult<(T, U)> {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join().unwrap_or(Err(KafkaError::Canceled));
        Ok((one?, other?))
    })
}
