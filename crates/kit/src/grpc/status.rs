//! Problems as gRPC says them: a status code, and `google.rpc` details with the same stable code.
//!
//! Says no more than REST does.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::problem::Problem;

/// The domain of every `ErrorInfo`.
const DOMAIN: &str = "chimera";

/// The gRPC code of a problem: it follows from that of REST.
#[must_use]
pub fn code_of(code: &str, status: u16) -> Code {
    match code {
        "request.timed_out" => Code::DeadlineExceeded,
        "route.not_found" => Code::Unimplemented,
        _ if code.ends_with(".already_exists") => Code::AlreadyExists,
        _ => match status {
            400 | 422 => Code::InvalidArgument,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::NotFound,
            409 => Code::FailedPrecondition,
            413 => Code::ResourceExhausted,
            503 => Code::Unavailable,
            _ => Code::Internal,
        },
    }
}

/// The code as gRPC's own documents write it.
pub(crate) fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let mut details = ErrorDetails::new();
        details.set_error_info(problem.code(), DOMAIN, HashMap::new());
        if let Some(field) = problem.field() {
            details.add_bad_request_violation(as_in_messages(field), problem.detail());
        }
        if let Some(seconds) = problem.retry_after() {
            details.set_retry_info(Some(Duration::from_secs(seconds.into())));
        }
        let code = code_of(problem.code(), problem.status().as_u16());
        Self::with_error_details(code, problem.detail(), details)
    }
}

/// A path in the words of JSON, `shippingAddress.postalCode`, in those of messages: `shipping_address.postal_code`.
fn as_in_messages(field: &str) -> String {
    let mut path = String::with_capacity(field.len() + 4);
    for letter in field.chars() {
        if letter.is_ascii_uppercase() {
            path.push('_');
        }
        path.push(letter.to_ascii_lowercase());
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{self, find};

    fn status(code: &str) -> Status {
        Problem::new(*find(code).unwrap(), "detail").into()
    }

    #[test]
    fn the_status_follows_from_that_of_rest() {
        for (code, expected) in [
            ("request.malformed", Code::InvalidArgument),
            ("order.no_lines", Code::InvalidArgument),
            ("auth.token_missing", Code::Unauthenticated),
            ("auth.scope_missing", Code::PermissionDenied),
            ("order.not_found", Code::NotFound),
            ("order.wrong_status", Code::FailedPrecondition),
            ("product.already_exists", Code::AlreadyExists),
            ("request.too_large", Code::ResourceExhausted),
            ("log.unavailable", Code::Unavailable),
            ("request.timed_out", Code::DeadlineExceeded),
            ("internal.error", Code::Internal),
        ] {
            assert_eq!(status(code).code(), expected, "{code}");
        }
    }

    #[test]
    fn the_details_say_what_rest_says() {
        let problem = Problem::new(codes::REQUEST_INVALID, "must be short");
        let status = Status::from(problem.at("lines[3].shippingAddress"));
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("request.invalid", "chimera"));
        let violation = &details.bad_request().unwrap().field_violations[0];
        assert_eq!(violation.field, "lines[3].shipping_address");
        assert_eq!(
            (violation.description.as_str(), status.message()),
            ("must be short", "must be short")
        );
        assert!(details.retry_info().is_none());
    }

    #[test]
    fn what_may_be_tried_again_says_when() {
        let details = status("engine.saturated").get_error_details();
        let retry = details.retry_info().unwrap().retry_delay;
        assert_eq!(retry, Some(Duration::from_secs(1)));
        assert!(details.bad_request().is_none());
    }
}
