//! A small shop for the engine's tests: one stream of stock over a log in memory.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::sync::Arc;
use std::time::Duration;

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::ids::OrderId;
use chimera_domain::recorded::Recorded;
use chimera_domain::stock::{self, AdjustmentReason, Stock};
use chimera_domain::time::Timestamp;
use chimera_engine::{
    CheckpointStore, CommandId, Engine, EngineOptions, ManualClock, MemoryCheckpoints, Origin,
    Request, Shards,
};
use chimera_log::{EventLog, MemoryLog, Partition, StreamSpec};

pub mod checkpoints;
pub mod nodes;
pub mod remote;

pub const NOON: Timestamp = Timestamp(1_700_000_000_000_000);

pub struct World {
    pub log: Arc<dyn EventLog>,
    pub checkpoints: Arc<MemoryCheckpoints>,
    pub clock: Arc<ManualClock>,
    pub options: EngineOptions,
    pub partitions: u32,
}

pub fn memory_log(stream: &str, partitions: u32) -> Arc<dyn EventLog> {
    let log = MemoryLog::new();
    log.ensure_streams(&[StreamSpec { name: stream.into(), partitions }]).unwrap();
    Arc::new(log)
}

impl World {
    pub fn new(partitions: u32) -> Self {
        Self::of::<Stock>(partitions)
    }

    pub fn of<A: Aggregate>(partitions: u32) -> Self {
        Self {
            log: memory_log(A::STREAM, partitions),
            checkpoints: Arc::default(),
            clock: Arc::new(ManualClock::at(NOON)),
            options: EngineOptions { tick: Duration::from_millis(5), ..EngineOptions::default() },
            partitions,
        }
    }

    pub async fn start<A: Aggregate>(&self) -> Shards<A> {
        let checkpoints: Arc<dyn CheckpointStore> = self.checkpoints.clone();
        let engine = Engine {
            log: Arc::clone(&self.log),
            checkpoints,
            clock: self.clock.clone(),
            producer: "test/1".into(),
            schemas: chimera_codec::SchemaIds::default(),
            options: self.options,
            cluster: None,
        };
        let shards = engine.start::<A>(self.partitions).unwrap();
        shards.serving().await.unwrap();
        shards
    }
}

pub fn origin() -> Origin {
    Origin {
        correlation_id: "correlation".into(),
        causation_id: "cause".into(),
        traceparent: None,
        actor: None,
        occurred_at: None,
    }
}

pub fn request<A: Aggregate>(key: &str, command: A::Command, id: CommandId) -> Request<A> {
    Request { key: key.into(), command, id, origin: origin() }
}

pub fn adjust(delta: i64) -> stock::Command {
    let reason = AdjustmentReason::Received;
    stock::Command::Adjust { delta, reason, reorder_level: None, reference: None }
}

pub fn reserve(order: &str, quantity: u32) -> stock::Command {
    stock::Command::Reserve { order: OrderId::try_from(order).unwrap(), quantity }
}

pub fn named(text: &str) -> CommandId {
    CommandId::derived(text)
}

/// Every event of a stream, read back and checked: sequences and versions without gaps.
pub async fn history<A: Aggregate>(
    log: &Arc<dyn EventLog>,
    partitions: u32,
) -> Vec<Recorded<A::Event>> {
    let codec = StreamCodec::<A::Event>::bundled(A::STREAM).unwrap();
    let mut events = Vec::new();
    for index in 0..partitions {
        let partition = Partition::new(A::STREAM, index);
        let end = *log.high_watermark(&partition).unwrap().borrow();
        let mut reader = log.read(&partition, 1).unwrap();
        let mut versions = std::collections::HashMap::new();
        let mut expected = 1;
        while expected <= end {
            for record in reader.next().await.unwrap().records {
                let event = codec.decode(index, &record.value).unwrap();
                assert_eq!(event.meta.sequence, expected, "a gap in {partition}");
                let version = versions.entry(event.key.clone()).or_insert(0);
                *version += 1;
                assert_eq!(event.meta.aggregate_version, *version, "a gap in {}", event.key);
                expected += 1;
                events.push(event);
            }
        }
    }
    events
}
