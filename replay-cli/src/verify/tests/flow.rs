//! Live stores into which events flow between any two reads, some of them ahead of the checkpoint that is told.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use chimera_log::{EventLog as _, MemoryLog};
use chimera_model::{
    Change, KvMutation, ReadModel, Row, RowMutation, SearchMutation, TableSpec, Value,
};
use chimera_stores::{Checkpoint, EmbeddedStores, Page, Scanned, View, key_text};
use chimera_worker::{Feeder, Leg, Limits, Positions, Stores};

use super::flowing::Flowing;
use super::shops::{Street, append};

/// No event comes near it.
const LATE: u64 = 1 << 40;

pub(super) fn embedded(dir: &Path) -> Stores {
    let stores = EmbeddedStores::open(dir).unwrap();
    Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() }
}

/// What flows.
pub(super) struct Flow {
    pub(super) model: &'static ReadModel,
    pub(super) log: Arc<MemoryLog>,
    pub(super) inner: Stores,
    feeder: Feeder,
    state: Mutex<State>,
}

struct State {
    /// Not in the log yet; the last one is the next.
    future: Vec<Change>,
    random: u64,
    generations: Vec<u32>,
    /// What the stores said of a view before the last step.
    told: BTreeMap<u32, Vec<Checkpoint>>,
}

impl Flow {
    pub(super) async fn begin(model: &'static ReadModel, inner: Stores, seed: u64) -> Arc<Self> {
        let mut street = Street::default();
        let mut future: Vec<Change> = (0..4).flat_map(|_| street.next_shop()).collect();
        future.reverse();
        let log = Arc::new(MemoryLog::new());
        let limits = Limits { events: 7, ..Limits::REBUILD };
        let feeder = Feeder::new(log.clone(), inner.clone(), limits).unwrap();
        let (generations, told) = (vec![1], BTreeMap::new());
        let state = State { future, random: seed | 1, generations, told };
        let flow = Arc::new(Self { model, log, inner, feeder, state: Mutex::new(state) });
        flow.append(500);
        feeder_target(&flow, 1).create().await.unwrap();
        flow.feed(1).await;
        flow.step().await;
        flow
    }

    /// The stores as a reader finds them.
    pub(super) fn stores(self: &Arc<Self>) -> Stores {
        let flowing = Arc::new(Flowing(self.clone()));
        Stores { rows: flowing.clone(), kv: flowing.clone(), search: flowing }
    }

    /// A second generation, which stands somewhere else.
    pub(super) async fn build_another(self: &Arc<Self>) {
        feeder_target(self, 2).create().await.unwrap();
        self.feed(2).await;
        self.state.lock().unwrap().generations.push(2);
        self.step().await;
    }

    fn random(&self, below: u64) -> u64 {
        let mut state = self.state.lock().unwrap();
        state.random = state.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state.random >> 33) % below
    }

    fn append(&self, events: usize) {
        let mut state = self.state.lock().unwrap();
        let keep = state.future.len().saturating_sub(events);
        let mut next = state.future.split_off(keep);
        next.reverse();
        append(&*self.log, &next, 20).unwrap();
    }

    /// Some events happen, and some that have happened are applied.
    pub(super) async fn step(self: &Arc<Self>) {
        let events = self.random(40);
        self.append(usize::try_from(events).unwrap());
        let generations = self.state.lock().unwrap().generations.clone();
        for generation in generations {
            self.feed(generation).await;
        }
    }

    /// Each partition up to anywhere.
    async fn feed(self: &Arc<Self>, generation: u32) {
        let target = feeder_target(self, generation);
        let before = self.checkpoints(target.view()).await;
        let mut legs: Vec<Leg> = self.feeder.legs(&target, |_| Some(0)).await.unwrap();
        for leg in &mut legs {
            let end = *self.log.high_watermark(&leg.partition).unwrap().borrow();
            let waiting = end + 1 - leg.from;
            leg.upto = Some(leg.from - 1 + self.random(waiting + 1));
        }
        self.feeder.feed(&target, &legs, &Positions::default()).await.unwrap();
        // The checkpoint follows the data at some later time.
        if self.random(2) == 0 {
            self.state.lock().unwrap().told.insert(generation, before);
        } else {
            self.state.lock().unwrap().told.remove(&generation);
        }
    }

    /// Moves the checkpoints of generation 1 on without their events.
    pub(super) async fn lose(&self) {
        self.append(60);
        let target = feeder_target(self, 1);
        let mut checkpoints = Vec::new();
        for leg in self.feeder.legs(&target, |_| Some(0)).await.unwrap() {
            let end = *self.log.high_watermark(&leg.partition).unwrap().borrow();
            let (stream, partition) = (leg.partition.stream, leg.partition.index);
            checkpoints.push(Checkpoint { stream, partition, sequence: end });
        }
        self.inner.rows.apply(target.view(), &[], &checkpoints).await.unwrap();
        if !self.model.spaces.is_empty() {
            self.inner.kv.apply(target.view(), &[], &checkpoints).await.unwrap();
        }
        self.state.lock().unwrap().told.clear();
    }

    /// Everything happens that is still to come, and is applied.
    pub(super) async fn finish(&self) {
        self.append(usize::MAX);
        let target = feeder_target(self, 1);
        let end = |partition: &_| Some(*self.log.high_watermark(partition).unwrap().borrow());
        let legs = self.feeder.legs(&target, end).await.unwrap();
        self.feeder.feed(&target, &legs, &Positions::default()).await.unwrap();
        self.state.lock().unwrap().told.clear();
    }

    async fn checkpoints(&self, view: View) -> Vec<Checkpoint> {
        if !self.model.tables.is_empty() {
            return self.inner.rows.checkpoints(view).await.unwrap();
        }
        if !self.model.spaces.is_empty() {
            return self.inner.kv.checkpoints(view).await.unwrap();
        }
        self.inner.search.checkpoints(view).await.unwrap()
    }

    pub(super) async fn told(self: &Arc<Self>, view: View) -> Option<Vec<Checkpoint>> {
        if view.model != self.model.name {
            return None;
        }
        self.step().await;
        let told = self.state.lock().unwrap().told.get(&view.generation).cloned();
        Some(match told {
            Some(told) => told,
            None => self.checkpoints(view).await,
        })
    }

    /// Writes what no event says, or takes away a row, under some key of generation 1; says which.
    pub(super) async fn corrupt(&self) -> String {
        let view = View::new(self.model.name, 1);
        if let Some(table) = self.model.tables.first() {
            return self.corrupt_row(view, table).await;
        }
        if let Some(space) = self.model.spaces.first() {
            let found = self.inner.kv.scan(view, space, None, 30).await.unwrap();
            let (id, _) = self.some(found);
            let value = (self.random(2) == 0).then(|| "{\"forged\":true}".to_owned());
            let mutation =
                KvMutation { space, id: id.clone(), part: space.parts[0], value, version: LATE };
            self.inner.kv.apply(view, &[mutation], &[]).await.unwrap();
            return id;
        }
        let spec = self.model.indices[0];
        let found = self.inner.search.scan(view, spec, None, 30).await.unwrap();
        let (id, _) = self.some(found);
        let (part, fields) = (spec.parts[0].name, Some(vec![]));
        let mutation = SearchMutation { spec, id: id.clone(), part, fields, version: LATE };
        self.inner.search.apply(view, &[mutation], &[]).await.unwrap();
        id
    }

    async fn corrupt_row(&self, view: View, table: &'static TableSpec) -> String {
        let found = self.inner.rows.scan(view, table, None, 30).await.unwrap();
        let Row { key, version, .. } = self.some(found);
        let mutation = if self.random(3) == 0 {
            RowMutation::Delete { table, key: key.clone(), version: LATE }
        } else {
            let version = if self.random(2) == 0 { LATE } else { version + LATE };
            let cells = vec![(table.columns[0].name, Value::Null)];
            RowMutation::Upsert { table, key: key.clone(), cells, version }
        };
        self.inner.rows.apply(view, &[mutation], &[]).await.unwrap();
        key_text(&key)
    }

    fn some<K, T>(&self, page: Page<Scanned<K, T>>) -> T {
        let index = usize::try_from(self.random(page.items.len() as u64)).unwrap();
        match page.items.into_iter().nth(index) {
            Some(Scanned::Sound(found)) => found,
            _ => panic!("nothing sound is there"),
        }
    }
}

fn feeder_target(flow: &Flow, generation: u32) -> chimera_worker::Target {
    flow.feeder.target(flow.model, generation)
}
