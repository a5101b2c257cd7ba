//! A network that fails on command: stands before a broker, passes whole requests and answers of Kafka's protocol on, and
//! delays, loses or cuts what it was told to. Knows of the protocol only where a frame ends and what kind it is.

mod connection;
mod fault;
mod frame;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub(crate) use fault::{Api, Fault, Rule};

use super::broker::Listens;
use frame::Frame;

/// A proxy before one broker. Dropping it cuts everything.
pub(crate) struct Proxy {
    port: u16,
    runtime: Runtime,
    line: Arc<Line>,
}

/// What all connections have in common.
struct Line {
    upstream: SocketAddr,
    state: Mutex<State>,
    network: watch::Sender<Network>,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    /// How often a rule has applied.
    applied: usize,
    /// Requests whose connection was cut before they arrived, and which may yet arrive.
    stranded: Vec<Frame>,
    /// What the broker answered to those that did.
    answered: Vec<i16>,
}

/// The state of the network as a whole.
#[derive(Debug, Clone, Copy, Default)]
struct Network {
    /// Nothing arrives on either way; it does once this is over.
    is_silent: bool,
    /// New connections are closed at once.
    refuses: bool,
    requests: Duration,
    answers: Duration,
    /// Grows with every cut.
    cuts: u64,
}

impl Proxy {
    pub(crate) fn before(listens: Listens) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { runtime }.worker_threads(1).enable_all().build().unwrap();
        let upstream = SocketAddr::from(([127, 0, 0, 1], listens.proxied));
        let line = Line { upstream, state: Mutex::default(), network: watch::Sender::default() };
        let (line, port) = (Arc::new(line), listens.proxy);
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", port))).unwrap();
        runtime.spawn(accept(listener, Arc::clone(&line)));
        Self { port, runtime, line }
    }

    /// Where clients come to it.
    pub(crate) fn clients(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// From now on, also this.
    pub(crate) fn rule(&self, rule: Rule) {
        self.line.state().rules.push(rule);
    }

    /// Nothing arrives, until healed.
    pub(crate) fn silence(&self) {
        self.line.network.send_modify(|network| network.is_silent = true);
    }

    /// Requests and answers are under way for so long.
    pub(crate) fn delay(&self, requests: Duration, answers: Duration) {
        self.line.network.send_modify(|network| {
            (network.requests, network.answers) = (requests, answers);
        });
    }

    /// Nobody can connect, until healed.
    pub(crate) fn refuse(&self) {
        self.line.network.send_modify(|network| network.refuses = true);
    }

    /// Ends all connections. What is under way to the broker arrives.
    pub(crate) fn cut(&self) {
        self.line.network.send_modify(|network| network.cuts += 1);
    }

    /// No faults any more, and no rules.
    pub(crate) fn heal(&self) {
        self.line.state().rules.clear();
        self.line.network.send_modify(|network| {
            *network = Network { cuts: network.cuts, ..Network::default() };
        });
    }

    /// How many requests a rule has applied to.
    pub(crate) fn applied(&self) -> usize {
        self.line.state().applied
    }

    /// How many requests have been stranded and not delivered.
    pub(crate) fn stranded(&self) -> usize {
        self.line.state().stranded.len()
    }

    /// Stranded requests arrive now.
    pub(crate) fn deliver_stranded(&self) {
        self.runtime.block_on(self.line.deliver_stranded());
    }

    /// The error codes with which the broker answered to stranded requests.
    pub(crate) fn answered(&self) -> Vec<i16> {
        self.line.state().answered.clone()
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to happen to a request.
    fn fault(&self, request: &Frame) -> Option<Fault> {
        let mut state = self.state();
        let fault = state.rules.iter_mut().find_map(|rule| rule.applies(request));
        state.applied += usize::from(fault.is_some());
        fault
    }

    fn strand(&self, request: Frame) {
        self.state().stranded.push(request);
    }

    /// Each on a connection of its own; in which order is chance, as it is in a network.
    async fn deliver_stranded(&self) {
        let stranded = std::mem::take(&mut self.state().stranded);
        for request in stranded {
            if let Ok(answer) = connection::ask(self.upstream, &request).await {
                self.state().answered.push(answer.error_code());
            }
        }
    }
}

async fn accept(listener: TcpListener, line: Arc<Line>) {
    while let Ok((client, _)) = listener.accept().await {
        if !line.network.borrow().refuses {
            tokio::spawn(connection::serve(client, Arc::clone(&line)));
        }
    }
}
