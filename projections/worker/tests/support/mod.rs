//! A log filled with a shop's history, and stores in memory that fail, or die, as a script says.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![expect(clippy::unwrap_used, reason = "only tests come here")]

pub(crate) mod counting;
mod documents;
pub(crate) mod garbling;
pub(crate) mod mute;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chimera_domain::time::Timestamp;
use chimera_log::{Batch, Entry, EventLog, MemoryControl, MemoryLog, Partition, StreamSpec};
use chimera_model::testing::{PARTITIONS, Tables};
use chimera_model::{
    Change, KvMutation, KvSpec, Order, ReadModel, Row, RowKey, RowMutation, TableSpec,
};
use chimera_stores::{
    Checkpoint, Cursor, Generations, KvReader, KvValue, KvWriter, Listing, Live, Page, RowReader,
    RowWriter, Scanned, StoreError, View,
};
use chimera_worker::{DEAD_LETTERS_VIEW, Decoder, Feeder, Halt, Limits, Positions, Stores};
use tokio::sync::Notify;

pub(crate) const STREAMS: [&str; 4] = [
    "ecommerce.product.product",
    "ecommerce.inventory.stock",
    "ecommerce.order.order",
    "ecommerce.payment.payment",
];
const SLOW: Duration = Duration::from_secs(2);
pub(crate) const SMALL: Limits = Limits { events: 3, bytes: 1 << 20, ..Limits::LIVE };

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
    let (codecs, mut batches) = (Decoder::bundled().unwrap(), BTreeMap::<Partition, Batch>::new());
    for change in history {
        let partition = Partition::new(change.stream(), change.partition());
        batches.entry(partition).or_default().push_command([entry(&codecs, change)]);
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

fn entry(codecs: &Decoder, change: &Change) -> Entry {
    let mut value = vec![];
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
    /// Loses all checkpoints and rows but those of dead letters, and then does not answer this once.
    GoBack,
    Pass,
}

/// Every kind of store and the live pointers, in memory.
#[derive(Default)]
pub(crate) struct MemoryStores {
    views: Mutex<BTreeMap<View, Held>>,
    control: Arc<MemoryControl>,
    pub(crate) script: Mutex<VecDeque<Scripted>>,
    pub(crate) died: Notify,
    refused: Mutex<String>,
    slow: Mutex<&'static str>,
    is_silent: AtomicBool,
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

    /// As if nothing had been confirmed, while all that was written is there.
    pub(crate) fn forget_checkpoints(&self, view: View) {
        let mut views = self.views.lock().unwrap();
        let held = views.get_mut(&view).unwrap();
        (held.of_rows, held.of_kv) = (BTreeMap::new(), BTreeMap::new());
    }

    /// Loses what it holds of a view.
    pub(crate) fn go_back(&self, view: View) {
        self.views.lock().unwrap().insert(view, Held::default());
    }

    /// Refuses whatever has this in it; nothing, where it is empty.
    pub(crate) fn refuse(&self, text: &str) {
        text.clone_into(&mut self.refused.lock().unwrap());
    }

    /// From now on it does, or does not, say how far its rows are.
    pub(crate) fn answer(&self, answers: bool) {
        self.is_silent.store(!answers, Ordering::SeqCst);
    }

    fn refuses<M: std::fmt::Debug>(&self, view: View, mutations: &[M]) -> Result<(), StoreError> {
        let text = self.refused.lock().unwrap();
        let refused = |mutation: &M| !text.is_empty() && format!("{mutation:?}").contains(&*text);
        if view != DEAD_LETTERS_VIEW && mutations.iter().any(refused) {
            return Err(StoreError::Rejected("a cell is too large".into()));
        }
        Ok(())
    }

    /// From now on each write to this model takes two seconds.
    pub(crate) fn slow_down(&self, model: &'static str) {
        *self.slow.lock().unwrap() = model;
    }

    /// How many mutations to write, and whether the call then answers.
    async fn scripted_write(
        &self,
        view: View,
        write: impl Fn(&mut Held, usize),
    ) -> Result<(), StoreError> {
        let is_slow = *self.slow.lock().unwrap() == view.model;
        if is_slow {
            tokio::time::sleep(SLOW).await;
        }
        let next = self.script.lock().unwrap().pop_front().unwrap_or(Scripted::Pass);
        let most = match next {
            Scripted::Fail(error) => return Err(error),
            Scripted::DieAfter(most) => most,
            Scripted::GoBack => {
                self.go_back(view);
                return Err(StoreError::Transient("gone for a moment".into()));
            }
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
        let views = self.views.lock().unwrap();
        Ok(views.get(&view).and_then(|held| held.tables.row(table, key)))
    }

    async fn list(&self, view: View, listing: Listing<'_>) -> Result<Page<Row>, StoreError> {
        let mut items = match self.views.lock().unwrap().get(&view) {
            Some(held) => held.tables.rows(listing.table),
            None => vec![],
        };
        items.retain(|row| row.key.0.starts_with(listing.partition_key));
        if listing.table.clustering.first().is_some_and(|first| first.order == Order::Descending) {
            items.reverse();
        }
        let skipped = listing.after.map_or(0, |cursor| usize::from(cursor.as_bytes()[0]));
        let more = items.len() > skipped + listing.limit;
        let next =
            more.then(|| Cursor::from_bytes(vec![u8::try_from(skipped + listing.limit).unwrap()]));
        let items = items.into_iter().skip(skipped).take(listing.limit).collect();
        Ok(Page { items, next })
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
        if self.is_silent.load(Ordering::SeqCst) {
            return Err(StoreError::Transient("nobody answers".into()));
        }
        let views = self.views.lock().unwrap();
        Ok(views.get(&view).map(|held| listed(&held.of_rows)).unwrap_or_default())
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        let views = self.views.lock().unwrap();
        let of_model = views.keys().filter(|view| view.model == model);
        Ok(of_model.map(|view| view.generation).collect())
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
        self.refuses(view, mutations)?;
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
        self.refuses(view, mutations)?;
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

impl MemoryStores {
    /// Which generations are live.
    pub(crate) fn generations(&self) -> Generations {
        Generations::new(self.control.clone())
    }

    pub(crate) async fn promote(&self, model: &str, generation: u32) {
        let (at, by) = ("2026-11-22T10:00:00Z".to_owned(), "test".to_owned());
        let to = Live { generation, previous: None, at, by, reason: None, forced: false };
        self.generations().switch(model, None, &to).await.unwrap();
    }
}

/// A time after everything that a shop's history holds.
pub(crate) const LATER: Timestamp = Timestamp(i64::MAX / 2);
