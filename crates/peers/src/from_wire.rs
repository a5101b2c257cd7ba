//! Messages of `chimera.internal.v1` as the engine's values. What is missing and needed is refused, never guessed.

use chimera_domain::aggregate::RefusalKind;
use chimera_domain::time::Timestamp;
use chimera_engine::{
    ForwardedCommand, ForwardedFailure, ForwardedRead, ForwardedReceipt, ForwardedState, Origin,
    Position, Target,
};
use chimera_log::{Owner, Partition};
use chimera_proto::internal::v1 as wire;
use chimera_proto::internal::v1::failure::Reason;
use chimera_proto::internal::v1::{execute_response, read_response};

const NO_TARGET: &str = "the request names no aggregate";

pub(crate) fn command(request: wire::ExecuteRequest) -> Result<ForwardedCommand, &'static str> {
    let origin = request.origin.ok_or("the request does not say who asks")?;
    Ok(ForwardedCommand {
        target: target(request.target.ok_or(NO_TARGET)?),
        format: request.format,
        command: request.command,
        command_id: request.command_id.into(),
        origin: Origin {
            correlation_id: origin.correlation_id.into(),
            causation_id: origin.causation_id.into(),
            traceparent: origin.traceparent.map(Into::into),
            actor: origin.actor.map(Into::into),
            occurred_at: origin.occurred_at_micros.map(Timestamp),
        },
        patient: request.patient,
    })
}

pub(crate) fn question(request: wire::ReadRequest) -> Result<ForwardedRead, &'static str> {
    let past = request.past_version;
    Ok(ForwardedRead { target: target(request.target.ok_or(NO_TARGET)?), past })
}

/// An answer that is not understood is one of which the outcome is unknown.
pub(crate) fn receipt(
    response: wire::ExecuteResponse,
) -> Result<ForwardedReceipt, ForwardedFailure> {
    match response.outcome {
        Some(execute_response::Outcome::Receipt(receipt)) => Ok(ForwardedReceipt {
            position: position(receipt.position).ok_or(ForwardedFailure::Indeterminate)?,
            format: receipt.format,
            version: receipt.version,
            events: receipt.events,
        }),
        Some(execute_response::Outcome::Failure(reason)) => {
            Err(failure(reason).unwrap_or(ForwardedFailure::Indeterminate))
        }
        None => Err(ForwardedFailure::Indeterminate),
    }
}

/// An answer that is not understood is none.
pub(crate) fn state(response: wire::ReadResponse) -> Result<ForwardedState, ForwardedFailure> {
    let unclear =
        || ForwardedFailure::Unavailable("the other node's answer is not understood".into());
    match response.outcome {
        Some(read_response::Outcome::Current(current)) => Ok(ForwardedState {
            position: position(current.position).ok_or_else(unclear)?,
            format: current.format,
            state: current.state,
            version: current.version,
        }),
        Some(read_response::Outcome::Failure(reason)) => {
            Err(failure(reason).unwrap_or_else(unclear))
        }
        None => Err(unclear()),
    }
}

fn target(target: wire::Target) -> Target {
    Target {
        stream: target.stream.into(),
        partition: target.partition,
        key: target.key.into(),
        known_term: target.known_term,
    }
}

fn position(position: Option<wire::Position>) -> Option<Position> {
    let position = position?;
    let partition = Partition::new(&position.stream, position.partition);
    Some(Position { partition, sequence: position.sequence })
}

fn failure(failure: wire::Failure) -> Option<ForwardedFailure> {
    Some(match failure.reason? {
        Reason::Refused(refused) => ForwardedFailure::Refused {
            kind: kind(refused.kind())?,
            code: refused.code,
            detail: refused.detail,
            format: refused.format,
            rejection: refused.rejection,
        },
        Reason::KeyReused(_) => ForwardedFailure::KeyReused,
        Reason::Saturated(_) => ForwardedFailure::Saturated,
        Reason::Unavailable(unavailable) => ForwardedFailure::Unavailable(unavailable.detail),
        Reason::Indeterminate(_) => ForwardedFailure::Indeterminate,
        Reason::NotOwner(other) => ForwardedFailure::NotOwner(other.hint.map(owner)),
    })
}

fn kind(kind: wire::RefusalKind) -> Option<RefusalKind> {
    match kind {
        wire::RefusalKind::Unspecified => None,
        wire::RefusalKind::NotFound => Some(RefusalKind::NotFound),
        wire::RefusalKind::Conflict => Some(RefusalKind::Conflict),
        wire::RefusalKind::Invalid => Some(RefusalKind::Invalid),
        wire::RefusalKind::Forbidden => Some(RefusalKind::Forbidden),
    }
}

fn owner(owner: wire::Owner) -> Owner {
    Owner { address: owner.address.into(), term: owner.term }
}
