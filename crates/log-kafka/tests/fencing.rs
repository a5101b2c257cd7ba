//! What only a real broker can show: who is fenced, what a writer that died leaves, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure is a failed test")]

mod stack;

use std::time::{Duration, Instant};

use chimera_log::{AppendError, Batch, ClaimError, Entry, EventLog, Partition, StreamSpec};
use chimera_log_kafka::{KafkaLog, KafkaSettings};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

fn orders(log: &KafkaLog) -> Partition {
    log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 1 }]).unwrap();
    Partition::new("orders", 0)
}

fn entry(bytes: usize) -> Entry {
    Entry { key: "o-1".into(), event_type: "placed".into(), traceparent: None, value: noise(bytes) }
}

/// Bytes that do not compress.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(|_| byte()).collect()
}

fn batch(commands: usize, bytes: usize) -> Batch {
    let mut batch = Batch::default();
    for _ in 0..commands {
        batch.push_command([entry(bytes)]);
    }
    batch
}

async fn read(log: &KafkaLog, partition: &Partition, to: u64) -> usize {
    let mut reader = log.read(partition, 1).unwrap();
    let mut records = 0;
    while reader.position() <= to {
        let next = tokio::time::timeout(Duration::from_secs(20), reader.next());
        records += next.await.unwrap().unwrap().records.len();
    }
    records
}

/// A producer of the given id, as a process that died would have had it.
fn foreign(settings: &KafkaSettings, id: &str) -> ThreadedProducer<Quiet> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers).set("transactional.id", id);
    config.set("transaction.timeout.ms", "60000").set("linger.ms", "0");
    let producer: ThreadedProducer<Quiet> = config.create_with_context(Quiet).unwrap();
    producer.init_transactions(Duration::from_secs(20)).unwrap();
    producer
}

struct Quiet;
impl rdkafka::ClientContext for Quiet {}
impl rdkafka::producer::ProducerContext for Quiet {
    type DeliveryOpaque = ();
    fn delivery(&self, _: &rdkafka::message::DeliveryResult<'_>, (): ()) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_of_another_process_is_fenced_and_fences() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    let (here, there) = (stack::open(settings.clone()), stack::open(settings));
    let partition = orders(&here);
    let mut older = here.claim(&partition).unwrap();
    older.append(batch(3, 10)).unwrap();
    let mut newer = there.claim(&partition).unwrap();
    assert!(newer.term() > older.term());
    assert_eq!(newer.next_sequence(), 4);
    let fenced = AppendError::Fenced { partition: partition.clone() };
    assert_eq!(older.append(batch(1, 10)), Err(fenced));
    newer.append(batch(2, 10)).unwrap();
    assert_eq!(read(&here, &partition, 5).await, 5);
    let mut watermark = here.high_watermark(&partition).unwrap();
    assert_eq!(*watermark.borrow_and_update(), 5);
    newer.append(batch(1, 10)).unwrap();
    let seen = tokio::time::timeout(Duration::from_secs(20), watermark.wait_for(|last| *last == 6));
    seen.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_writer_left_open_is_aborted_by_a_claim() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    let log = stack::open(settings.clone());
    let partition = orders(&log);
    log.claim(&partition).unwrap().append(batch(3, 10)).unwrap();
    let topic = format!("{}orders", settings.topic_prefix);
    let dead = foreign(&settings, &format!("{}.{topic}.0.b", settings.cluster));
    dead.begin_transaction().unwrap();
    for _ in 0..50 {
        let record = BaseRecord::to(&topic).partition(0).key("o-1").payload("never committed");
        dead.send(record).unwrap();
    }
    let begun = Instant::now();
    while dead.in_flight_count() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the records do not get there");
        std::thread::yield_now();
    }
    // The handle stays open without a word, as a process that hangs.
    let mut writer = log.claim(&partition).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "the claim waited for the timeout");
    assert_eq!(writer.next_sequence(), 4);
    writer.append(batch(2, 10)).unwrap();
    assert_eq!(read(&log, &partition, 5).await, 5);
    assert!(dead.commit_transaction(Duration::from_secs(20)).is_err());
    // Only the aborted records and markers stand after the last record; the next claim looks past them.
    let dead = foreign(&settings, &format!("{}.{topic}.0.a", settings.cluster));
    dead.begin_transaction().unwrap();
    dead.send(BaseRecord::to(&topic).partition(0).key("o-1").payload("nor this")).unwrap();
    drop(dead);
    assert_eq!(log.claim(&partition).unwrap().next_sequence(), 6);
}

#[test]
fn another_partition_count_is_refused_with_what_to_do() {
    let Some(stack) = stack::find() else { return };
    let log = stack::open(stack.fresh());
    orders(&log);
    let refused = log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 3 }]);
    let Err(ClaimError::Unavailable { reason, .. }) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("1 partitions and 3") && reason.contains("ask for 1"), "{reason}");
}

/// A topic that somebody else has made, with the broker's own settings.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_forgets_is_refused_with_what_to_do() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    let log = stack::open(settings.clone());
    let admin: AdminClient<_> =
        ClientConfig::new().set("bootstrap.servers", &settings.brokers).create().unwrap();
    let topic = format!("{}orders", settings.topic_prefix);
    let new = NewTopic::new(&topic, 1, TopicReplication::Fixed(1)).set("retention.ms", "1000000");
    admin.create_topics([&new], &AdminOptions::new()).await.unwrap();
    let refused = log.ensure_streams(&[StreamSpec { name: "orders".into(), partitions: 1 }]);
    let Err(ClaimError::Unavailable { reason, .. }) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("set retention.ms=-1"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_large_an_event_is_refused_and_a_large_batch_is_split() {
    let Some(stack) = stack::find() else { return };
    let log = stack::open(stack.fresh());
    let partition = orders(&log);
    let mut writer = log.claim(&partition).unwrap();
    let mut oversized = batch(3, 10);
    oversized.push_command([entry(1_048_589)]);
    let refused = writer.append(oversized);
    let Err(AppendError::Unavailable { reason, .. }) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("max.message.bytes"), "{reason}");
    assert_eq!(writer.next_sequence(), 1);
    writer.append(batch(3, 1_048_000)).unwrap();
    let appended = writer.append(batch(45_000, 10)).unwrap();
    assert_eq!((appended.first, appended.last), (4, 45_003));
    assert_eq!(read(&log, &partition, 45_003).await, 45_003);
    for from in [2, 19_999, 20_001, 30_000, 45_000] {
        let mut reader = log.read(&partition, from).unwrap();
        assert_eq!(reader.next().await.unwrap().records[0].sequence, from);
    }
}

#[test]
fn a_broker_that_is_not_there_is_named() {
    if stack::find().is_none() {
        return;
    }
    let mut settings = KafkaSettings::new("127.0.0.1:1", "nobody");
    settings.deadlines.request = Duration::from_millis(500);
    let error = KafkaLog::open(settings).err().unwrap().to_string();
    assert!(error.contains("127.0.0.1:1"), "{error}");
}

/// Two claims at once: whatever each of them gets, no sequence is written twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_at_the_same_time_never_number_a_sequence_twice() {
    let Some(stack) = stack::find() else { return };
    let settings = stack.fresh();
    let (one, two) = (stack::open(settings.clone()), stack::open(settings));
    let partition = orders(&one);
    let race = |log: &KafkaLog| {
        let mut acknowledged = 0;
        for _ in 0..5 {
            let Ok(mut writer) = log.claim(&partition) else { continue };
            for _ in 0..3 {
                let Ok(appended) = writer.append(batch(2, 10)) else { break };
                acknowledged += appended.last - appended.first + 1;
            }
        }
        acknowledged
    };
    let acknowledged: u64 = std::thread::scope(|scope| {
        let first = scope.spawn(|| race(&one));
        race(&two) + first.join().unwrap()
    });
    let last = one.claim(&partition).unwrap().next_sequence() - 1;
    assert!(
        acknowledged > 0 && last >= acknowledged,
        "{acknowledged} were acknowledged and {last} are there"
    );
    // The reader itself refuses a gap or a repetition.
    assert_eq!(read(&one, &partition, last).await as u64, last);
}
