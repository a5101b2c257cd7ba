//! What is known of a call before its message is read; the edge makes it, handlers find it with the request.
//!
//! Never keeps a token.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use tokio::time::{Instant, sleep_until};
use tonic::Request;

use crate::auth::{Authenticator, Caller};
use crate::codes;
use crate::correlation::Correlation;
use crate::lifecycle::Stopping;
use crate::problem::Problem;

/// A call under way.
#[derive(Clone)]
pub struct Call {
    pub(super) authenticator: Authenticator,
    pub(super) correlation: Correlation,
    /// `/<service>/<method>`.
    pub(super) path: Arc<str>,
    /// When its answer is worth nothing any more; none where the caller did not say.
    pub(super) deadline: Option<Instant>,
    pub(super) stopping: Stopping,
}

impl Call {
    /// The call that a request belongs to.
    ///
    /// # Errors
    /// `auth.token_missing` where no edge has let it in.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Problem> {
        let detail = "nobody can be authenticated here";
        let call = request.extensions().get::<Self>().cloned();
        call.ok_or_else(|| Problem::new(codes::AUTH_TOKEN_MISSING, detail))
    }

    pub(super) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        self.authenticator.caller(headers)
    }

    /// How long until the deadline; none where there is none.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Waits until a stream has to end by itself, and says why: its deadline has passed, or the process is stopping.
    pub async fn over(&mut self) -> Problem {
        let Self { deadline, stopping, .. } = self;
        let passed = async {
            match deadline {
                Some(deadline) => sleep_until(*deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = passed => timed_out(),
            () = stopping.wait() => stopped(),
        }
    }
}

pub(super) fn timed_out() -> Problem {
    let detail = "the deadline of the call has passed; a command may have been done, repeat it with the same key";
    Problem::new(codes::REQUEST_TIMED_OUT, detail)
}

fn stopped() -> Problem {
    let detail = "this process is stopping; resume behind the last position received";
    Problem::new(codes::PARTITION_NOT_OWNED, detail)
}
