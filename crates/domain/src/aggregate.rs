//! What every aggregate is: a state folded from its own events, and rules that answer a command with new events.
//!
//! Knows no stream technology, store, clock or randomness; whatever a rule needs from outside arrives in the command or its context.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::time::Timestamp;

/// What a rule may know of the moment: given by the caller, never asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// When the command is decided.
    pub now: Timestamp,
    /// When it happened for the business; an import carries the past.
    pub occurred_at: Timestamp,
}

/// The business saying no. Not an error: answered with 404, 409 or 422 and counted.
pub trait Refusal:
    std::error::Error + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// A stable code such as `order.not_pending`; clients depend on it.
    fn code(&self) -> &'static str;

    /// Which kind of no it is.
    fn kind(&self) -> RefusalKind;
}

/// What a refusal means to whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The aggregate isn't there.
    NotFound,
    /// It is there, in a state that doesn't allow this.
    Conflict,
    /// The request could never be allowed as it stands.
    Invalid,
    /// Somebody else might; this caller may not.
    Forbidden,
}

/// An event, as far as the platform has to know it.
pub trait DomainEvent:
    Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Every event type of the stream, `<topic>.<action>.v<n>`.
    const TYPES: &'static [&'static str];

    /// The type of this event, one of [`DomainEvent::TYPES`].
    fn event_type(&self) -> &'static str;
}

/// One consistency boundary: its events are appended by a single writer and numbered without gaps.
pub trait Aggregate:
    Default + Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The stream (on Kafka: the topic) that holds the events.
    const STREAM: &'static str;

    /// Raised whenever the meaning or layout of the state changes, so that checkpoints of the old one are rebuilt.
    const STATE_FORMAT: u32;

    /// What can be asked of it.
    type Command: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What can happen to it.
    type Event: DomainEvent;
    /// How it can say no.
    type Rejection: Refusal;

    /// Folds one event into the state. Total: an event that cannot happen changes nothing.
    fn evolve(&mut self, event: &Self::Event);

    /// Answers a command. No events means that it was honoured before; a rejection is the business saying no.
    ///
    /// # Errors
    /// The first rule that the command breaks.
    fn decide(
        &self,
        command: Self::Command,
        context: &Context,
    ) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The command that falls due by itself, and when; asked again after every event.
    fn due(&self) -> Option<(Timestamp, Self::Command)> {
        None
    }
}

/// Rule tests that read like the rule book: `given([events]).when(command).then([events])`.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Aggregate, Context};
    use crate::time::{SECOND, Timestamp};

    /// The moment at which rules are tested.
    pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000 * SECOND);

    /// An aggregate after some history.
    pub(crate) struct Given<A>(A);

    /// The answer to one command.
    pub(crate) struct Answer<A: Aggregate>(Result<Vec<A::Event>, A::Rejection>);

    pub(crate) fn given<A: Aggregate>(history: impl IntoIterator<Item = A::Event>) -> Given<A> {
        let mut aggregate = A::default();
        for event in history {
            aggregate.evolve(&event);
        }
        Given(aggregate)
    }

    impl<A: Aggregate> Given<A> {
        pub(crate) fn when(self, command: A::Command) -> Answer<A> {
            Answer(self.0.decide(command, &Context { now: NOW, occurred_at: NOW }))
        }

        pub(crate) fn state(self) -> A {
            self.0
        }
    }

    impl<A: Aggregate> Answer<A> {
        #[track_caller]
        pub(crate) fn then(self, events: impl IntoIterator<Item = A::Event>) {
            assert_eq!(self.0, Ok(events.into_iter().collect()));
        }

        #[track_caller]
        pub(crate) fn then_rejected(self, rejection: A::Rejection) {
            assert_eq!(self.0, Err(rejection));
        }

        #[track_caller]
        pub(crate) fn events(self) -> Vec<A::Event> {
            self.0.expect("the command was refused")
        }
    }
}
