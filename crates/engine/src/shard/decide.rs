//! How a shard decides: look whether the command was honoured before, ask the rules, number and encode what follows.

use std::sync::Arc;

use chimera_domain::aggregate::{Aggregate, Context, DomainEvent};
use chimera_domain::recorded::Meta;
use chimera_domain::time::Timestamp;
use chimera_log::Entry;

use super::Shard;
use super::round::{Pending, Round};
use super::serving::{Serving, repeated};
use crate::checkpoint::{CheckpointError, CommandRecord};
use crate::mailbox::Reply;
use crate::request::{CommandId, Failure, Origin, Position, Receipt, Request};

/// The most timers that fire in one round.
const MOST_TIMERS: usize = 256;

type Answer<A> = Result<Receipt<A>, Failure<<A as Aggregate>::Rejection>>;

impl<A: Aggregate> Shard<A> {
    /// Decides one command and puts what follows into the round.
    pub(super) fn execute(
        &mut self,
        request: Request<A>,
        reply: Option<Reply<A>>,
        serving: &mut Serving<A>,
        round: &mut Round<A>,
    ) {
        let id = request.id.hash();
        let answer = match self.answer(request, serving, round) {
            Ok(answer) => answer,
            Err(error) => {
                self.distrust(&error);
                round.broken = Some(error.to_string());
                Err(Failure::Unavailable(error.to_string()))
            }
        };
        round.pending.push(Pending { id, reply, answer });
    }

    fn answer(
        &mut self,
        request: Request<A>,
        serving: &mut Serving<A>,
        round: &mut Round<A>,
    ) -> Result<Answer<A>, CheckpointError> {
        if let Some(record) = serving.commands.find(request.id.hash())? {
            if record.fingerprint != request.id.fingerprint() {
                return Ok(Err(Failure::KeyReused));
            }
            return Ok(Ok(repeated(&self.parts.partition, record)));
        }
        let aggregate = serving.states.get(&request.key)?.clone();
        let occurred_at = request.origin.occurred_at.unwrap_or(round.now);
        let context = Context { now: round.now, occurred_at };
        let events = match aggregate.state.decide(request.command, &context) {
            Ok(events) => events,
            Err(rejection) => return Ok(Err(Failure::Refused(rejection))),
        };
        drop(aggregate.state);
        if events.is_empty() {
            return Ok(Ok(self.receipt(serving.sequence, aggregate.version, events)));
        }
        let Request { key, id, origin, .. } = request;
        let command = Decided { key, id, origin, version: aggregate.version };
        self.record(&command, events, serving, round)
    }

    /// Numbers and encodes the events of one command, then folds them; nothing is changed if one cannot be encoded.
    fn record(
        &mut self,
        command: &Decided,
        events: Vec<A::Event>,
        serving: &mut Serving<A>,
        round: &mut Round<A>,
    ) -> Result<Answer<A>, CheckpointError> {
        let mut meta = self.meta(command, round.now, serving.writer.term());
        (meta.aggregate_version, meta.sequence) = (command.version, serving.sequence);
        let mut entries = Vec::with_capacity(events.len());
        for event in &events {
            meta.aggregate_version += 1;
            meta.sequence += 1;
            meta.event_id = self.ids.next(round.now);
            match self.entry(command, &meta, event) {
                Ok(entry) => entries.push(entry),
                Err(reason) => return Ok(Err(Failure::Unavailable(reason))),
            }
        }
        serving.evolve(&command.key, &events)?;
        serving.sequence = meta.sequence;
        let record = CommandRecord {
            fingerprint: command.id.fingerprint(),
            sequence: meta.sequence,
            version: meta.aggregate_version,
            recorded_at: round.now,
        };
        serving.commands.remember(command.id.hash(), record);
        round.last_event_id = meta.event_id;
        round.bytes += entries.iter().map(|entry| entry.value.len()).sum::<usize>();
        round.batch.push_command(entries);
        round.touched.push(Arc::clone(&command.key));
        Ok(Ok(self.receipt(meta.sequence, meta.aggregate_version, events)))
    }

    fn meta(&self, command: &Decided, now: Timestamp, term: u64) -> Meta {
        let origin = &command.origin;
        Meta {
            event_id: 0,
            occurred_at: origin.occurred_at.unwrap_or(now),
            recorded_at: now,
            producer: Arc::clone(&self.parts.producer),
            trace_id: origin.traceparent.as_deref().and_then(trace_id),
            correlation_id: Arc::clone(&origin.correlation_id),
            causation_id: Arc::clone(&origin.causation_id),
            command_id: command.id.to_log(),
            actor: origin.actor.clone(),
            schema_version: 1,
            aggregate_version: 0,
            sequence: 0,
            writer_term: term,
        }
    }

    fn entry(&self, command: &Decided, meta: &Meta, event: &A::Event) -> Result<Entry, String> {
        let mut value = Vec::with_capacity(512);
        self.parts
            .codec
            .encode(&command.key, meta, event, &mut value)
            .map_err(|error| format!("{} cannot be encoded: {error}", event.event_type()))?;
        Ok(Entry {
            key: Arc::clone(&command.key),
            event_type: self.parts.event_type(event.event_type()),
            traceparent: command.origin.traceparent.clone(),
            value,
        })
    }

    fn receipt(&self, sequence: u64, version: u64, events: Vec<A::Event>) -> Receipt<A> {
        let position = Position { partition: self.parts.partition.clone(), sequence };
        Receipt { position, version, events }
    }

    /// Decides what has fallen due.
    pub(super) fn fire_timers(&mut self, serving: &mut Serving<A>, round: &mut Round<A>) {
        for (due, key) in serving.timers.due(round.now, MOST_TIMERS) {
            let command = match serving.states.get(&key) {
                Ok(aggregate) => aggregate.state.due().map(|(_, command)| command),
                Err(error) => {
                    self.distrust(&error);
                    round.broken = Some(error.to_string());
                    return;
                }
            };
            serving.timers.set(&key, None);
            let Some(command) = command else { continue };
            let cause: Arc<str> = format!("timer:{key}:{}", due.0).into();
            let origin = Origin {
                correlation_id: Arc::clone(&cause),
                causation_id: Arc::clone(&cause),
                traceparent: None,
                actor: None,
                occurred_at: Some(due),
            };
            let id = CommandId::derived(&cause);
            self.execute(Request { key, command, id, origin }, None, serving, round);
        }
    }
}

/// A command on which the rules have decided.
struct Decided {
    key: Arc<str>,
    id: CommandId,
    origin: Origin,
    /// The aggregate's version before it.
    version: u64,
}

impl<A: Aggregate> Serving<A> {
    /// Folds events into an aggregate, and asks it anew when something falls due. The version it has then.
    pub(super) fn evolve(
        &mut self,
        key: &Arc<str>,
        events: &[A::Event],
    ) -> Result<u64, CheckpointError> {
        let (version, due) = self.states.evolve(key, events)?;
        self.timers.set(key, due);
        Ok(version)
    }
}

/// The trace id within a W3C `traceparent`: `00-<trace id>-<span id>-<flags>`.
fn trace_id(traceparent: &str) -> Option<Arc<str>> {
    traceparent.split('-').nth(1).filter(|id| id.len() == 32).map(Arc::from)
}
