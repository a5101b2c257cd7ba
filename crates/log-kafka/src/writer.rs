//! The right to append, as two producers in turn: while the markers of one transaction are still being written, the next
//! begins on the other. Never sends a record before everything sent earlier is committed, and never uses a producer again
//! that has failed.

use std::sync::Arc;
use std::time::Instant;

use chimera_log::{AppendError, Appended, Batch, ClaimError, Entry, Partition, Writer};
use rdkafka::producer::BaseRecord;

use crate::claim::claim;
use crate::cluster::Cluster;
use crate::headers::{self, Decimal};
use crate::probe::Place;
use crate::producer::{Failure, Outgoing, Transactional};
use crate::split::{self, Limits};
use crate::tail::Tail;

/// What a writer writes to, and where it stands.
pub(crate) struct Position {
    pub(crate) partition: Partition,
    pub(crate) place: Place,
    pub(crate) term: u64,
    pub(crate) next: u64,
}

/// Kafka's [`Writer`].
pub(crate) struct KafkaWriter {
    cluster: Arc<Cluster>,
    position: Position,
    tail: Arc<Tail>,
    limits: Limits,
    /// The one whose turn it is comes first; none once an append has failed.
    pair: Option<[Transactional; 2]>,
    /// The term of the last claim: the writer's own, or a later one by which its producers were renewed.
    claimed: u64,
    fenced: bool,
}

impl KafkaWriter {
    pub(crate) fn new(
        cluster: Arc<Cluster>,
        position: Position,
        pair: [Transactional; 2],
        limits: Limits,
    ) -> Self {
        let (claimed, tail) = (position.term, cluster.tails.of(&position.partition));
        Self { cluster, position, tail, limits, pair: Some(pair), claimed, fenced: false }
    }

    fn in_turn(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let cluster = Arc::clone(&self.cluster);
        let _turn = cluster.turns.take();
        self.transact(entries)
    }

    /// One transaction on the producer whose turn it is.
    fn transact(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let Some(mut pair) = self.pair.take() else { return Err(Failure::Fenced) };
        let deadline = Instant::now() + self.cluster.settings.deadlines.claim;
        while pair[0].is_spent() {
            if Instant::now() >= deadline {
                return Err(Failure::Unknown("Kafka commits too slowly to be sure".to_owned()));
            }
            drop(pair);
            pair = self.renewed()?;
        }
        let [first, second] = pair;
        let records = outgoing(&self.position, entries);
        // A producer that failed is dropped here, and its partner with it.
        first.transact(records, self.cluster.settings.deadlines.append)?;
        self.pair = Some([second, first]);
        self.position.next += entries.len() as u64;
        Ok(())
    }

    /// Producers of a new epoch, by a new claim; fenced if that finds another claim since our own. The writer keeps the term
    /// that its shard knows: nobody has written in between.
    fn renewed(&mut self) -> Result<[Transactional; 2], Failure> {
        let Position { partition, place, next, .. } = &self.position;
        tracing::info!(%partition, "a commit took long; claiming the partition anew");
        let claimed = claim(&self.cluster, partition, place.clone());
        let claimed = claimed.map_err(|error| match error {
            ClaimError::Contested(_) => Failure::Fenced,
            error => Failure::Unknown(error.to_string()),
        })?;
        if claimed.position.term != self.claimed + 1 || claimed.position.next != *next {
            return Err(Failure::Fenced);
        }
        self.claimed = claimed.position.term;
        claimed.pair.ok_or(Failure::Fenced)
    }

    fn failed(&mut self, failure: Failure, committed: bool) -> AppendError {
        let partition = self.position.partition.clone();
        let (reason, fenced) = match failure {
            Failure::Fenced if !committed => {
                self.fenced = true;
                return AppendError::Fenced { partition };
            }
            Failure::Fenced => {
                ("a newer writer came when a part of it was committed".to_owned(), true)
            }
            Failure::FencedInCommit(reason) => (reason, true),
            Failure::Unknown(reason) => (reason, false),
        };
        AppendError::Indeterminate { partition, reason, fenced }
    }

    fn spent(&self) -> AppendError {
        let partition = self.position.partition.clone();
        if self.fenced {
            return AppendError::Fenced { partition };
        }
        let reason = "this writer has failed before; claim the partition again".to_owned();
        AppendError::Unavailable { partition, reason }
    }
}

impl Writer for KafkaWriter {
    fn term(&self) -> u64 {
        self.position.term
    }

    fn next_sequence(&self) -> u64 {
        self.position.next
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn append(&mut self, batch: Batch) -> Result<Appended, AppendError> {
        if self.pair.is_none() {
            return Err(self.spent());
        }
        let cuts = split::transactions(&batch, self.limits).map_err(|reason| {
            AppendError::Unavailable { partition: self.position.partition.clone(), reason }
        })?;
        let first = self.position.next;
        for cut in cuts {
            let entries = batch.entries().get(cut).unwrap_or_default();
            let written = self.in_turn(entries);
            written.map_err(|failure| self.failed(failure, self.position.next > first))?;
        }
        let last = self.position.next - 1;
        if last >= first {
            self.tail.committed(batch.entries(), first);
        }
        Ok(Appended { first, last })
    }
}

fn outgoing<'a>(
    position: &'a Position,
    entries: &'a [Entry],
) -> impl ExactSizeIterator<Item = Outgoing<'a>> {
    let term = Decimal::of(position.term);
    entries.iter().enumerate().map(move |(index, entry)| {
        let sequence = Decimal::of(position.next + index as u64);
        BaseRecord::to(&position.place.topic)
            .partition(position.place.index)
            .key(entry.key.as_bytes())
            .payload(entry.value.as_slice())
            .headers(headers::encode(entry, &sequence, &term))
    })
}
