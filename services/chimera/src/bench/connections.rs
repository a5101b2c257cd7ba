//! Clients of a shop over HTTP/1: so many connections, and whoever asks takes the one that has been free for longest, or waits for one.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};

use super::stocked::Call;

type Connection = SendRequest<Full<Bytes>>;

/// Open connections.
pub(super) struct Connections {
    address: SocketAddr,
    free: Mutex<mpsc::UnboundedReceiver<Connection>>,
    put_back: mpsc::UnboundedSender<Connection>,
}

impl Connections {
    /// Opens so many.
    pub(super) async fn open(address: SocketAddr, count: usize) -> anyhow::Result<Self> {
        let (put_back, free) = mpsc::unbounded_channel();
        for _ in 0..count {
            put_back.send(connect(address).await?)?;
        }
        Ok(Self { address, free: Mutex::new(free), put_back })
    }

    /// Sends a request and reads its answer whole. What it says of where the new thing is; an answer that is no success is an error.
    pub(super) async fn ask(&self, call: Call) -> anyhow::Result<Option<String>> {
        let free = self.free.lock().await.recv().await;
        let mut connection = free.context("there are no connections")?;
        let answer = send(&mut connection, self.address, call).await;
        self.put_back.send(connection)?;
        answer
    }
}

async fn connect(address: SocketAddr) -> anyhow::Result<Connection> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn send(
    connection: &mut Connection,
    address: SocketAddr,
    call: Call,
) -> anyhow::Result<Option<String>> {
    let method = if call.body.is_empty() { Method::GET } else { Method::POST };
    let request = Request::builder()
        .method(method)
        .uri(&call.path)
        .header("host", address.to_string())
        .header("content-type", "application/json")
        .header("idempotency-key", call.key)
        .body(Full::from(call.body))?;
    connection.ready().await?;
    let answer = connection.send_request(request).await.context("no answer")?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        bail!("{} was answered with {status}: {}", call.path, String::from_utf8_lossy(&body));
    }
    let location = headers.get("location").and_then(|value| value.to_str().ok());
    Ok(location.map(str::to_owned))
}
