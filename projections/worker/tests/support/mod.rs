//! A log filled with a shop's history, and stores in memory that fail, or die, as a script says.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![expect(clippy::unwrap_used, reason = "only tests come here")]

mod documents;
pub(crate) mod mute;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chimera_domain::time::Timestamp;
use chimera_log::{Batch, Entry, EventLog, MemoryLog, Partition, StreamSpec};
use chimera_model::testing::{PARTITIONS, Tables};
use chimera_model::{Change, KvMutation, KvSpec, ReadModel, Row, RowKey, RowMutation, TableSpec};
use chimera_stores::{
    Checkpoint, Cursor, Generations, KvReader, KvValue, KvWriter, Listing, Page, RowReader,
    RowWriter, Scanned, StoreError, View,
};
use chimera_worker::{Decoder, Feeder, Halt, Limits, Positions, Stores};
use tokio::sync::Notify;

pub(crate) const STREAMS: [&str; 4] = [
    "ecommerce.product.product",
    "ecommerce.inventory.stock",
    "ecommerce.order.order",
    "ecommerce.payment.payment",
];
pub(crate) const SMALL: Limits = Limits { events: 3, bytes: 1 << 20 };

pub(crate) fn empty_log() -> Arc<MemoryLog> {
    let log = MemoryLog::new();
    let spec = |name: &str| StreamSpec { name: name.into(), partitions: PARTITIONS };
    log.ensure_streams(&STREAMS.map(spec)).unwrap();
    Arc::new(log)
}

pub(crate) fn log_of(history: &[Change]) -> Arc<MemoryLog> {
    let log = empty_log();
    append(&log, history);
    log
}

pub(crate) fn append(log: &MemoryLog, history: &[Change]) {
    let mut batches: BTreeMap<Partition, Batch> = BTreeMap::new();
    for change in history {
        let partition = Partition::new(change.stream(), change.partition());
        batches.entry(partition).or_default().push_command([entry(change)]);
    }
    for (partition, batch) in batches {
        log.claim(&partition).unwrap().append(batch).unwrap();
    }
}

pub(crate) fn append_raw(log: &MemoryLog, partition: &Partition, event_type: &str, value: &[u8]) {
    let mut batch = Batch::default();
    let (key, event_type) = ("O-0".into(), event_type.into());
    batch.push_command([Entry { key, event_type, traceparent: None, value: value.to_vec() }]);
    log.claim(partition).unwrap().append(batch).unwrap();
}

fn entry(change: &Change) -> Entry {
    let (codecs, mut value) = (Decoder::bundled().unwrap(), vec![]);
    let (key, meta) = (change.key(), change.meta());
    match change {
        Change::Product(one) => codecs.product.encode(key, meta, &one.event, &mut value),
        Change::Stock(one) => codecs.stock.encode(key, meta, &one.event, &mut value),
        Change::Order(one) => codecs.order.encode(key, meta, &one.event, &mut value),
        Change::Payment(one) => codecs.payment.encode(key, meta, &one.event, &mut value),
    }
    .unwrap();
    Entry { key: key.clone(), event_type: change.event_type().into(), traceparent: None, value }
}

pub(crate) fn feeder(log: &Arc<MemoryLog>, stores: &Arc<MemoryStores>, limits: Limits) -> Feeder {
    let stores = Stores { rows: stores.clone(), kv: stores.clone(), search: stores.clone() };
    Feeder::new(log.clone(), stores, limits).unwrap()
}

/// Feeds the first generation up to the end of the log.
pub(crate) async fn catch_up(
    feeder: &Feeder,
    model: &'static ReadModel,
    positions: &Positions,
) -> Result<(), Halt> {
    let target = feeder.target(model, 1);
    target.create().await.unwrap();
    let high =
        |partition: &Partition| Some(*feeder.log().high_watermark(partition).unwrap().borrow());
    let legs = feeder.legs(&target, high).await?;
    feeder.feed(&target, &legs, positions).await
}

/// What one call of `apply` does.
#[derive(Debug, Clone)]
pub(crate) enum Scripted {
    Fail(StoreError),
    /// Writes this many of its mutations and no checkpoint, then never answers.
    DieAfter(usize),
    Pass,
}

/// Every kind of store and the live pointers, in memory.
#[derive(Default)]
pub(crate) struct MemoryStores {
    views: Mutex<BTreeMap<View, Held>>,
    live: Mutex<BTreeMap<String, u32>>,
    pub(crate) script: Mutex<VecDeque<Scripted>>,
    pub(crate) died: Notify,
}

#[derive(Default)]
struct Held {
    tables: Tables,
    of_rows: BTreeMap<Partition, u64>,
    of_kv: BTreeMap<Partition, u64>,
    of_search: BTreeMap<Partition, u64>,
}

impl MemoryStores {
    pub(crate) fn scripted(script: impl IntoIterator<Item = Scripted>) -> Arc<Self> {
        let script = Mutex::new(script.into_iter().collect());
        Arc::new(Self { script, ..Self::default() })
    }

    pub(crate) fn tables(&self, view: View) -> Tables {
        self.views.lock().unwrap().get(&view).map(|held| held.tables.clone()).unwrap_or_default()
    }

    pub(crate) fn checkpoint(&self, view: View, partition: &Partition) -> Option<u64> {
        self.views.lock().unwrap().get(&view)?.of_rows.get(partition).copied()
    }

    fn has(&self, view: View) -> bool {
        self.views.lock().unwrap().contains_key(&view)
    }

    /// How many mutations to write, and whether the call then answers.
    async fn scripted_write(
        &self,
        view: View,
        write: impl Fn(&mut Held, usize),
    ) -> Result<(), StoreError> {
        let next = self.script.lock().unwrap().pop_front().unwrap_or(Scripted::Pass);
        let most = match next {
            Scripted::Fail(error) => return Err(error),
            Scripted::DieAfter(most) => most,
            Scripted::Pass => usize::MAX,
        };
        match self.views.lock().unwrap().get_mut(&view) {
            Some(held) => write(held, most),
            None => return Err(StoreError::Fatal("there is no such view".into())),
        }
        if most < usize::MAX {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

fn advance(checkpoints: &mut BTreeMap<Partition, u64>, to: &[Checkpoint]) {
    for checkpoint in to {
        let partition = Partition::new(&checkpoint.stream, checkpoint.partition);
        let held = checkpoints.entry(partition).or_default();
        *held = (*held).max(checkpoint.sequence);
    }
}

fn listed(checkpoints: &BTreeMap<Partition, u64>) -> Vec<Checkpoint> {
    let one = |(partition, sequence): (&Partition, &u64)| Checkpoint {
        stream: partition.stream.clone(),
        partition: partition.index,
        sequence: *sequence,
    };
    checkpoints.iter().map(one).collect()
}

#[async_trait]
impl RowReader for MemoryStores {
    async fn get(
        &self,
        view: View,
        table: &'static TableSpec,
        key: &RowKey,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.tables(view).row(table, key))
    }

    async fn list(&self, _: View, _: Listing<'_>) -> Result<Page<Row>, StoreError> {
        Ok(Page { items: vec![], next: None })
    }

    async fn scan(
        &self,
        _: View,
        _: &'static TableSpec,
        _: Option<&Cursor>,
        _: usize,
    ) -> Result<Page<Scanned<RowKey, Row>>, StoreError> {
        Ok(Page { items: vec![], next: None })
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        let views = self.views.lock().unwrap();
        Ok(views.get(&view).map(|held| listed(&held.of_rows)).unwrap_or_default())
    }

    async fn generations(&self, _: &str) -> Result<Vec<u32>, StoreError> {
        Ok(vec![])
    }
}

#[async_trait]
impl RowWriter for MemoryStores {
    async fn create(&self, view: View, _: &[&'static TableSpec]) -> Result<(), StoreError> {
        self.views.lock().unwrap().entry(view).or_default();
        Ok(())
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[RowMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        self.scripted_write(view, |held, most| {
            mutations.iter().take(most).for_each(|mutation| held.tables.apply_row(mutation));
            if most == usize::MAX {
                advance(&mut held.of_rows, checkpoints);
            }
        })
        .await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.views.lock().unwrap().remove(&view);
        Ok(())
    }
}

#[async_trait]
impl KvReader for MemoryStores {
    async fn get(
        &self,
        view: View,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Option<KvValue>, StoreError> {
        let parts = self.tables(view).parts(space.space, id);
        Ok((!parts.is_empty()).then_some(KvValue { parts }))
    }

    async fn scan(
        &self,
        _: View,
        _: &'static KvSpec,
        _: Option<&Cursor>,
        _: usize,
    ) -> Result<Page<Scanned<String, (String, KvValue)>>, StoreError> {
        Ok(Page { items: vec![], next: None })
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        let views = self.views.lock().unwrap();
        Ok(views.get(&view).map(|held| listed(&held.of_kv)).unwrap_or_default())
    }

    async fn generations(&self, _: &str) -> Result<Vec<u32>, StoreError> {
        Ok(vec![])
    }
}

#[async_trait]
impl KvWriter for MemoryStores {
    async fn create(&self, view: View, _: &[&'static KvSpec]) -> Result<(), StoreError> {
        self.views.lock().unwrap().entry(view).or_default();
        Ok(())
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[KvMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        self.scripted_write(view, |held, most| {
            mutations.iter().take(most).for_each(|mutation| held.tables.apply_kv(mutation));
            if most == usize::MAX {
                advance(&mut held.of_kv, checkpoints);
            }
        })
        .await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.views.lock().unwrap().remove(&view);
        Ok(())
    }
}

#[async_trait]
impl Generations for MemoryStores {
    async fn live_generation(&self, model: &str) -> Result<Option<u32>, StoreError> {
        Ok(self.live.lock().unwrap().get(model).copied())
    }

    async fn set_live(&self, model: &str, generation: u32) -> Result<(), StoreError> {
        self.live.lock().unwrap().insert(model.to_owned(), generation);
        Ok(())
    }
}

/// A time after everything that a shop's history holds.
pub(crate) const LATER: Timestamp = Timestamp(i64::MAX / 2);
