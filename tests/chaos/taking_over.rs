//! A node that is killed: how soon the others write what it wrote, with and without having followed it.

use std::thread;
use std::time::{Duration, Instant};

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_domain::recorded::Meta;
use chimera_domain::stock::{AdjustmentReason, Balance, Event, Stock};
use chimera_domain::time::Timestamp;
use chimera_log::{Batch, Entry, EventLog, StreamSpec};
use chimera_log_kafka::{KafkaLog, KafkaSettings};

use super::begin;
use super::kafka::Kafka;
use super::load::{self, Client, PARTITIONS};
use super::nodes::Nodes;
use crate::program::soon;
use crate::serving::adjustment;

/// Before and after the kill.
const CALM: Duration = Duration::from_secs(2);
/// Of a busy machine: the session of 1.5 seconds, and what is left to do.
const LONGEST: Duration = Duration::from_secs(10);
/// What lies in the partition that is taken over, and how much goes into one append.
const EVENTS: u64 = 100_000;
const TOGETHER: u64 = 1_000;

#[test]
#[expect(clippy::print_stderr, reason = "figures of a run")]
fn what_a_killed_node_wrote_others_write_within_seconds() {
    let Some(chaos) = begin() else { return };
    let kafka = Kafka::start(&chaos, 1);
    let nodes = Nodes::ready(&kafka.clients(), "killed-owner", 3);
    load::introduce(&nodes);
    let killed = nodes.owner(&load::partition(0));
    let [one, other] = [1, 2].map(|step| (killed + step) % 3);
    let mut clients = Vec::new();
    for index in 0..PARTITIONS {
        clients.push(Client { nodes: &nodes, index, node: one, other, insists: true });
        clients.push(Client { nodes: &nodes, index, node: other, other: one, insists: true });
    }
    let mut moment = Instant::now();
    let accepted = load::under_load(&clients, || {
        thread::sleep(CALM);
        moment = Instant::now();
        nodes.kill(killed);
        let taken = |index| nodes.owner_among(&[one, other], &load::partition(index)).is_some();
        soon("a takeover", || (0..PARTITIONS).all(taken).then_some(()));
        thread::sleep(CALM);
    });
    for (index, accepted) in &accepted {
        let silence = load::longest_silence(accepted, moment);
        eprintln!("killed owner: partition {index}: longest silence {silence:?}");
        assert!(silence < LONGEST, "{silence:?} in partition {index}");
    }
    drop(clients);
    nodes.start_again(killed);
    nodes.all_ready();
    load::is_in(&nodes.history(&kafka.clients()), &accepted);
}

#[test]
#[expect(clippy::print_stderr, reason = "figures of a run")]
fn a_node_that_has_followed_a_partition_reads_only_its_tail_to_take_it_over() {
    let Some(chaos) = begin() else { return };
    let kafka = Kafka::start(&chaos, 1);
    let cold = takeover_seconds(&kafka, "cold", &[]);
    let warm = takeover_seconds(&kafka, "warm", &["--standby", "12"]);
    eprintln!(
        "a partition of {EVENTS} events is taken over in {cold} s; in {warm} s by who followed it"
    );
    assert!(warm < cold, "{warm} s is not less than {cold} s");
}

/// Kills the owner of a full partition. How long the next one says that it took.
fn takeover_seconds(kafka: &Kafka, name: &str, more: &[&str]) -> f64 {
    let partition = load::partition(0);
    fill(&KafkaSettings {
        topic_prefix: format!("{name}."),
        ..KafkaSettings::new(&kafka.clients(), name)
    });
    let nodes = Nodes::told(&kafka.clients(), name, &[more; 2]);
    let killed = nodes.owner(&partition);
    let other = 1 - killed;
    // Whoever follows is level with an owner that has nothing to do.
    thread::sleep(CALM);
    nodes.kill(killed);
    soon("a takeover", || nodes.owner_among(&[other], &partition));
    let one_more = adjustment(&load::product_in(0), 1).key("one-more");
    load::insist(&nodes, other, &one_more).is(201);
    let seconds = nodes.figure(other, "takeover_seconds", &partition).unwrap();
    nodes.start_again(killed);
    nodes.all_ready();
    let history = nodes.history(&kafka.clients());
    let balance = history.stock[&*load::product_in(0)].balance();
    assert_eq!(balance.on_hand, i64::try_from(EVENTS).unwrap() + 1);
    seconds
}

/// Writes the events of one shelf, unit by unit.
fn fill(settings: &KafkaSettings) {
    let log = soon("the log", || KafkaLog::open(settings.clone()).ok());
    log.ensure_streams(&[StreamSpec { name: Stock::STREAM.into(), partitions: PARTITIONS }])
        .unwrap();
    let partition = load::partition(0);
    let mut writer = soon("a claim", || log.claim(&partition).ok());
    let codec = StreamCodec::<Event>::bundled(Stock::STREAM).unwrap();
    let (key, term) = (load::product_in(0), writer.term());
    for first in (1..=EVENTS).step_by(usize::try_from(TOGETHER).unwrap()) {
        let mut batch = Batch::default();
        for sequence in first..first + TOGETHER {
            batch.push_command([entry(&codec, &key, sequence, term)]);
        }
        writer.append(batch).unwrap();
    }
}

fn entry(codec: &StreamCodec<Event>, key: &str, sequence: u64, term: u64) -> Entry {
    let balance = Balance { on_hand: i64::try_from(sequence).unwrap(), reserved: 0 };
    let reason = AdjustmentReason::Received;
    let event = Event::Adjusted { delta: 1, reason, reorder_level: 0, reference: None, balance };
    let mut value = Vec::new();
    codec.encode(key, &meta(sequence, term), &event, &mut value).unwrap();
    let event_type = event.event_type().into();
    Entry { key: key.into(), event_type, traceparent: None, value }
}

fn meta(sequence: u64, term: u64) -> Meta {
    let at = Timestamp(1_700_000_000_000_000);
    Meta {
        event_id: u128::from(sequence),
        occurred_at: at,
        recorded_at: at,
        producer: "story/1".into(),
        trace_id: None,
        correlation_id: "story".into(),
        causation_id: "story".into(),
        command_id: format!("story-{sequence}").into(),
        actor: None,
        schema_version: 1,
        aggregate_version: sequence,
        sequence,
        writer_term: term,
    }
}
