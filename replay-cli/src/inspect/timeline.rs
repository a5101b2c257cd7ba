//! `replay inspect order …`: the events of one aggregate, its state at a moment, and what has changed since another.
//!
//! The state is made as the shards make it: by folding the events with the rules' own `evolve`.

use chimera_codec::{CodecError, StreamCodec};
use chimera_domain::aggregate::Aggregate;
use chimera_domain::recorded::Recorded;
use chimera_export::without_tokens;
use serde::Serialize;
use serde_json::Value as Json;

use super::difference::{Changed, difference};
use super::event_shown::EventShown;
use super::search::{self, Hit};
use crate::cli::OfAggregate;
use crate::failure::Failure;
use crate::open_log::OpenLog;

/// What the log says of an aggregate.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Timeline {
    pub(crate) stream: &'static str,
    pub(crate) partition: u32,
    pub(crate) key: String,
    /// How many events the state is made of.
    pub(crate) version: u64,
    pub(crate) events: Vec<EventShown>,
    pub(crate) state: Json,
    /// What has changed since the moment that was asked for; none where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<Vec<Changed>>,
    /// Why the state goes no further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

pub(super) async fn of<A: Aggregate>(
    log: &OpenLog,
    codec: &StreamCodec<A::Event>,
    of: &OfAggregate,
) -> Result<Timeline, Failure> {
    let hits = search::of_key(log, A::STREAM, &of.id).await?;
    let Some(first) = hits.first() else {
        let (id, stream) = (&of.id, A::STREAM);
        return Err(Failure::Failed(format!("{stream} has no event of {id}")));
    };
    let (partition, key) = (first.partition.index, of.id.clone());
    let mut folding = Folding::<A>::new(of);
    for hit in hits {
        let decoded = codec.decode(hit.partition.index, &hit.value);
        if !folding.take(&hit, &decoded) {
            break;
        }
    }
    Ok(Timeline { stream: A::STREAM, partition, key, ..folding.end() })
}

/// An aggregate as its events come.
struct Folding<'a, A> {
    of: &'a OfAggregate,
    state: A,
    /// The state at the moment since when changes were asked for.
    before: A,
    line: Timeline,
}

impl<'a, A: Aggregate> Folding<'a, A> {
    fn new(of: &'a OfAggregate) -> Self {
        Self { of, state: A::default(), before: A::default(), line: Timeline::default() }
    }

    /// Takes the next event; false once the moment that was asked for is over.
    fn take(&mut self, hit: &Hit, decoded: &Result<Recorded<A::Event>, CodecError>) -> bool {
        let Ok(recorded) = decoded else {
            let sequence = hit.sequence;
            let problem = format!(
                "the event at sequence {sequence} cannot be decoded: the state is the one before it"
            );
            self.line.problem.get_or_insert(problem);
            self.line.events.push(EventShown::of(hit, decoded));
            return true;
        };
        if self.of.at.is_some_and(|at| !at.is_after(&recorded.meta)) {
            return false;
        }
        if self.line.problem.is_none() {
            self.state.evolve(&recorded.event);
            self.line.version = recorded.meta.aggregate_version;
        }
        if self.of.since.is_some_and(|since| since.is_after(&recorded.meta)) {
            self.before = self.state.clone();
        } else {
            self.line.events.push(EventShown::of(hit, decoded));
        }
        true
    }

    fn end(self) -> Timeline {
        let state = as_json(&self.state);
        let changed = self.of.since.map(|_| difference(&as_json(&self.before), &state));
        Timeline { state, changed, ..self.line }
    }
}

fn as_json<A: Aggregate>(state: &A) -> Json {
    without_tokens(serde_json::to_value(state).unwrap_or_default())
}
