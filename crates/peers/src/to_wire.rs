//! The engine's values as messages of `chimera.internal.v1`. Maps and does nothing else.

use chimera_domain::aggregate::RefusalKind;
use chimera_engine::{
    ForwardedCommand, ForwardedFailure, ForwardedRead, ForwardedReceipt, ForwardedState, Origin,
    Position, Target,
};
use chimera_log::Owner;
use chimera_proto::internal::v1 as wire;
use chimera_proto::internal::v1::failure::Reason;
use chimera_proto::internal::v1::{execute_response, read_response};

pub(crate) fn command(command: ForwardedCommand) -> wire::ExecuteRequest {
    wire::ExecuteRequest {
        target: Some(target(&command.target)),
        format: command.format,
        command: command.command,
        command_id: command.command_id.as_ref().to_owned(),
        origin: Some(origin(command.origin)),
        patient: command.patient,
    }
}

pub(crate) fn question(question: &ForwardedRead) -> wire::ReadRequest {
    wire::ReadRequest { target: Some(target(&question.target)), past_version: question.past }
}

pub(crate) fn receipt(
    outcome: Result<ForwardedReceipt, ForwardedFailure>,
) -> wire::ExecuteResponse {
    let outcome = match outcome {
        Ok(receipt) => execute_response::Outcome::Receipt(wire::Receipt {
            position: Some(position(&receipt.position)),
            version: receipt.version,
            format: receipt.format,
            events: receipt.events,
        }),
        Err(reason) => execute_response::Outcome::Failure(failure(reason)),
    };
    wire::ExecuteResponse { outcome: Some(outcome) }
}

pub(crate) fn state(outcome: Result<ForwardedState, ForwardedFailure>) -> wire::ReadResponse {
    let outcome = match outcome {
        Ok(state) => read_response::Outcome::Current(wire::Current {
            format: state.format,
            state: state.state,
            version: state.version,
            position: Some(position(&state.position)),
        }),
        Err(reason) => read_response::Outcome::Failure(failure(reason)),
    };
    wire::ReadResponse { outcome: Some(outcome) }
}

fn target(target: &Target) -> wire::Target {
    wire::Target {
        stream: target.stream.as_ref().to_owned(),
        partition: target.partition,
        key: target.key.as_ref().to_owned(),
        known_term: target.known_term,
    }
}

fn origin(origin: Origin) -> wire::Origin {
    wire::Origin {
        correlation_id: origin.correlation_id.as_ref().to_owned(),
        causation_id: origin.causation_id.as_ref().to_owned(),
        traceparent: origin.traceparent.map(|text| text.as_ref().to_owned()),
        actor: origin.actor.map(|text| text.as_ref().to_owned()),
        occurred_at_micros: origin.occurred_at.map(|time| time.0),
    }
}

fn position(position: &Position) -> wire::Position {
    wire::Position {
        stream: position.partition.stream.as_ref().to_owned(),
        partition: position.partition.index,
        sequence: position.sequence,
    }
}

fn failure(failure: ForwardedFailure) -> wire::Failure {
    let reason = match failure {
        ForwardedFailure::Refused { code, kind, detail, format, rejection } => {
            let kind = match kind {
                RefusalKind::NotFound => wire::RefusalKind::NotFound,
                RefusalKind::Conflict => wire::RefusalKind::Conflict,
                RefusalKind::Invalid => wire::RefusalKind::Invalid,
                RefusalKind::Forbidden => wire::RefusalKind::Forbidden,
            };
            Reason::Refused(wire::Refused { code, kind: kind.into(), detail, format, rejection })
        }
        ForwardedFailure::KeyReused => Reason::KeyReused(wire::KeyReused {}),
        ForwardedFailure::Saturated => Reason::Saturated(wire::Saturated {}),
        ForwardedFailure::Unavailable(detail) | ForwardedFailure::Unreadable(detail) => {
            Reason::Unavailable(wire::Unavailable { detail })
        }
        ForwardedFailure::Indeterminate => Reason::Indeterminate(wire::Indeterminate {}),
        ForwardedFailure::NotOwner(hint) => {
            Reason::NotOwner(wire::NotOwner { hint: hint.as_ref().map(owner) })
        }
    };
    wire::Failure { reason: Some(reason) }
}

fn owner(owner: &Owner) -> wire::Owner {
    wire::Owner { address: owner.address.as_ref().to_owned(), term: owner.term }
}
