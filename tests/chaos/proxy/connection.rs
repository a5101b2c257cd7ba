//! One client's connection and the one to the broker that belongs to it. Frames keep their order on each way.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep, sleep_until};

use super::fault::Fault;
use super::frame::Frame;
use super::{Line, Network};

/// Enough for a broker to have dealt with what arrived before.
const APART: Duration = Duration::from_millis(100);

/// A frame and when it arrives.
type Due = (Instant, Frame);

/// What is to happen to answers, by correlation.
type Answers = Arc<Mutex<HashMap<i32, Fault>>>;

/// Until one of both sides ends it, or it is cut.
pub(super) async fn serve(client: TcpStream, line: Arc<Line>) {
    let Ok(broker) = connect(line.upstream).await else { return };
    let _ = client.set_nodelay(true);
    let (client_in, client_out) = client.into_split();
    let (broker_in, broker_out) = broker.into_split();
    let answers = Answers::default();
    let (to_broker, requests) = mpsc::unbounded_channel();
    let (to_client, replies) = mpsc::unbounded_channel();
    // Not ended with the connection: what is under way arrives.
    tokio::spawn(deliver(requests, broker_out, Arc::clone(&line)));
    let mut network = line.network.subscribe();
    let cuts = network.borrow().cuts;
    tokio::select! {
        _ = take_requests(client_in, to_broker, &line, &answers) => {}
        _ = take_answers(broker_in, to_client, &line, &answers) => {}
        _ = deliver(replies, client_out, Arc::clone(&line)) => {}
        _ = network.wait_for(|network| network.cuts > cuts) => {}
    }
}

/// A request on a connection of its own, and its answer.
pub(super) async fn ask(upstream: SocketAddr, request: &Frame) -> io::Result<Frame> {
    let mut broker = connect(upstream).await?;
    request.write(&mut broker).await?;
    Frame::read(&mut broker).await
}

async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn take_requests(
    mut client: impl AsyncRead + Unpin,
    to_broker: UnboundedSender<Due>,
    line: &Line,
    answers: &Answers,
) -> io::Result<()> {
    loop {
        let request = Frame::read(&mut client).await?;
        let mut due = Instant::now() + line.network.borrow().requests;
        let fault = line.fault(&request);
        match fault {
            Some(Fault::HoldRequest(longer)) => due += longer,
            Some(fault @ (Fault::HoldAnswer(_) | Fault::SwallowAnswer)) => {
                let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                answers.insert(request.request_correlation(), fault);
            }
            Some(Fault::Strand) => {
                line.strand(request);
                return Ok(());
            }
            Some(Fault::AfterStranded) => {
                sleep(APART).await;
                line.deliver_stranded().await;
                sleep(APART).await;
            }
            Some(Fault::LoseAnswer) | None => {}
        }
        let _ = to_broker.send((due, request));
        if fault == Some(Fault::LoseAnswer) {
            return Ok(());
        }
    }
}

async fn take_answers(
    mut broker: impl AsyncRead + Unpin,
    to_client: UnboundedSender<Due>,
    line: &Line,
    answers: &Answers,
) -> io::Result<()> {
    loop {
        let answer = Frame::read(&mut broker).await?;
        let correlation = answer.answer_correlation();
        let fault = answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&correlation);
        let mut due = Instant::now() + line.network.borrow().answers;
        match fault {
            Some(Fault::SwallowAnswer) => continue,
            Some(Fault::HoldAnswer(longer)) => due += longer,
            _ => {}
        }
        let _ = to_client.send((due, answer));
    }
}

/// Writes what is due, while the network lets anything through, until nothing more can come.
async fn deliver(
    mut frames: UnboundedReceiver<Due>,
    mut to: impl AsyncWrite + Unpin,
    line: Arc<Line>,
) -> io::Result<()> {
    let mut network = line.network.subscribe();
    while let Some((due, frame)) = frames.recv().await {
        sleep_until(due).await;
        let passes = network.wait_for(|network: &Network| !network.is_silent);
        drop(passes.await.map_err(io::Error::other)?);
        frame.write(&mut to).await?;
    }
    Ok(())
}
