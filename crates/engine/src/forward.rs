//! Commands and questions on their way to another process, and what comes back: plain values whose contents are bytes.
//!
//! Owns the port to other processes and the layout of the bytes. Knows no transport, and never sends anything twice by itself.

use std::sync::Arc;

use async_trait::async_trait;
use chimera_domain::aggregate::RefusalKind;
use chimera_log::Owner;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::request::{Origin, Position};

/// The layout of the bytes; raised whenever a command, an event or a rejection of any stream changes its own. A process that
/// gets another one refuses it.
pub const FORMAT: u32 = 1;

/// An aggregate, as whoever asks about it names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The stream.
    pub stream: Arc<str>,
    /// The partition that the sender computed.
    pub partition: u32,
    /// The aggregate's id.
    pub key: Arc<str>,
    /// The term of the owner that the sender believes in; 0 where it does not know.
    pub known_term: u64,
}

/// A command for another process.
#[derive(Clone, PartialEq, Eq)]
pub struct ForwardedCommand {
    /// For whom.
    pub target: Target,
    /// See [`FORMAT`].
    pub format: u32,
    /// The command. May hold personal data: never shown.
    pub command: Vec<u8>,
    /// Its id as it stands in the envelope.
    pub command_id: Arc<str>,
    /// Who asks.
    pub origin: Origin,
    /// Waits for room in a full mailbox.
    pub patient: bool,
}

/// A question for another process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedRead {
    /// About whom.
    pub target: Target,
    /// Answer only when the version is beyond this one.
    pub past: Option<u64>,
}

/// What became of a forwarded command.
#[derive(Clone, PartialEq, Eq)]
pub struct ForwardedReceipt {
    /// See [`FORMAT`].
    pub format: u32,
    /// Where its last event stands.
    pub position: Position,
    /// The aggregate's version after it.
    pub version: u64,
    /// What happened. May hold personal data: never shown.
    pub events: Vec<Vec<u8>>,
}

/// How an aggregate stands.
#[derive(Clone, PartialEq, Eq)]
pub struct ForwardedState {
    /// The aggregate's `STATE_FORMAT`.
    pub format: u32,
    /// Its state. May hold personal data: never shown.
    pub state: Vec<u8>,
    /// How many events made it.
    pub version: u64,
    /// The end of its partition.
    pub position: Position,
}

/// Why the other process did not do it.
#[derive(Clone, PartialEq, Eq)]
pub enum ForwardedFailure {
    /// The business says no.
    Refused {
        /// Its code.
        code: String,
        /// Which kind of no.
        kind: RefusalKind,
        /// For people.
        detail: String,
        /// See [`FORMAT`].
        format: u32,
        /// The rejection.
        rejection: Vec<u8>,
    },
    /// The idempotency key was used with another body.
    KeyReused,
    /// Its mailbox is full.
    Saturated,
    /// Nothing was written.
    Unavailable(String),
    /// Unknown whether it took effect.
    Indeterminate,
    /// It does not own the partition; who does, as far as it knows.
    NotOwner(Option<Owner>),
    /// It does not understand the request; says what.
    Unreadable(String),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the node {address} does not answer: {reason}")]
pub struct Unanswered {
    /// Who was asked.
    pub address: Arc<str>,
    /// Why.
    pub reason: String,
    /// Whether the request may have reached it.
    pub may_have_arrived: bool,
}

/// What comes back from another process.
pub type Forwarded<T> = Result<Result<T, ForwardedFailure>, Unanswered>;

/// The way to other processes.
#[async_trait]
pub trait Peers: Send + Sync {
    /// Sends a command to the process at `address`.
    async fn execute(
        &self,
        address: &Arc<str>,
        command: ForwardedCommand,
    ) -> Forwarded<ForwardedReceipt>;

    /// Sends a question to the process at `address`.
    async fn read(&self, address: &Arc<str>, question: ForwardedRead) -> Forwarded<ForwardedState>;
}

/// The other processes, as a router needs them.
#[derive(Clone)]
pub struct Cluster {
    /// The way to them.
    pub peers: Arc<dyn Peers>,
    /// Where this process is reached, as the log's owners say it.
    pub own_address: Arc<str>,
}

/// What a process does for others: one for each stream that it may own.
#[async_trait]
pub trait LocalStream: Send + Sync {
    /// The stream.
    fn stream(&self) -> &'static str;

    /// Executes a command here, or says that the partition is another's. Never sends it on.
    async fn execute(
        &self,
        command: ForwardedCommand,
    ) -> Result<ForwardedReceipt, ForwardedFailure>;

    /// Answers a question here, or says that the partition is another's.
    async fn read(&self, question: ForwardedRead) -> Result<ForwardedState, ForwardedFailure>;
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    postcard::to_stdvec(value).map_err(|error| error.to_string())
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], format: u32) -> Result<T, String> {
    if format != FORMAT {
        return Err(format!(
            "it has layout {format}, this node knows {FORMAT}; are both of one version?"
        ));
    }
    postcard::from_bytes(bytes).map_err(|error| error.to_string())
}
