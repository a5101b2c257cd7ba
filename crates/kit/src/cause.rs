//! Commands that follow from an event: their ids derive from it, so sending them again is harmless.
//!
//! Such a command happens at the business time of its cause, which keeps imports of the past deterministic.

use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::recorded::{Meta, Recorded};
use chimera_engine::{CommandId, Origin, Request};
use uuid::Uuid;

/// The event that commands follow from.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    meta: &'a Meta,
}

impl<'a> Cause<'a> {
    /// An event as a cause.
    #[must_use]
    pub fn of<E>(event: &'a Recorded<E>) -> Self {
        Self { meta: &event.meta }
    }

    /// A command for the aggregate `target`; `verb` tells apart what follows from the same event.
    #[must_use]
    pub fn request<A: Aggregate>(
        self,
        verb: &str,
        target: &Arc<str>,
        command: A::Command,
    ) -> Request<A> {
        let event_id = Uuid::from_u128(self.meta.event_id).to_string();
        let origin = Origin {
            correlation_id: Arc::clone(&self.meta.correlation_id),
            causation_id: event_id.as_str().into(),
            traceparent: self.meta.trace_id.as_deref().map(|trace| self.traceparent(trace)),
            actor: None,
            occurred_at: Some(self.meta.occurred_at),
        };
        let id = CommandId::derived(&format!("{event_id}:{verb}:{target}"));
        Request { key: Arc::clone(target), command, id, origin }
    }

    /// The trace goes on; the span is named after the event.
    fn traceparent(self, trace_id: &str) -> Arc<str> {
        let span = Uuid::from_u128(self.meta.event_id).as_u64_pair().1;
        format!("00-{trace_id}-{span:016x}-01").into()
    }
}

#[cfg(test)]
mod tests {
    use chimera_domain::order::{Command, Order};
    use chimera_domain::time::Timestamp;

    use super::*;

    fn event() -> Recorded<()> {
        let text = |text: &str| Arc::<str>::from(text);
        let meta = Meta {
            event_id: 0x0193_2b7e_6a4c_7cc3_98c4_dc0c_0c07_398f,
            occurred_at: Timestamp(7),
            recorded_at: Timestamp(9),
            producer: text("test"),
            trace_id: Some(text("4bf92f3577b34da6a3ce929d0e0e4736")),
            correlation_id: text("req-1"),
            causation_id: text("req-1"),
            command_id: text("key:1"),
            actor: Some(text("alice")),
            schema_version: 1,
            aggregate_version: 1,
            sequence: 1,
            writer_term: 1,
        };
        Recorded { partition: 0, key: text("o-1"), meta, event: () }
    }

    #[test]
    fn the_same_event_leads_to_the_same_command() {
        let (first, again) = (event(), event());
        let request = |event: &Recorded<()>| {
            Cause::of(event).request::<Order>("confirm", &event.key, Command::Confirm)
        };
        let (first, again) = (request(&first), request(&again));
        assert_eq!((&first.id, &first.origin), (&again.id, &again.origin));
        let other = event();
        let other = Cause::of(&other).request::<Order>("cancel", &other.key, Command::Confirm);
        assert_ne!(first.id, other.id);
    }

    #[test]
    fn a_command_carries_on_the_correlation_the_trace_and_the_time_of_its_cause() {
        let event = event();
        let request = Cause::of(&event).request::<Order>("confirm", &event.key, Command::Confirm);
        let Origin { correlation_id, causation_id, traceparent, actor, occurred_at } =
            request.origin;
        assert_eq!((&*correlation_id, actor), ("req-1", None));
        assert_eq!(&*causation_id, "01932b7e-6a4c-7cc3-98c4-dc0c0c07398f");
        assert_eq!(
            traceparent.as_deref(),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-98c4dc0c0c07398f-01")
        );
        assert_eq!(occurred_at, Some(Timestamp(7)));
    }
}
