//! What Redis' errors mean to the caller: try again, slower, or a person must look.
//!
//! Texts hold what Redis says, never what was sent.

use redis::{ErrorKind, RedisError, ServerError, ServerErrorKind, Value};

use crate::error::StoreError;

/// The class of an error of the client or of the connection.
pub(super) fn of(error: &RedisError) -> StoreError {
    match error.kind() {
        ErrorKind::Server(_) | ErrorKind::Extension => {
            of_code(error.code().unwrap_or_default(), error.detail().unwrap_or_default())
        }
        ErrorKind::Io if error.is_timeout() => {
            StoreError::Transient("Redis did not answer in time".into())
        }
        ErrorKind::Io => StoreError::Transient(format!("no connection to Redis: {error}")),
        ErrorKind::Parse => {
            StoreError::Transient(format!("what answers does not speak Redis' protocol: {error}"))
        }
        ErrorKind::AuthenticationFailed => refused_login(&error.to_string()),
        _ => StoreError::Fatal(format!("Redis cannot be used: {error}; check its URL")),
    }
}

/// The class of an error that stands in an answer.
pub(super) fn of_answer(error: &ServerError) -> StoreError {
    of_code(error.code(), error.details().unwrap_or_default())
}

/// An answer that isn't what the command promises.
pub(super) fn unexpected(answer: &Value) -> StoreError {
    match answer {
        Value::ServerError(error) => of_answer(error),
        _ => StoreError::Fatal(
            "Redis gave another kind of answer than was asked for; is it Redis 7 or newer?".into(),
        ),
    }
}

/// That none of these answers is an error.
///
/// # Errors
/// The first one.
pub(super) fn in_none_of(answers: &[Value]) -> Result<(), StoreError> {
    let error = answers.iter().find(|answer| matches!(answer, Value::ServerError(_)));
    error.map_or(Ok(()), |error| Err(unexpected(error)))
}

/// Whether a script is asked for that this Redis does not have.
pub(super) fn lacks_script(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript))
}

fn of_code(code: &str, details: &str) -> StoreError {
    let said = format!("Redis says {code} {details}");
    match code {
        "OOM" => StoreError::Saturated(format!(
            "{said}; give it more memory, or remove generations that are not live"
        )),
        "MISCONF" => StoreError::Saturated(format!("{said}; it cannot save, look at its disk")),
        "ERR" if details.contains("max number of clients") => StoreError::Saturated(said),
        "LOADING" | "MASTERDOWN" | "TRYAGAIN" | "CLUSTERDOWN" | "READONLY" | "BUSY"
        | "NOREPLICAS" | "NOSCRIPT" | "UNBLOCKED" => StoreError::Transient(said),
        "NOAUTH" | "WRONGPASS" | "NOPERM" => refused_login(&said),
        "WRONGTYPE" => StoreError::Fatal(format!(
            "{said}: a key of ours holds something else; find who writes under our prefix, then rebuild with `replay run`"
        )),
        "MOVED" | "ASK" | "CROSSSLOT" => StoreError::Fatal(format!(
            "{said}: this is a node of a cluster, which is not supported yet; give the URL of a single Redis"
        )),
        _ => StoreError::Fatal(said),
    }
}

fn refused_login(said: &str) -> StoreError {
    StoreError::Fatal(format!(
        "{said}; check user and password in the URL of Redis, and what the user may do"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(code: &str, details: &str) -> StoreError {
        of(&redis::make_extension_error(code.into(), Some(details.into())))
    }

    #[test]
    fn what_passes_is_tried_again() {
        for code in ["LOADING", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "READONLY", "BUSY"] {
            assert!(matches!(class(code, ""), StoreError::Transient(_)), "{code}");
        }
        let lost = RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert!(matches!(of(&lost), StoreError::Transient(_)));
    }

    #[test]
    fn a_full_redis_is_tried_again_slower() {
        assert!(matches!(class("OOM", "command not allowed"), StoreError::Saturated(_)));
        assert!(matches!(class("MISCONF", "errors writing"), StoreError::Saturated(_)));
        assert!(matches!(class("ERR", "max number of clients reached"), StoreError::Saturated(_)));
    }

    #[test]
    fn what_a_person_must_mend_says_how() {
        for (code, hint) in [("NOAUTH", "password"), ("WRONGTYPE", "rebuild"), ("MOVED", "cluster")]
        {
            let StoreError::Fatal(text) = class(code, "") else { panic!("{code}") };
            assert!(text.contains(hint), "{text}");
        }
        assert!(matches!(class("ERR", "unknown command"), StoreError::Fatal(_)));
    }
}
