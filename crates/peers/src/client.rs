//! Asking other nodes. Keeps one connection a node; one that breaks is made anew by the next request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chimera_engine::{
    Forwarded, ForwardedCommand, ForwardedRead, ForwardedReceipt, ForwardedState, Peers, Unanswered,
};
use chimera_proto::internal::v1::forward_client::ForwardClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::secret::ClusterSecret;
use crate::{from_wire, to_wire};

/// How long a node may take to be connected to.
const CONNECT: Duration = Duration::from_millis(500);
/// How long a command may take; the sender finds out by itself what became of it.
const COMMAND: Duration = Duration::from_secs(20);
/// How long an answer may be waited for before the question is put anew.
const QUESTION: Duration = Duration::from_secs(20);
/// Silence after which a connection is asked for a sign of life, and how long that may take.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// The largest answer: an order of many lines with its events.
const MOST_BYTES: usize = 64 << 20;

/// Other nodes, over gRPC.
#[derive(Debug)]
pub struct GrpcPeers {
    secret: ClusterSecret,
    connections: Mutex<HashMap<Arc<str>, ForwardClient<Channel>>>,
}

impl GrpcPeers {
    /// Connects to nobody yet.
    #[must_use]
    pub fn new(secret: ClusterSecret) -> Self {
        Self { secret, connections: Mutex::default() }
    }

    async fn connection(&self, address: &Arc<str>) -> Result<ForwardClient<Channel>, Unanswered> {
        let known = self.connections().get(address).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let unreached = |error: tonic::transport::Error| Unanswered {
            address: Arc::clone(address),
            reason: why(&error),
            may_have_arrived: false,
        };
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(unreached)?;
        let endpoint = endpoint
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE);
        let client = ForwardClient::new(endpoint.connect().await.map_err(unreached)?)
            .max_decoding_message_size(MOST_BYTES)
            .max_encoding_message_size(MOST_BYTES);
        self.connections().insert(Arc::clone(address), client.clone());
        Ok(client)
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, ForwardClient<Channel>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request<T>(&self, message: T, deadline: Duration) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(deadline);
        self.secret.show(&mut request);
        request
    }

    /// The node did not speak for its engine: a connection is made anew next time.
    fn broken(&self, address: &Arc<str>, status: &Status) -> Unanswered {
        self.connections().remove(address);
        let refused = matches!(
            status.code(),
            tonic::Code::Unauthenticated
                | tonic::Code::InvalidArgument
                | tonic::Code::Unimplemented
        );
        if refused {
            tracing::error!(%address, message = status.message(), "another node refuses this one");
        }
        let reason = format!("{}: {}", status.code(), status.message());
        Unanswered { address: Arc::clone(address), reason, may_have_arrived: !refused }
    }
}

#[async_trait]
impl Peers for GrpcPeers {
    async fn execute(
        &self,
        address: &Arc<str>,
        command: ForwardedCommand,
    ) -> Forwarded<ForwardedReceipt> {
        let mut client = self.connection(address).await?;
        let mut request = self.request(to_wire::command(command), COMMAND);
        carry_trace(&mut request);
        match client.execute(request).await {
            Ok(response) => Ok(from_wire::receipt(response.into_inner())),
            Err(status) => Err(self.broken(address, &status)),
        }
    }

    async fn read(&self, address: &Arc<str>, question: ForwardedRead) -> Forwarded<ForwardedState> {
        let mut client = self.connection(address).await?;
        match client.read(self.request(to_wire::question(&question), QUESTION)).await {
            Ok(response) => Ok(from_wire::state(response.into_inner())),
            Err(status) => Err(self.broken(address, &status)),
        }
    }
}

/// The trace of the command, where tools look for it.
fn carry_trace(request: &mut Request<chimera_proto::internal::v1::ExecuteRequest>) {
    let trace = request.get_ref().origin.as_ref().and_then(|origin| origin.traceparent.clone());
    if let Some(trace) = trace.and_then(|trace| trace.parse().ok()) {
        request.metadata_mut().insert("traceparent", trace);
    }
}

/// The error with its causes: tonic's own text is only "transport error".
fn why(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
