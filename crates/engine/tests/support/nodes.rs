//! Several processes of one shop, all in this one: each has its engine, its share of the log and a way to the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::stock::Stock;
use chimera_engine::{
    Cluster, Engine, EngineOptions, Forwarded, ForwardedCommand, ForwardedRead, ForwardedReceipt,
    ForwardedState, LocalStream, ManualClock, MemoryCheckpoints, Peers, Phase, Router, Shards,
    Unanswered,
};
use chimera_log::{EventLog, MemberLog, Partition, SharedLog};

use super::{NOON, memory_log};

/// The way to each process, by its address.
#[derive(Default)]
pub struct Addresses(Mutex<HashMap<Arc<str>, Arc<dyn LocalStream>>>);

impl Addresses {
    fn at(&self, address: &Arc<str>) -> Result<Arc<dyn LocalStream>, Unanswered> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(address).cloned();
        known.ok_or_else(|| Unanswered {
            address: Arc::clone(address),
            reason: "nobody listens there".into(),
            may_have_arrived: false,
        })
    }
}

#[async_trait]
impl Peers for Addresses {
    async fn execute(
        &self,
        address: &Arc<str>,
        command: ForwardedCommand,
    ) -> Forwarded<ForwardedReceipt> {
        Ok(self.at(address)?.execute(command).await)
    }

    async fn read(&self, address: &Arc<str>, question: ForwardedRead) -> Forwarded<ForwardedState> {
        Ok(self.at(address)?.read(question).await)
    }
}

/// The log that they share, and the way between them.
pub struct Installation {
    pub raw: Arc<dyn EventLog>,
    shared: SharedLog,
    pub peers: Arc<Addresses>,
    partitions: u32,
}

/// One process.
pub struct Node {
    pub log: Arc<MemberLog>,
    pub shards: Shards<Stock>,
    pub router: Router<Stock>,
}

impl Installation {
    pub fn new(partitions: u32) -> Self {
        let raw = memory_log(Stock::STREAM, partitions);
        let shared = SharedLog::new(Arc::clone(&raw));
        Self { raw, shared, peers: Arc::default(), partitions }
    }

    /// An engine that has been given nothing yet.
    pub fn engine(&self, address: &str, standby: u32) -> (Engine, Arc<MemberLog>) {
        let log = self.shared.at(address);
        let peers: Arc<dyn Peers> = self.peers.clone();
        let tick = Duration::from_millis(5);
        let engine = Engine {
            log: log.clone(),
            checkpoints: Arc::new(MemoryCheckpoints::default()),
            clock: Arc::new(ManualClock::at(NOON)),
            producer: "test/1".into(),
            schemas: chimera_codec::SchemaIds::default(),
            options: EngineOptions { tick, standby, ..EngineOptions::default() },
            cluster: Some(Cluster { peers, own_address: address.into() }),
        };
        (engine, log)
    }

    /// A process that can be reached, and has been given nothing yet.
    pub fn node(&self, address: &str, standby: u32) -> Node {
        let (engine, log) = self.engine(address, standby);
        let shards = engine.start::<Stock>(self.partitions).unwrap();
        let router = shards.router();
        let mut addresses = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.insert(address.into(), Arc::new(router.clone()));
        Node { log, shards, router }
    }
}

impl Node {
    /// From now on the process is given these partitions alone.
    pub fn give(&self, indices: impl IntoIterator<Item = u32>) {
        self.log.give(indices.into_iter().map(|index| Partition::new(Stock::STREAM, index)));
    }

    /// Is given the only partition, and serves it.
    pub async fn take_over(&self) {
        self.give([0]);
        self.until(0, Phase::Serving).await;
    }

    /// Until the shard of a partition is where it should be.
    pub async fn until(&self, index: usize, phase: Phase) {
        let mut status = self.shards.statuses().swap_remove(index);
        let reached = status.wait_for(|status| status.phase == phase);
        tokio::time::timeout(Duration::from_mins(1), reached).await.unwrap().unwrap();
    }
}
