//! Whether Redis may throw our keys away. A checkpoint over values that were evicted would be believed.

use redis::{Value, cmd};

use super::connection::Connection;
use super::views::{pipeline, text};
use crate::error::StoreError;

/// Refuses a Redis that evicts keys without a time to live; ours have none. Where it may not be asked, a warning has to do.
pub(super) async fn check(connection: &Connection) -> Result<(), StoreError> {
    let mut command = cmd("INFO");
    command.arg("memory");
    let answer = connection.ask(&pipeline(command)).await?.pop().unwrap_or_default();
    match answer {
        Value::ServerError(error) if error.code() == "NOPERM" || error.code() == "ERR" => {
            tracing::warn!(
                reason = error.details(),
                "Redis does not say whether it evicts keys; set maxmemory-policy to noeviction"
            );
            Ok(())
        }
        answer => judge(&report(answer)?),
    }
}

fn report(answer: Value) -> Result<String, StoreError> {
    match answer {
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => Ok(text),
        other => Ok(text(other)?.unwrap_or_default()),
    }
}

fn judge(report: &str) -> Result<(), StoreError> {
    let field = |name: &str| report.lines().find_map(|line| line.trim().strip_prefix(name));
    let policy = field("maxmemory_policy:").unwrap_or_default();
    if !policy.starts_with("allkeys") {
        return Ok(());
    }
    if field("maxmemory:") == Some("0") {
        tracing::warn!(
            policy,
            "Redis will evict values once maxmemory is set; choose noeviction before"
        );
        return Ok(());
    }
    Err(StoreError::Fatal(format!(
        "Redis evicts keys when its memory is full (maxmemory-policy {policy}), so that read models would lose values \
         unnoticed; set maxmemory-policy to noeviction or to one of the volatile ones"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(maxmemory: &str, policy: &str) -> Result<(), StoreError> {
        judge(&format!("# Memory\r\nmaxmemory:{maxmemory}\r\nmaxmemory_policy:{policy}\r\n"))
    }

    #[test]
    fn only_a_limit_with_eviction_of_any_key_is_refused() {
        assert!(matches!(judged("1000", "allkeys-lru"), Err(StoreError::Fatal(_))));
        for (maxmemory, policy) in
            [("1000", "noeviction"), ("1000", "volatile-lru"), ("0", "allkeys-lru")]
        {
            assert_eq!(judged(maxmemory, policy), Ok(()));
        }
        assert_eq!(judge(""), Ok(()));
    }
}
