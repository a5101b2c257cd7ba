//! Doing for other nodes what this one owns. Whatever the engine says is an answer; only what is not understood is refused.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use chimera_engine::LocalStream;
use chimera_proto::internal::v1::forward_server::{Forward, ForwardServer};
use chimera_proto::internal::v1::{ExecuteRequest, ExecuteResponse, ReadRequest, ReadResponse};
use tokio::net::TcpListener;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::secret::ClusterSecret;
use crate::{from_wire, to_wire};

/// The largest request: an order of many lines.
const MOST_BYTES: usize = 64 << 20;

/// Why other nodes are not served any more.
pub type ServeError = tonic::transport::Error;

/// Serves other nodes until `stopping` is done; what is under way is finished.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    streams: Vec<Arc<dyn LocalStream>>,
    secret: ClusterSecret,
    stopping: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let streams = streams.into_iter().map(|stream| (stream.stream(), stream)).collect();
    let service = ForwardServer::new(Local { streams })
        .max_decoding_message_size(MOST_BYTES)
        .max_encoding_message_size(MOST_BYTES);
    let guarded = InterceptedService::new(service, move |request| secret.check(request));
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder().add_service(guarded).serve_with_incoming_shutdown(incoming, stopping).await
}

struct Local {
    streams: HashMap<&'static str, Arc<dyn LocalStream>>,
}

impl Local {
    fn stream(&self, name: &str) -> Result<&Arc<dyn LocalStream>, Status> {
        let unknown = || {
            let text = format!("this node knows no stream {name}; are both of one version?");
            Status::invalid_argument(text)
        };
        self.streams.get(name).ok_or_else(unknown)
    }
}

#[tonic::async_trait]
impl Forward for Local {
    async fn execute(
        &self,
        request: Request<ExecuteRequest>,
    ) -> Result<Response<ExecuteResponse>, Status> {
        let command = from_wire::command(request.into_inner());
        let command = command.map_err(Status::invalid_argument)?;
        let stream = self.stream(&command.target.stream)?;
        Ok(Response::new(to_wire::receipt(stream.execute(command).await)))
    }

    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let question = from_wire::question(request.into_inner());
        let question = question.map_err(Status::invalid_argument)?;
        let stream = self.stream(&question.target.stream)?;
        Ok(Response::new(to_wire::state(stream.read(question).await)))
    }
}
