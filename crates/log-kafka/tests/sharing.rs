//! Several processes share the partitions of a piece of work, take over what one leaves, and show any Kafka tool how far it is.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a failure is a failed test")]

mod stack;

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_log::{Batch, Entry, EventLog, Ownership, Partition, Share, StreamSpec};
use chimera_log_kafka::{KafkaLog, KafkaSettings, Membership};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

const GROUP: &str = "projection.order_details.1";
const STREAMS: [&str; 2] = ["orders", "payments"];
const SOON: Duration = Duration::from_secs(30);
/// Tells the test binary to be a member, and of what.
const MEMBER: &str = "CHIMERA_STACK_MEMBER";

fn settings(stack: &stack::Stack) -> KafkaSettings {
    KafkaSettings { membership: Some(Membership::default()), ..stack.fresh() }
}

fn open(settings: &KafkaSettings) -> KafkaLog {
    let log = stack::open(settings.clone());
    let spec = |name: &str| StreamSpec { name: name.into(), partitions: 4 };
    log.ensure_streams(&STREAMS.map(spec)).unwrap();
    log
}

async fn is_given(share: &Arc<dyn Share>, partitions: usize) -> Ownership {
    let mut given = share.given();
    let given = given.wait_for(|given| given.as_ref().is_some_and(|it| it.len() == partitions));
    tokio::time::timeout(SOON, given).await.unwrap().unwrap().clone().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_is_shared_and_what_one_leaves_goes_to_the_other_at_once() {
    let Some(stack) = stack::find() else { return };
    let settings = settings(&stack);
    let (one, two) = (open(&settings), open(&settings));
    let first = one.share(GROUP, &STREAMS).unwrap();
    let all = is_given(&first, 8).await;
    let mut seen = first.given();
    seen.borrow_and_update();
    let second = two.share(GROUP, &STREAMS).unwrap();
    let theirs = is_given(&second, 4).await;
    seen.changed().await.unwrap();
    let ours = seen.borrow_and_update().clone().unwrap();
    assert_eq!(ours.len(), 4, "what stays is never missing in between");
    assert!(ours.is_disjoint(&theirs));
    assert_eq!(&ours | &theirs, all);
    let left = Instant::now();
    first.leave();
    assert_eq!(*seen.borrow(), Some(Ownership::new()));
    assert_eq!(is_given(&second, 8).await, all);
    eprintln!("handed over {:?} after one has left", left.elapsed());
    assert!(
        left.elapsed() < Duration::from_millis(1_400),
        "{:?}: nobody was missed",
        left.elapsed()
    );
    // Whoever drops its share leaves too, and may come back.
    let again = one.share(GROUP, &STREAMS).unwrap();
    is_given(&again, 4).await;
    drop(again);
    assert_eq!(is_given(&second, 8).await, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_had_goes_to_another_within_its_session() {
    let Some(stack) = stack::find() else { return };
    let settings = settings(&stack);
    let log = open(&settings);
    let share = log.share(GROUP, &STREAMS).unwrap();
    let all = is_given(&share, 8).await;
    let mut child = member(&settings);
    is_given(&share, 4).await;
    let killed = Instant::now();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(is_given(&share, 8).await, all);
    let session = Membership::default().session;
    eprintln!("handed over {:?} after a kill; the session is {session:?}", killed.elapsed());
    assert!(killed.elapsed() < session * 3, "{:?}", killed.elapsed());
}

/// A process that takes part until it is killed.
fn member(settings: &KafkaSettings) -> Child {
    let named = format!("{} {}", settings.brokers, settings.cluster);
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_process_that_takes_part", "--nocapture"])
        .env(MEMBER, named)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap().contains("taking part")), "the member has ended");
    child
}

/// Not a test by itself: what [`member`] starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_takes_part() {
    let Ok(named) = env::var(MEMBER) else { return };
    let (brokers, name) = named.split_once(' ').unwrap();
    let settings = KafkaSettings {
        topic_prefix: format!("{name}."),
        membership: Some(Membership::default()),
        ..KafkaSettings::new(brokers, name)
    };
    let log = open(&settings);
    let share = log.share(GROUP, &STREAMS).unwrap();
    is_given(&share, 4).await;
    writeln!(std::io::stdout(), "taking part").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_tool_sees_how_far_the_work_has_come() {
    let Some(stack) = stack::find() else { return };
    let settings = settings(&stack);
    let place = Partition::new("orders", 1);
    append(&open(&settings), &place, &[1, 3, 40]);
    let log = open(&settings);
    let share = log.share(GROUP, &["orders"]).unwrap();
    is_given(&share, 4).await;
    // What was there before this process came must be searched for; what comes later it has seen.
    let mut reader = log.read(&place, 1).unwrap();
    append(&log, &place, &[2, 5]);
    while reader.position() <= 51 {
        tokio::time::timeout(SOON, reader.next()).await.unwrap().unwrap();
    }
    let tool = Tool::of(&settings);
    // Behind each transaction stands a marker, which takes an offset.
    for (sequence, offset) in [(1, 2), (3, 4), (20, 22), (44, 47), (45, 48), (46, 50), (51, 56)] {
        share.applied(&place, sequence);
        tool.sees(&place, sequence, offset).await;
    }
    assert_eq!(tool.end(&place), 56, "who has everything is not behind");
    // Of what is not given to this process it says nothing.
    share.applied(&Partition::new("payments", 0), 7);
    // A last word goes with what goes to another, and with one who leaves.
    let (other, all) = (open(&settings), is_given(&share, 4).await);
    for partition in &all {
        share.applied(partition, if *partition == place { 50 } else { 0 });
    }
    let other = other.share(GROUP, &["orders"]).unwrap();
    let theirs = is_given(&other, 2).await;
    tool.sees(&place, 50, 54).await;
    // Until it knows what it keeps, nothing is committed.
    is_given(&share, all.len() - 2).await;
    share.applied(&place, 49);
    share.leave();
    let stayed = if theirs.contains(&place) { (50, 54) } else { (49, 53) };
    tool.sees(&place, stayed.0, stayed.1).await;
    assert_eq!(tool.committed(&Partition::new("payments", 0)), None);
}

fn append(log: &KafkaLog, partition: &Partition, sizes: &[usize]) {
    let mut writer = log.claim(partition).unwrap();
    for size in sizes {
        let mut batch = Batch::default();
        let (key, event_type) = ("o-1".into(), "placed".into());
        let entry = Entry { key, event_type, traceparent: None, value: vec![7; 10] };
        batch.push_command(vec![entry; *size]);
        writer.append(batch).unwrap();
    }
}

/// A consumer of the group that only asks, as Kafka's own tools do.
struct Tool {
    consumer: BaseConsumer,
    prefix: String,
}

impl Tool {
    fn of(settings: &KafkaSettings) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &settings.brokers);
        config.set("group.id", format!("{}.{GROUP}", settings.cluster));
        let prefix = settings.topic_prefix.clone();
        Self { consumer: config.create().unwrap(), prefix }
    }

    /// Offset and metadata.
    fn committed(&self, partition: &Partition) -> Option<(i64, String)> {
        let mut place = TopicPartitionList::new();
        let index = i32::try_from(partition.index).unwrap();
        place.add_partition(&format!("{}{}", self.prefix, partition.stream), index);
        let found = self.consumer.committed_offsets(place, SOON).unwrap();
        let element = found.elements().into_iter().next().unwrap();
        match element.offset() {
            Offset::Offset(offset) => Some((offset, element.metadata().to_owned())),
            _ => None,
        }
    }

    async fn sees(&self, partition: &Partition, sequence: u64, offset: i64) {
        let wanted = Some((offset, sequence.to_string()));
        let deadline = Instant::now() + SOON;
        let mut seen = BTreeSet::new();
        while self.committed(partition) != wanted {
            seen.extend(self.committed(partition));
            assert!(Instant::now() < deadline, "sequence {sequence}: {seen:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn end(&self, partition: &Partition) -> i64 {
        let index = i32::try_from(partition.index).unwrap();
        let topic = format!("{}{}", self.prefix, partition.stream);
        self.consumer.fetch_watermarks(&topic, index, SOON).unwrap().1
    }
}
