//! Two nodes in one process, with a real connection between them: what goes there, what comes back, and what is refused.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::ids::OrderId;
use chimera_domain::stock::{self, AdjustmentReason, Rejection, Stock};
use chimera_domain::time::Timestamp;
use chimera_engine::{
    Cluster, CommandId, Engine, EngineOptions, FORMAT, Failure, ForwardedCommand, ForwardedFailure,
    ForwardedRead, ForwardedReceipt, ForwardedState, LocalStream, ManualClock, MemoryCheckpoints,
    Origin, Peers, Position, Request, Router, Shards, Target,
};
use chimera_log::{EventLog, MemoryLog, Partition, SharedLog, StreamSpec};
use chimera_peers::{ClusterSecret, GrpcPeers, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const PARTITIONS: u32 = 4;
const SECRET: &str = "a secret of at least thirty-two bytes";
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A node that owns everything, and the router of one that owns nothing.
struct Both {
    shards: Shards<Stock>,
    other: Router<Stock>,
    address: Arc<str>,
    stop: oneshot::Sender<()>,
}

fn secret(text: &str) -> ClusterSecret {
    ClusterSecret::new(Some(text)).unwrap()
}

#[expect(clippy::default_trait_access, reason = "this crate reads no events and knows no schemas")]
fn engine(log: &SharedLog, address: &str) -> (Engine, Arc<chimera_log::MemberLog>) {
    let log = log.at(address);
    let peers = Arc::new(GrpcPeers::new(secret(SECRET)));
    let engine = Engine {
        log: log.clone(),
        checkpoints: Arc::new(MemoryCheckpoints::default()),
        clock: Arc::new(ManualClock::at(Timestamp(1_700_000_000_000_000))),
        producer: "test/1".into(),
        schemas: Default::default(),
        options: EngineOptions::default(),
        cluster: Some(Cluster { peers, own_address: address.into() }),
    };
    (engine, log)
}

/// Serves the streams at a port of its own.
fn listen(streams: Vec<Arc<dyn LocalStream>>, listener: TcpListener) -> oneshot::Sender<()> {
    let (stop, stopped) = oneshot::channel();
    let stopping = async move {
        let _ = stopped.await;
    };
    tokio::spawn(serve(listener, streams, secret(SECRET), stopping));
    stop
}

async fn both() -> Both {
    let raw = MemoryLog::new();
    let name = Stock::STREAM.into();
    raw.ensure_streams(&[StreamSpec { name, partitions: PARTITIONS }]).unwrap();
    let log = SharedLog::new(Arc::new(raw));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Arc<str> = listener.local_addr().unwrap().to_string().into();
    let (own, given) = engine(&log, &address);
    given.give((0..PARTITIONS).map(|index| Partition::new(Stock::STREAM, index)));
    let shards = own.start::<Stock>(PARTITIONS).unwrap();
    shards.serving().await.unwrap();
    let stop = listen(vec![Arc::new(shards.router())], listener);
    let other = engine(&log, "127.0.0.1:1").0.elsewhere(PARTITIONS);
    Both { shards, other, address, stop }
}

fn origin() -> Origin {
    Origin {
        correlation_id: "correlation".into(),
        causation_id: "cause".into(),
        traceparent: Some(TRACE.into()),
        actor: Some("customer-1".into()),
        occurred_at: Some(Timestamp(7)),
    }
}

fn request(command: stock::Command, id: &str) -> Request<Stock> {
    Request { key: "P".into(), command, id: CommandId::derived(id), origin: origin() }
}

fn adjust(delta: i64) -> stock::Command {
    let reason = AdjustmentReason::Received;
    stock::Command::Adjust { delta, reason, reorder_level: None, reference: None }
}

/// A command as it goes over the wire; nobody looks into it.
fn forwarded(stream: &str, partition: u32) -> ForwardedCommand {
    let (stream, key) = (stream.into(), "P".into());
    ForwardedCommand {
        target: Target { stream, partition, key, known_term: 1 },
        format: FORMAT,
        command: vec![1, 2, 3],
        command_id: "id#0000000000000007".into(),
        origin: origin(),
        patient: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_done_by_its_owner_and_the_answer_is_the_owner_s() {
    let both = both().await;
    let there = both.other.execute(request(adjust(5), "1")).await.unwrap();
    let again = both.shards.router().execute(request(adjust(5), "1")).await.unwrap();
    assert_eq!((&there.position, there.version), (&again.position, again.version));
    assert_eq!((there.events.len(), again.events.len()), (1, 0));
    let current = both.other.read("P").await.unwrap();
    assert_eq!((current.state.balance().on_hand, current.version), (5, 1));
    assert_eq!(current.position, there.position);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_there_until_there_is_something_new() {
    let both = both().await;
    let (asking, router) = (both.other.clone(), both.shards.router());
    let answer = tokio::spawn(async move { asking.read_past("P", 1).await });
    router.execute(request(adjust(5), "1")).await.unwrap();
    router.execute(request(adjust(1), "2")).await.unwrap();
    assert_eq!(answer.await.unwrap().unwrap().version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_comes_back_as_the_same_value() {
    let both = both().await;
    both.other.execute(request(adjust(5), "1")).await.unwrap();
    let order = OrderId::try_from("O").unwrap();
    let reserve = stock::Command::Reserve { order, quantity: 6 };
    let refused = both.other.execute(request(reserve, "2")).await;
    assert_eq!(refused, Err(Failure::Refused(Rejection::Insufficient { asked: 6, available: 5 })));
    let key = |body: &[u8]| CommandId::from_key("stock", "k", body);
    let with = |id| Request { id, ..request(adjust(1), "") };
    both.other.execute(with(key(b"one"))).await.unwrap();
    assert_eq!(both.other.execute(with(key(b"two"))).await, Err(Failure::KeyReused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_show_the_secret_is_refused_and_nothing_has_arrived() {
    let both = both().await;
    let strangers =
        [secret("another secret of thirty-two bytes"), ClusterSecret::new(None).unwrap()];
    for stranger in strangers {
        let peers = GrpcPeers::new(stranger);
        let unanswered = peers.execute(&both.address, forwarded(Stock::STREAM, 0)).await;
        let Err(unanswered) = unanswered else { panic!("a stranger was answered") };
        assert!(!unanswered.may_have_arrived, "{unanswered}");
        assert!(unanswered.reason.contains("set node.secret"), "{unanswered}");
    }
    assert!(ClusterSecret::new(Some("line\nbreak")).is_err());
    assert_eq!(format!("{:?}", secret(SECRET)), "ClusterSecret(***)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_known_there_is_refused_and_nothing_has_arrived() {
    let both = both().await;
    let peers = GrpcPeers::new(secret(SECRET));
    let Err(unanswered) = peers.execute(&both.address, forwarded("no.such.stream", 0)).await else {
        panic!("an unknown stream was answered");
    };
    assert!(!unanswered.may_have_arrived, "{unanswered}");
    assert!(unanswered.reason.contains("knows no stream no.such.stream"), "{unanswered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_count_other_partitions_say_so() {
    let both = both().await;
    let own = both.other.partition_of("P").index;
    let peers = GrpcPeers::new(secret(SECRET));
    let wrong = forwarded(Stock::STREAM, (own + 1) % PARTITIONS);
    let answer = peers.execute(&both.address, wrong).await.unwrap();
    let Err(ForwardedFailure::Unavailable(reason)) = answer else { panic!("it was executed") };
    assert!(reason.contains("disagree on the number of partitions"), "{reason}");
    // The same partition, but bytes that are no command.
    let unreadable = ForwardedCommand { command: vec![255], ..forwarded(Stock::STREAM, own) };
    let answer = peers.execute(&both.address, unreadable).await.unwrap();
    assert!(matches!(answer, Err(ForwardedFailure::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_gone_was_not_reached_and_one_that_comes_back_is() {
    let both = both().await;
    let peers = GrpcPeers::new(secret(SECRET));
    let target = forwarded(Stock::STREAM, both.other.partition_of("P").index).target;
    let question = || ForwardedRead { target: target.clone(), past: None };
    peers.read(&both.address, question()).await.unwrap().ok().unwrap();
    let _ = both.stop.send(());
    // The connection that is known breaks first; the next one is not made any more.
    let unanswered = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            match peers.read(&both.address, question()).await {
                Err(unanswered) if !unanswered.may_have_arrived => return unanswered,
                _ => tokio::task::yield_now().await,
            }
        }
    });
    let unanswered = unanswered.await.unwrap();
    assert_eq!(unanswered.address, both.address);
    let listener = TcpListener::bind(&*both.address).await.unwrap();
    let _stop = listen(vec![Arc::new(both.shards.router())], listener);
    peers.read(&both.address, question()).await.unwrap().ok().unwrap();
}

/// Keeps what arrives, and answers with what it is told to.
#[derive(Default)]
struct Ear(Mutex<Vec<ForwardedCommand>>);

#[async_trait]
impl LocalStream for Ear {
    fn stream(&self) -> &'static str {
        Stock::STREAM
    }

    async fn execute(
        &self,
        command: ForwardedCommand,
    ) -> Result<ForwardedReceipt, ForwardedFailure> {
        let events = vec![command.command.clone(), vec![]];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(command);
        let position = Position { partition: Partition::new(Stock::STREAM, 3), sequence: 9 };
        Ok(ForwardedReceipt { format: FORMAT, position, version: 4, events })
    }

    async fn read(&self, _: ForwardedRead) -> Result<ForwardedState, ForwardedFailure> {
        let owner = chimera_log::Owner { address: "elsewhere:1".into(), term: 12 };
        Err(ForwardedFailure::NotOwner(Some(owner)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_command_carries_arrives_its_trace_and_who_asks_included() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Arc<str> = listener.local_addr().unwrap().to_string().into();
    let ear = Arc::new(Ear::default());
    let _stop = listen(vec![ear.clone()], listener);
    let peers = GrpcPeers::new(secret(SECRET));
    let sent = forwarded(Stock::STREAM, 3);
    let Ok(receipt) = peers.execute(&address, sent.clone()).await.unwrap() else {
        panic!("it was refused");
    };
    assert_eq!((receipt.version, receipt.position.sequence), (4, 9));
    assert_eq!(receipt.events, [vec![1, 2, 3], vec![]]);
    let heard = ear.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
    assert!(heard == Some(sent.clone()));
    let question = ForwardedRead { target: sent.target, past: Some(7) };
    let Err(ForwardedFailure::NotOwner(Some(owner))) =
        peers.read(&address, question).await.unwrap()
    else {
        panic!("it knows another owner");
    };
    assert_eq!((&*owner.address, owner.term), ("elsewhere:1", 12));
}
