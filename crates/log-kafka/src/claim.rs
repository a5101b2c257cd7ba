//! Becoming the only writer of a partition: fence, look, take a term, prove that both ids are still ours.
//!
//! The order is what makes it safe. Both ids are taken first, so that everything an older writer could still commit is in
//! the log before it is looked at. Two claims at once may each get one of the ids; the proof, a transaction on *both* after
//! both were taken, fails for at least one of them, so that two writers never number the same sequence.

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
use crate::terms::{self, OWNERSHIP};
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
    let refused = |error: KafkaError| unclaimed(partition, &error);
    let max_record = cluster.admin.max_message(&place.topic).map_err(refused)?;
    let pair = take(cluster, &place, max_record, deadline)
        .map_err(|error| unclaimed(partition, &format!("its transactional ids: {error}")))?;
    let last = look(cluster, &place, deadline).map_err(refused)?;
    let owners = Place { topic: cluster.settings.topic(OWNERSHIP), index: 0 };
    let term = cluster
        .uncommitted
        .ask(|probe| terms::last(probe, &owners, partition))
        .map_err(|error| unclaimed(partition, &format!("its term, in {}: {error}", owners.topic)))?
        .max(last.term)
        + 1;
    let key = partition.to_string();
    // Only the second proof says who has it: a claim that is lost in between is nobody's.
    for (producer, address) in pair.iter().zip([None, Some(&*cluster.settings.advertised)]) {
        let record = std::iter::once(terms::record(&owners, &key, term, address));
        let proved = producer.transact(record, cluster.settings.deadlines.append);
        proved.map_err(|failure| lost(partition, failure))?;
    }
    cluster.watermarks.announce(partition, last.sequence);
    let position = Position { partition: partition.clone(), place, term, next: last.sequence + 1 };
    Ok(KafkaWriter::new(cluster.clone(), position, pair, Limits::of_topic(max_record)))
}

/// Takes both transactional ids at once: each may have to wait for what a dead writer left open.
fn take(
    cluster: &Cluster,
    place: &Place,
    max_record: usize,
    deadline: Instant,
) -> KafkaResult<[Transactional; 2]> {
    let ready = |letter: char| {
        let name = &cluster.settings.cluster;
        let id = format!("{name}.{}.{}.{letter}", place.topic, place.index);
        let config = config::producer(&cluster.settings, &id, max_record);
        let producer = Transactional::create(&config)?;
        producer.init(deadline)?;
        Ok(producer)
    };
    thread::scope(|scope| {
        let second = scope.spawn(|| ready('b'));
        let first = ready('a');
        let second = second.join().unwrap_or(Err(KafkaError::Canceled));
        Ok([first?, second?])
    })
}

/// The last record, once everything that was in the log has been decided on.
fn look(cluster: &Cluster, place: &Place, deadline: Instant) -> KafkaResult<Last> {
    let (_, high) = cluster.uncommitted.ask(|probe| probe.ends(place))?;
    cluster.committed.ask(|probe| {
        while probe.ends(place)?.1 < high {
            if Instant::now() >= deadline {
                let timed_out = RDKafkaErrorCode::OperationTimedOut;
                return Err(KafkaError::OffsetFetch(timed_out));
            }
            thread::sleep(PAUSE);
        }
        probe.last(place)
    })
}

fn lost(partition: &Partition, failure: Failure) -> ClaimError {
    match failure {
        Failure::Fenced | Failure::FencedInCommit(_) => ClaimError::Contested(partition.clone()),
        Failure::Unknown(reason) => {
            unclaimed(partition, &format!("its term could not be written: {reason}"))
        }
    }
}
