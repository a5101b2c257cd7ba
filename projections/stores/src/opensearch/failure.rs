//! What OpenSearch says when it does not do something, classed by what the caller does next.

use serde::Deserialize;

use crate::error::StoreError;

/// An error of a whole request or of one item of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) reason: String,
}

/// An error as it stands in answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Cause {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) caused_by: Option<Box<Cause>>,
}

/// The failure in an answer that is no success.
pub(super) fn of_answer(status: u16, body: &[u8]) -> Failure {
    #[derive(Deserialize)]
    struct Told {
        error: Cause,
    }
    match serde_json::from_slice::<Told>(body) {
        Ok(Told { error }) => Failure::new(status, error),
        Err(_) => Failure { status, kind: String::new(), reason: String::new() },
    }
}

impl Failure {
    pub(super) fn new(status: u16, cause: Cause) -> Self {
        let mut reason = without_values(cause.reason.unwrap_or_default());
        let mut deeper = cause.caused_by;
        while let Some(cause) = deeper {
            let more = without_values(cause.reason.unwrap_or_default());
            if !more.is_empty() && !reason.contains(&more) {
                reason = format!("{reason}: {more}");
            }
            deeper = cause.caused_by;
        }
        Self { status, kind: cause.kind, reason }
    }

    /// The index or the alias isn't there.
    pub(super) fn is_gone(&self) -> bool {
        self.status == 404 && self.kind == "index_not_found_exception"
    }

    /// Somebody has written a version that is not older.
    pub(super) fn is_conflict(&self) -> bool {
        self.status == 409 && self.kind == "version_conflict_engine_exception"
    }

    /// There is an index of this name.
    pub(super) fn is_there(&self) -> bool {
        self.kind == "resource_already_exists_exception"
    }

    /// What the caller does about it; `what` is what was to be done.
    pub(super) fn class(&self, what: &str) -> StoreError {
        let Self { status, kind, reason } = self;
        let told = format!("{what}: OpenSearch answers {status} {kind} {reason}").trim().to_owned();
        if kind == "cluster_block_exception" && matches!(status, 403 | 429) {
            return StoreError::Saturated(format!(
                "{told}; writing is blocked, most likely because its disk is nearly full: free some space, and OpenSearch \
                 takes writes again by itself, or remove a block that was set by hand"
            ));
        }
        match status {
            401 | 403 => StoreError::Fatal(format!(
                "{told}; check user and password and what this user may do"
            )),
            413 => StoreError::Fatal(format!(
                "{told}; let OpenSearch, or what stands before it, take larger requests (http.max_content_length)"
            )),
            429 => StoreError::Saturated(told),
            // Its own trouble, or of what stands before it; also an index that is just being made or moved.
            408 | 500.. => StoreError::Transient(told),
            400 if kind != "index_closed_exception" => StoreError::Rejected(told),
            _ => StoreError::Fatal(told),
        }
    }
}

/// For what no event has caused: there is nothing to park.
pub(super) fn not_rejected(error: StoreError) -> StoreError {
    match error {
        StoreError::Rejected(reason) => StoreError::Fatal(reason),
        other => other,
    }
}

/// A reason may quote the value that caused it, which belongs in no message.
fn without_values(mut reason: String) -> String {
    for quote in [" Preview of field's value", "For input string", "Value ["] {
        if let Some(at) = reason.find(quote) {
            reason.truncate(at);
        }
    }
    reason
}

/// Of two errors the one that the caller must know of first.
pub(super) fn graver(one: StoreError, other: StoreError) -> StoreError {
    if gravity(&other) > gravity(&one) { other } else { one }
}

fn gravity(error: &StoreError) -> u8 {
    match error {
        StoreError::Transient(_) => 0,
        StoreError::Saturated(_) => 1,
        StoreError::Rejected(_) => 2,
        StoreError::WentBack(_) => 3,
        StoreError::Fatal(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, kind: &str) -> StoreError {
        let body =
            format!(r#"{{"error":{{"type":"{kind}","reason":"because"}},"status":{status}}}"#);
        of_answer(status, body.as_bytes()).class("writing 3 documents")
    }

    #[test]
    fn answers_are_classed_by_what_the_caller_does_next() {
        for (status, kind) in
            [(500, "x"), (503, "unavailable_shards_exception"), (502, ""), (408, "")]
        {
            assert!(matches!(class(status, kind), StoreError::Transient(_)), "{status} {kind}");
        }
        for (status, kind) in [
            (429, "rejected_execution_exception"),
            (429, "circuit_breaking_exception"),
            (429, "cluster_block_exception"),
            (403, "cluster_block_exception"),
        ] {
            assert!(matches!(class(status, kind), StoreError::Saturated(_)), "{status} {kind}");
        }
        for (status, kind) in [
            (401, "security_exception"),
            (403, "security_exception"),
            (413, ""),
            (404, ""),
            (400, "index_closed_exception"),
        ] {
            assert!(matches!(class(status, kind), StoreError::Fatal(_)), "{status} {kind}");
        }
        for (status, kind) in [(400, "mapper_parsing_exception"), (400, "parsing_exception")] {
            assert!(matches!(class(status, kind), StoreError::Rejected(_)), "{status} {kind}");
        }
    }

    #[test]
    fn a_message_carries_no_value() {
        let body = br#"{"error":{"type":"mapper_parsing_exception","reason":"failed to parse field [n] of type [long] in document with id 'a'. Preview of field's value: 'secret'",
            "caused_by":{"type":"illegal_argument_exception","reason":"For input string: \"secret\""}},"status":400}"#;
        let told = of_answer(400, body).class("writing").to_string();
        assert!(told.contains("failed to parse field [n]") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn an_answer_that_is_no_json_is_classed_by_its_status() {
        let failure = of_answer(502, b"<html>bad gateway</html>");
        assert!(matches!(failure.class("reading"), StoreError::Transient(_)));
    }
}
