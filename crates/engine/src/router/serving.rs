//! Doing for other processes what this one owns. Never sends anything on.

use async_trait::async_trait;
use chimera_domain::aggregate::{Aggregate, Refusal};
use chimera_log::Partition;

use super::{Full, Router, question, send};
use crate::forward::{
    FORMAT, ForwardedCommand, ForwardedFailure, ForwardedRead, ForwardedReceipt, ForwardedState,
    LocalStream, Target, decode, encode,
};
use crate::mailbox::Message;
use crate::request::{CommandId, Failure, Receipt, Request};

#[async_trait]
impl<A: Aggregate> LocalStream for Router<A> {
    fn stream(&self) -> &'static str {
        A::STREAM
    }

    async fn execute(
        &self,
        forwarded: ForwardedCommand,
    ) -> Result<ForwardedReceipt, ForwardedFailure> {
        let (partition, shard) = self.shard_for(&forwarded.target)?;
        let command = decode(&forwarded.command, forwarded.format);
        let request = Request {
            key: forwarded.target.key,
            command: command.map_err(ForwardedFailure::Unreadable)?,
            id: CommandId::from_log(&forwarded.command_id),
            origin: forwarded.origin,
        };
        let full = if forwarded.patient { Full::Wait } else { Full::Refuse };
        match send(&partition, &shard, request, full).await {
            (Ok(receipt), _) => to_forward(receipt),
            // Whether it took effect is for the next owner to find out, by its id.
            (Err(failure), _) => Err(self.failed(&partition, failure)),
        }
    }

    async fn read(&self, asked: ForwardedRead) -> Result<ForwardedState, ForwardedFailure> {
        let (partition, shard) = self.shard_for(&asked.target)?;
        let current = question::<A>(&partition, &shard, &asked.target.key, asked.past).await;
        let current = current.map_err(|failure| self.failed(&partition, failure))?;
        let state = encode(&*current.state).map_err(ForwardedFailure::Unavailable)?;
        let (version, position) = (current.version, current.position);
        Ok(ForwardedState { format: A::STATE_FORMAT, state, version, position })
    }
}

impl<A: Aggregate> Router<A> {
    fn shard_for(
        &self,
        target: &Target,
    ) -> Result<(Partition, tokio::sync::mpsc::Sender<Message<A>>), ForwardedFailure> {
        let partition = self.partition_of(&target.key);
        if partition.index != target.partition {
            return Err(ForwardedFailure::Unreadable(format!(
                "{} lies in partition {} here and in {} there: the nodes disagree on the number of partitions",
                A::STREAM,
                partition.index,
                target.partition
            )));
        }
        match self.slot(&partition).shard() {
            Some(shard) => Ok((partition, shard)),
            None => Err(self.not_owner(&partition)),
        }
    }

    fn not_owner(&self, partition: &Partition) -> ForwardedFailure {
        ForwardedFailure::NotOwner(self.owners.borrow().get(partition).cloned())
    }

    fn failed(&self, partition: &Partition, failure: Failure<A::Rejection>) -> ForwardedFailure {
        match failure {
            Failure::Refused(rejection) => refused(&rejection),
            Failure::KeyReused => ForwardedFailure::KeyReused,
            Failure::Saturated => ForwardedFailure::Saturated,
            Failure::Unavailable(reason) => ForwardedFailure::Unavailable(reason),
            Failure::Indeterminate => ForwardedFailure::Indeterminate,
            Failure::NotOwner(_) => self.not_owner(partition),
        }
    }
}

fn refused<R: Refusal>(rejection: &R) -> ForwardedFailure {
    match encode(rejection) {
        Ok(bytes) => ForwardedFailure::Refused {
            code: rejection.code().to_owned(),
            kind: rejection.kind(),
            detail: rejection.to_string(),
            format: FORMAT,
            rejection: bytes,
        },
        Err(reason) => ForwardedFailure::Unavailable(reason),
    }
}

fn to_forward<A: Aggregate>(receipt: Receipt<A>) -> Result<ForwardedReceipt, ForwardedFailure> {
    let mut events = Vec::with_capacity(receipt.events.len());
    for event in &receipt.events {
        events.push(encode(event).map_err(ForwardedFailure::Unavailable)?);
    }
    let (position, version) = (receipt.position, receipt.version);
    Ok(ForwardedReceipt { format: FORMAT, position, version, events })
}
