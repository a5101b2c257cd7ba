//! Brings each command to the shard of its partition, and the answer back. All partitions are local for now.

use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use chimera_log::{Partition, partition_of};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::mailbox::Message;
use crate::request::{Current, Failure, Receipt, Request};

/// The way to every shard of one stream; cheap to clone.
#[derive(Debug)]
pub struct Router<A: Aggregate> {
    shards: Arc<[mpsc::Sender<Message<A>>]>,
}

impl<A: Aggregate> Clone for Router<A> {
    fn clone(&self) -> Self {
        Self { shards: Arc::clone(&self.shards) }
    }
}

impl<A: Aggregate> Router<A> {
    pub(crate) fn new(shards: Vec<mpsc::Sender<Message<A>>>) -> Self {
        Self { shards: shards.into() }
    }

    /// How many partitions the stream has.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        u32::try_from(self.shards.len()).unwrap_or(u32::MAX)
    }

    /// The partition that holds `key`.
    #[must_use]
    pub fn partition_of(&self, key: &str) -> Partition {
        Partition::new(A::STREAM, partition_of(key, self.partitions()))
    }

    /// Sends a command; full mailboxes are refused at once. Answered after the commit.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn execute(&self, request: Request<A>) -> Result<Receipt<A>, Failure<A::Rejection>> {
        let partition = self.partition_of(&request.key);
        let (reply, answer) = oneshot::channel();
        match self.shard(&partition).try_send(Message::Execute(request, reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(Failure::Saturated),
            Err(TrySendError::Closed(_)) => return Err(Failure::NotOwner(partition)),
        }
        answer.await.unwrap_or(Err(Failure::NotOwner(partition)))
    }

    /// Sends a command and waits for room in a full mailbox: for processes and imports, which have nobody to refuse.
    ///
    /// # Errors
    /// See [`Failure`]; never [`Failure::Saturated`].
    pub async fn execute_patiently(
        &self,
        request: Request<A>,
    ) -> Result<Receipt<A>, Failure<A::Rejection>> {
        let partition = self.partition_of(&request.key);
        let (reply, answer) = oneshot::channel();
        if self.shard(&partition).send(Message::Execute(request, reply)).await.is_err() {
            return Err(Failure::NotOwner(partition));
        }
        answer.await.unwrap_or(Err(Failure::NotOwner(partition)))
    }

    /// How an aggregate stands now, durably. Version 0 where there is none of this id.
    ///
    /// # Errors
    /// [`Failure::NotOwner`] if its shard isn't here.
    pub async fn read(&self, key: &str) -> Result<Current<A>, Failure<A::Rejection>> {
        self.ask(key, None).await
    }

    /// How an aggregate stands as soon as its version is beyond `version`; waits without end, so give it a deadline.
    ///
    /// # Errors
    /// [`Failure::NotOwner`] if its shard isn't here.
    pub async fn read_past(
        &self,
        key: &str,
        version: u64,
    ) -> Result<Current<A>, Failure<A::Rejection>> {
        self.ask(key, Some(version)).await
    }

    async fn ask(&self, key: &str, past: Option<u64>) -> Result<Current<A>, Failure<A::Rejection>> {
        let partition = self.partition_of(key);
        let (reply, answer) = oneshot::channel();
        let question = Message::Read { key: key.into(), past, reply };
        if self.shard(&partition).send(question).await.is_err() {
            return Err(Failure::NotOwner(partition));
        }
        answer.await.map_err(|_| Failure::NotOwner(partition))
    }

    fn shard(&self, partition: &Partition) -> &mpsc::Sender<Message<A>> {
        let index = usize::try_from(partition.index).unwrap_or_default();
        &self.shards[index]
    }
}
