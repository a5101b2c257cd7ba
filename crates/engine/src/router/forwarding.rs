//! Sending a command or a question to the process that owns its partition: the domain's values to bytes, the answer back.

use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use chimera_log::Owner;

use super::{Full, Router};
use crate::forward::{
    Cluster, FORMAT, ForwardedCommand, ForwardedFailure, ForwardedRead, ForwardedReceipt,
    ForwardedState, Target, decode, encode,
};
use crate::request::{Current, Failure, Receipt, Request};

impl<A: Aggregate> Router<A> {
    /// Sends a command to `owner`, once. Also whether it may have been executed without an answer.
    pub(super) async fn forward(
        &self,
        cluster: &Cluster,
        owner: &Owner,
        request: &Request<A>,
        full: Full,
    ) -> (Result<Receipt<A>, Failure<A::Rejection>>, bool) {
        let command = match encode(&request.command) {
            Ok(command) => command,
            Err(reason) => return (Err(Failure::Unavailable(reason)), false),
        };
        let forwarded = ForwardedCommand {
            target: self.target(&request.key, owner),
            format: FORMAT,
            command,
            command_id: request.id.to_log(),
            origin: request.origin.clone(),
            patient: full == Full::Wait,
        };
        let partition = self.partition_of(&request.key);
        match cluster.peers.execute(&owner.address, forwarded).await {
            Ok(Ok(receipt)) => match receipt_of(&receipt) {
                Ok(receipt) => (Ok(receipt), false),
                Err(reason) => (Err(misunderstood(owner, &reason)), true),
            },
            // It may have been fenced in the middle of it.
            Ok(Err(ForwardedFailure::NotOwner(_))) => (Err(Failure::NotOwner(partition)), true),
            Ok(Err(failure)) => (Err(failure_of(owner, failure)), false),
            Err(unanswered) => {
                tracing::debug!(%unanswered, "a command is sent again");
                (Err(Failure::NotOwner(partition)), unanswered.may_have_arrived)
            }
        }
    }

    /// Asks `owner`, once.
    pub(super) async fn ask_there(
        &self,
        cluster: &Cluster,
        owner: &Owner,
        key: &str,
        past: Option<u64>,
    ) -> Result<Current<A>, Failure<A::Rejection>> {
        let gone = || Failure::NotOwner(self.partition_of(key));
        let question = ForwardedRead { target: self.target(&key.into(), owner), past };
        match cluster.peers.read(&owner.address, question).await {
            Ok(Ok(state)) => {
                current_of::<A>(&state).map_err(|reason| misunderstood(owner, &reason))
            }
            Ok(Err(ForwardedFailure::NotOwner(_))) | Err(_) => Err(gone()),
            Ok(Err(failure)) => Err(failure_of(owner, failure)),
        }
    }

    fn target(&self, key: &Arc<str>, owner: &Owner) -> Target {
        Target {
            stream: A::STREAM.into(),
            partition: self.partition_of(key).index,
            key: Arc::clone(key),
            known_term: owner.term,
        }
    }
}

fn receipt_of<A: Aggregate>(receipt: &ForwardedReceipt) -> Result<Receipt<A>, String> {
    let mut events = Vec::with_capacity(receipt.events.len());
    for event in &receipt.events {
        events.push(decode(event, receipt.format)?);
    }
    Ok(Receipt { position: receipt.position.clone(), version: receipt.version, events })
}

fn current_of<A: Aggregate>(state: &ForwardedState) -> Result<Current<A>, String> {
    if state.format != A::STATE_FORMAT {
        return Err(format!("its states have layout {}, ours {}", state.format, A::STATE_FORMAT));
    }
    let state_of: A = decode(&state.state, FORMAT)?;
    let (version, position) = (state.version, state.position.clone());
    Ok(Current { state: Arc::new(state_of), version, position })
}

fn failure_of<A>(owner: &Owner, failure: ForwardedFailure) -> Failure<A>
where
    A: chimera_domain::aggregate::Refusal,
{
    match failure {
        ForwardedFailure::Refused { format, rejection, code, .. } => {
            match decode(&rejection, format) {
                Ok(rejection) => Failure::Refused(rejection),
                Err(reason) => misunderstood(owner, &format!("{code}: {reason}")),
            }
        }
        ForwardedFailure::KeyReused => Failure::KeyReused,
        ForwardedFailure::Saturated => Failure::Saturated,
        ForwardedFailure::Unavailable(reason) => Failure::Unavailable(reason),
        ForwardedFailure::Indeterminate | ForwardedFailure::NotOwner(_) => Failure::Indeterminate,
        ForwardedFailure::Unreadable(reason) => misunderstood(owner, &reason),
    }
}

fn misunderstood<R: chimera_domain::aggregate::Refusal>(owner: &Owner, reason: &str) -> Failure<R> {
    tracing::error!(address = &*owner.address, reason, "two nodes do not understand each other");
    Failure::Unavailable(format!(
        "the node that owns the partition speaks another version: {reason}"
    ))
}
