//! Errors as clients see them: `application/problem+json` with a stable code and a detail that a person can act on; `grpc` says the
//! same in a status.
//!
//! Never shows what went wrong inside, and never repeats what the client sent.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chimera_domain::aggregate::{Refusal, RefusalKind};
use chimera_engine::Failure;
use serde::Serialize;
use utoipa::ToSchema;

use crate::codes::{self, Code};

/// The media type of every error.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// When to try again what could not be done now.
const RETRY_AFTER_SECONDS: u32 = 1;

/// What went wrong, for machines (`code`) and people (`detail`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem as an address.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "urn:chimera:problem:order.wrong_status")]
    kind: Box<str>,
    /// A short text, the same for every problem of this code.
    #[schema(example = "The order's status does not allow this")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 409)]
    status: u16,
    /// Stable; what to branch on. All codes are listed in docs/errors.md.
    #[schema(example = "order.wrong_status")]
    code: &'static str,
    /// What happened and what can be done about it.
    #[schema(value_type = String, example = "the order is CANCELED; this needs PENDING")]
    detail: Box<str>,
    /// Which field or parameter is wrong, as a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "lines[0].quantity")]
    field: Option<Box<str>>,
    /// Which request it was: its correlation id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "urn:chimera:request:01932b7e-6a4c-7cc3-98c4-dc0c0c07398f")]
    instance: Option<Box<str>>,
}

impl Problem {
    /// A problem of a listed kind.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<Box<str>>) -> Self {
        Self {
            kind: format!("urn:chimera:problem:{}", code.code).into(),
            title: code.title,
            status: code.status,
            code: code.code,
            detail: detail.into(),
            field: None,
            instance: None,
        }
    }

    /// A no of the rules.
    pub fn refused(refusal: &impl Refusal) -> Self {
        let status = match refusal.kind() {
            RefusalKind::NotFound => 404,
            RefusalKind::Conflict => 409,
            RefusalKind::Invalid => 422,
            RefusalKind::Forbidden => 403,
        };
        let title = codes::find(refusal.code()).map_or("The rules say no", |known| known.title);
        let code = Code { code: refusal.code(), status, title, remedy: "" };
        Self::new(code, refusal.to_string())
    }

    /// The same problem, with the field that is wrong.
    #[must_use]
    pub fn at(mut self, field: impl Into<Box<str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same problem, with the request that it belongs to.
    #[must_use]
    pub fn of_request(mut self, correlation_id: &str) -> Self {
        self.instance = Some(format!("urn:chimera:request:{correlation_id}").into());
        self
    }

    /// What clients branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What happened and what can be done about it.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// After how many seconds to try again what could not be done now.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        (self.status == 503).then_some(RETRY_AFTER_SECONDS)
    }

    /// Which field is wrong.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl<R: Refusal> From<Failure<R>> for Problem {
    fn from(failure: Failure<R>) -> Self {
        match &failure {
            Failure::Refused(refusal) => Self::refused(refusal),
            Failure::KeyReused => Self::new(codes::IDEMPOTENCY_KEY_REUSED, failure.to_string()),
            Failure::Saturated => Self::new(codes::ENGINE_SATURATED, failure.to_string()),
            Failure::Unavailable(reason) => {
                tracing::warn!(reason, "the log is unavailable");
                let detail = "nothing was written; repeat the request shortly";
                Self::new(codes::LOG_UNAVAILABLE, detail)
            }
            Failure::Indeterminate => {
                Self::new(codes::COMMAND_OUTCOME_UNKNOWN, failure.to_string())
            }
            Failure::NotOwner(_) => Self::new(codes::PARTITION_NOT_OWNED, failure.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use chimera_domain::order::Rejection;
    use chimera_log::Partition;

    use super::*;

    fn answered(failure: Failure<Rejection>) -> (u16, &'static str, Option<String>) {
        let problem = Problem::from(failure);
        let code = problem.code();
        let response = problem.into_response();
        let retry = response.headers().get(header::RETRY_AFTER);
        let retry = retry.map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), code, retry)
    }

    #[test]
    fn every_failure_has_its_status_and_code() {
        let later = Some("1".to_owned());
        let table = [
            (Failure::Refused(Rejection::NotFound), 404, "order.not_found", None),
            (Failure::Refused(Rejection::NotConfirmed), 409, "order.not_confirmed", None),
            (Failure::Refused(Rejection::NoLines), 422, "order.no_lines", None),
            (Failure::Refused(Rejection::StaffOnly), 403, "order.staff_only", None),
            (Failure::KeyReused, 422, "idempotency.key_reused", None),
            (Failure::Saturated, 503, "engine.saturated", later.clone()),
            (Failure::Unavailable("disk full".into()), 503, "log.unavailable", later.clone()),
            (Failure::Indeterminate, 503, "command.outcome_unknown", later.clone()),
            (Failure::NotOwner(Partition::new("s", 0)), 503, "partition.not_owned", later),
        ];
        for (failure, status, code, retry) in table {
            assert_eq!(answered(failure), (status, code, retry));
        }
    }

    #[test]
    fn a_problem_does_not_show_what_went_wrong_inside() {
        let problem = Problem::from(Failure::<Rejection>::Unavailable("/var/lib/log: EIO".into()));
        assert!(!serde_json::to_string(&problem).unwrap().contains("/var/lib"));
    }
}
