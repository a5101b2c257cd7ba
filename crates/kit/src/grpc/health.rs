//! `grpc.health.v1`: what `/health/ready` says, for the server as a whole and for each of its services.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::Stream;
use futures_util::stream;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::Health as Asked;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::methods::Methods;
use crate::health::Health;
use crate::lifecycle::Stopping;

/// Between two looks for those who watch.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Answers from the checks themselves, at the moment of asking.
#[derive(Clone)]
pub(super) struct Readiness {
    pub(super) health: Health,
    pub(super) methods: Arc<Methods>,
    pub(super) stopping: Stopping,
}

impl Readiness {
    fn now(&self, service: &str) -> ServingStatus {
        let known = service.is_empty() || self.methods.services.contains(service);
        match (known, self.health.is_ready()) {
            (false, _) => ServingStatus::Unknown,
            (true, true) => ServingStatus::Serving,
            (true, false) => ServingStatus::NotServing,
        }
    }

    /// The next status that differs from `last`; none once the process stops.
    async fn changed(&mut self, service: &str, last: Option<i32>) -> Option<i32> {
        loop {
            let status = wire(self.now(service));
            if Some(status) != last {
                return Some(status);
            }
            tokio::select! {
                () = self.stopping.wait() => return None,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

/// As the protocol has it: a service that is not known is `SERVICE_UNKNOWN` to those who watch it.
fn wire(status: ServingStatus) -> i32 {
    match status {
        ServingStatus::Serving => 1,
        ServingStatus::NotServing => 2,
        ServingStatus::Unknown => 3,
    }
}

#[async_trait]
impl Asked for Readiness {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match self.now(&request.get_ref().service) {
            ServingStatus::Unknown => Err(Status::not_found("there is no such service here")),
            status => Ok(Response::new(HealthCheckResponse { status: wire(status) })),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        let start = (self.clone(), service, None);
        let changes = stream::unfold(start, |(mut readiness, service, last)| async move {
            let status = readiness.changed(&service, last).await?;
            let next = Ok(HealthCheckResponse { status });
            Some((next, (readiness, service, Some(status))))
        });
        Ok(Response::new(Box::pin(changes)))
    }
}
