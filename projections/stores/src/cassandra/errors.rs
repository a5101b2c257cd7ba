//! What the driver and Cassandra say, classed by what the caller does next.
//!
//! Cassandra says "invalid" to data, to a full disk and to a missing table alike; only its words tell them apart.

use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError,
    MetadataError, NewSessionError, PrepareError, RequestAttemptError,
};

use crate::error::StoreError;

/// Of a request that was to be answered.
pub(super) fn of_request(error: ExecutionError) -> StoreError {
    let text = error.to_string();
    match error {
        ExecutionError::LastAttemptError(attempt)
        | ExecutionError::PrepareError(PrepareError::AllAttemptsFailed {
            first_attempt: attempt,
        }) => of_attempt(&attempt, text),
        ExecutionError::ConnectionPoolError(pool)
        | ExecutionError::PrepareError(PrepareError::ConnectionPoolError(pool)) => {
            of_pool(&pool, text)
        }
        ExecutionError::BadQuery(_)
        | ExecutionError::UseKeyspaceError(_)
        | ExecutionError::PrepareError(_) => StoreError::Fatal(text),
        _ => StoreError::Transient(text),
    }
}

/// Of a connection that was to be made.
pub(super) fn of_start(error: NewSessionError) -> StoreError {
    let text = error.to_string();
    match error {
        NewSessionError::EmptyKnownNodesList => {
            StoreError::Fatal("no node of Cassandra is named; set cassandra.nodes".into())
        }
        NewSessionError::IllegalConfig(_) => StoreError::Fatal(text),
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(pool)) => {
            of_pool(&pool, text)
        }
        _ => StoreError::Transient(text),
    }
}

/// Of a write to this table: what is wrong with the data cannot be said more exactly.
pub(super) fn of_write(table: &str, error: ExecutionError) -> StoreError {
    match of_request(error) {
        StoreError::Rejected(text) => StoreError::Rejected(format!("a row of {table}: {text}")),
        other => other,
    }
}

/// Whether it may mean that a table is no longer there, or is another one than it was.
pub(super) fn doubts_the_table(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::LastAttemptError(attempt)
        | ExecutionError::PrepareError(PrepareError::AllAttemptsFailed {
            first_attempt: attempt,
        }) => matches!(
            attempt,
            RequestAttemptError::DbError(DbError::Invalid, _)
                | RequestAttemptError::RepreparedIdChanged { .. }
                | RequestAttemptError::RepreparedIdMissingInBatch
        ),
        _ => false,
    }
}

/// Whether Cassandra did not understand a paging state.
pub(super) fn doubts_the_page(error: &ExecutionError) -> bool {
    let ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, text)) = error else {
        return false;
    };
    matches!(error, DbError::ProtocolError | DbError::Invalid) && text.contains("paging state")
}

fn of_attempt(attempt: &RequestAttemptError, text: String) -> StoreError {
    match attempt {
        RequestAttemptError::DbError(error, said) => of_answer(error, said, text),
        RequestAttemptError::UnableToAllocStreamId => StoreError::Saturated(text),
        RequestAttemptError::BrokenConnectionError(_)
        | RequestAttemptError::RepreparedIdMissingInBatch => StoreError::Transient(text),
        _ => StoreError::Fatal(text),
    }
}

fn of_answer(error: &DbError, said: &str, text: String) -> StoreError {
    match error {
        DbError::Overloaded | DbError::RateLimitReached { .. } => StoreError::Saturated(text),
        DbError::Invalid => of_invalid(said, text),
        DbError::SyntaxError
        | DbError::AlreadyExists { .. }
        | DbError::FunctionFailure { .. }
        | DbError::ConfigError
        | DbError::ProtocolError => StoreError::Fatal(text),
        DbError::AuthenticationError | DbError::Unauthorized => refused_entry(&text),
        _ => StoreError::Transient(text),
    }
}

fn of_invalid(said: &str, text: String) -> StoreError {
    let about_the_disk = ["disk usage", "disk space"];
    let about_the_data = [
        "too large",
        "oversized mutation",
        "exceed",
        "Key length",
        "Guardrail",
        "Key may not be empty",
    ];
    if about_the_disk.iter().any(|words| said.contains(words)) {
        return StoreError::Saturated(text);
    }
    if about_the_data.iter().any(|words| said.contains(words)) {
        return StoreError::Rejected(text);
    }
    StoreError::Fatal(text)
}

fn of_pool(pool: &ConnectionPoolError, text: String) -> StoreError {
    let ConnectionPoolError::Broken { last_connection_error } = pool else {
        return StoreError::Transient(text);
    };
    let ConnectionError::ConnectionSetupRequestError(setup) = last_connection_error else {
        return StoreError::Transient(text);
    };
    match &setup.error {
        ConnectionSetupRequestErrorKind::MissingAuthentication
        | ConnectionSetupRequestErrorKind::DbError(
            DbError::AuthenticationError | DbError::Unauthorized,
            _,
        ) => refused_entry(&text),
        _ => StoreError::Transient(text),
    }
}

fn refused_entry(text: &str) -> StoreError {
    StoreError::Fatal(format!(
        "{text}; check cassandra.username and cassandra.password, and what that role may do"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(error: DbError, said: &str) -> StoreError {
        let attempt = RequestAttemptError::DbError(error, said.to_owned());
        match of_request(ExecutionError::LastAttemptError(attempt)) {
            StoreError::Transient(_) => StoreError::Transient(String::new()),
            StoreError::Saturated(_) => StoreError::Saturated(String::new()),
            StoreError::WentBack(_) => StoreError::WentBack(String::new()),
            StoreError::Rejected(_) => StoreError::Rejected(String::new()),
            StoreError::Fatal(_) => StoreError::Fatal(String::new()),
        }
    }

    #[test]
    fn an_answer_is_classed_by_what_helps() {
        let (transient, saturated) =
            (StoreError::Transient(String::new()), StoreError::Saturated(String::new()));
        let (rejected, fatal) =
            (StoreError::Rejected(String::new()), StoreError::Fatal(String::new()));
        let full = "Guardrail data_disk_usage_percentage violated: Write request failed because disk usage exceeds failure threshold";
        let large = "Rejected an oversized mutation (17000000/16777216) for keyspace: shop";
        let cases = [
            (DbError::IsBootstrapping, "", &transient),
            (DbError::ServerError, "", &transient),
            (DbError::Overloaded, "", &saturated),
            (DbError::Invalid, full, &saturated),
            (DbError::Invalid, large, &rejected),
            (DbError::Invalid, "Batch too large", &rejected),
            (DbError::Invalid, "table orders_g1 does not exist", &fatal),
            (DbError::SyntaxError, "", &fatal),
            (DbError::Unauthorized, "", &fatal),
        ];
        for (error, said, expected) in cases {
            assert_eq!(&class_of(error.clone(), said), expected, "{error:?} {said}");
        }
    }

    #[test]
    fn a_late_or_missing_answer_is_asked_for_again() {
        let late = ExecutionError::RequestTimeout(std::time::Duration::from_secs(4));
        for error in [late, ExecutionError::EmptyPlan] {
            assert!(matches!(of_request(error), StoreError::Transient(_)));
        }
    }
}
