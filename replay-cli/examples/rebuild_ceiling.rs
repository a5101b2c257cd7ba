//! How a rebuild compares with what its stores take at most: each read model in turn is fed from the log, then the very same writes are
//! given to the same stores with nothing else to do. Also how many events a second are decoded and projected with no store at all.
//!
//! `cargo run --release -p chimera-replay --example rebuild_ceiling -- [ROUNDS [MODEL…]]`, with the settings of a node in the environment
//! (`CHIMERA_DATA_DIR`, `CHIMERA_STORES_ROWS`, …). Writes generations from 900 on and removes them; nobody sees them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;
use chimera_config::Config;
use chimera_log::EventLog;
use chimera_model::{KvMutation, ReadModel, RowMutation, SearchMutation};
use chimera_replay::LIMITS;
use chimera_replay::dry::{self, Before, Told};
use chimera_stores::search::Purpose;
use chimera_stores::{Checkpoint, View};
use chimera_wiring::{OpenStores, open_log_to_read, schemas};
use chimera_worker::{Decoder, Feeder, Leg, Positions, Stores, Target};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FED: u32 = 900;
const GIVEN: u32 = 901;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rounds: u32 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let wanted: Vec<String> = arguments.collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bench = runtime.block_on(Bench::open())?;
    for model in chimera_model::ALL.iter().copied() {
        if wanted.is_empty() || wanted.iter().any(|name| name == model.name) {
            let written = bench.project(model)?;
            runtime.block_on(bench.compare(model, rounds, &written))?;
        }
    }
    bench.opened.close()?;
    Ok(())
}

/// What is written for a stretch of one partition.
#[derive(Default)]
struct Call {
    rows: Vec<RowMutation>,
    kv: Vec<KvMutation>,
    search: Vec<SearchMutation>,
    checkpoint: Option<Checkpoint>,
}

impl Call {
    fn writes(&self) -> usize {
        self.rows.len() + self.kv.len() + self.search.len()
    }
}

/// Keeps what would be written.
#[derive(Default)]
struct Recorder(Mutex<Call>);

impl Recorder {
    fn with(&self, keep: impl FnOnce(&mut Call)) {
        keep(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Told for Recorder {
    fn row(&self, mutation: &RowMutation) {
        self.with(|call| call.rows.push(mutation.clone()));
    }
    fn part(&self, mutation: &KvMutation) {
        self.with(|call| call.kv.push(mutation.clone()));
    }
    fn fields(&self, mutation: &SearchMutation) {
        self.with(|call| call.search.push(mutation.clone()));
    }
}

/// Is told, and forgets.
struct Deaf;

impl Told for Deaf {
    fn row(&self, _: &RowMutation) {}
    fn part(&self, _: &KvMutation) {}
    fn fields(&self, _: &SearchMutation) {}
}

struct Bench {
    log: Arc<dyn EventLog>,
    decoder: Arc<Decoder>,
    opened: OpenStores,
    stores: Stores,
}

impl Bench {
    async fn open() -> Result<Self> {
        let config = Config::load(None, std::env::vars(), &[])?;
        let log = open_log_to_read(&config)?;
        let decoder = Arc::new(Decoder::new(&schemas::ids(&config).await?)?);
        let opened = OpenStores::open(&config, log.control.clone()).await?;
        let stores = Stores { rows: opened.rows(), kv: opened.kv(), search: opened.search() };
        Ok(Self { log: log.log, decoder, opened, stores })
    }

    fn feeder(&self, stores: &Stores) -> Result<Feeder> {
        let feeder = Feeder::new(self.log.clone(), stores.clone(), LIMITS)?;
        Ok(feeder.with_decoder(self.decoder.clone()))
    }

    fn dry(&self, model: &ReadModel, told: Arc<dyn Told>) -> Stores {
        let view = View::new(model.name, FED);
        dry::stores(&self.stores, (model, view), (Before::Nothing, &BTreeMap::new()), told)
    }

    async fn legs(&self, feeder: &Feeder, target: &Target) -> Result<Vec<Leg>> {
        let end = |at: &_| self.log.high_watermark(at).ok().map(|high| *high.borrow());
        let legs = feeder.legs(target, end).await?;
        Ok(legs.into_iter().filter(|leg| leg.upto.is_some_and(|upto| upto > 0)).collect())
    }

    /// On one core, without a store: how fast, and what would be written, in calls as long as those of a rebuild.
    fn project(&self, model: &'static ReadModel) -> Result<Vec<Vec<Call>>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let feeder = self.feeder(&self.dry(model, Arc::new(Deaf)))?;
        let target = feeder.target(model, FED);
        // The dead letters have a table of their own.
        runtime.block_on(target.create())?;
        let legs = runtime.block_on(self.legs(&feeder, &target))?;
        let events: u64 = legs.iter().filter_map(|leg| leg.upto).sum();
        let started = Instant::now();
        runtime.block_on(feeder.feed(&target, &legs, &Positions::default()))?;
        let seconds = started.elapsed().as_secs_f64();
        say(&format!(
            "{:<24} {events:>9} events, projected {:>9.0}/s",
            model.name,
            rate(events, seconds)
        ));
        legs.iter().map(|leg| runtime.block_on(self.recorded(model, leg))).collect()
    }

    async fn recorded(&self, model: &'static ReadModel, leg: &Leg) -> Result<Vec<Call>> {
        let recorder = Arc::new(Recorder::default());
        let feeder = self.feeder(&self.dry(model, recorder.clone()))?;
        let target = feeder.target(model, FED);
        let (mut calls, last) = (Vec::new(), leg.upto.unwrap_or(0));
        for from in (1..=last).step_by(LIMITS.events) {
            let upto = last.min(from + LIMITS.events as u64 - 1);
            let leg = Leg { from, upto: Some(upto), ..leg.clone() };
            feeder.feed(&target, std::slice::from_ref(&leg), &Positions::default()).await?;
            let mut call =
                std::mem::take(&mut *recorder.0.lock().unwrap_or_else(PoisonError::into_inner));
            let (stream, partition) = (leg.partition.stream.clone(), leg.partition.index);
            call.checkpoint = Some(Checkpoint { stream, partition, sequence: upto });
            calls.push(call);
        }
        Ok(calls)
    }

    async fn compare(
        &self,
        model: &'static ReadModel,
        rounds: u32,
        written: &[Vec<Call>],
    ) -> Result<()> {
        let writes: usize = written.iter().flatten().map(Call::writes).sum();
        for round in 1..=rounds {
            let given = self.given(model, written).await?;
            let fed = self.fed(model).await?;
            say(&format!(
                "  round {round}: {writes} writes, stores alone {given:.2} s ({:.0}/s), rebuild {fed:.2} s ({:.0}/s), ratio {:.2}",
                rate(writes as u64, given),
                rate(writes as u64, fed),
                given / fed
            ));
        }
        Ok(())
    }

    /// The stores alone: all partitions at once, as in a rebuild.
    async fn given(&self, model: &'static ReadModel, written: &[Vec<Call>]) -> Result<f64> {
        let target = self.feeder(&self.stores)?.target(model, GIVEN);
        target.create().await?;
        target.tune(Purpose::Filling).await?;
        let started = Instant::now();
        let partitions = written.iter().map(|calls| self.give(model, calls));
        futures_util::future::try_join_all(partitions).await?;
        target.tune(Purpose::Serving).await?;
        self.opened.flush()?;
        let seconds = started.elapsed().as_secs_f64();
        self.remove(model, GIVEN).await?;
        Ok(seconds)
    }

    async fn give(&self, model: &ReadModel, calls: &[Call]) -> Result<()> {
        let view = View::new(model.name, GIVEN);
        let Stores { rows, kv, search } = &self.stores;
        for call in calls {
            let upto = call.checkpoint.as_slice();
            let (tables, spaces, indices) = (model.tables, model.spaces, model.indices);
            tokio::try_join!(
                async {
                    if tables.is_empty() {
                        Ok(())
                    } else {
                        rows.apply(view, &call.rows, upto).await
                    }
                },
                async {
                    if spaces.is_empty() { Ok(()) } else { kv.apply(view, &call.kv, upto).await }
                },
                async {
                    if indices.is_empty() {
                        Ok(())
                    } else {
                        search.apply(view, &call.search, upto).await
                    }
                },
            )?;
        }
        Ok(())
    }

    /// The rebuild, as `replay run` does it.
    async fn fed(&self, model: &'static ReadModel) -> Result<f64> {
        let feeder = self.feeder(&self.stores)?;
        let target = feeder.target(model, FED);
        let started = Instant::now();
        target.create().await?;
        target.tune(Purpose::Filling).await?;
        let legs = self.legs(&feeder, &target).await?;
        feeder.feed(&target, &legs, &Positions::default()).await?;
        target.tune(Purpose::Serving).await?;
        self.opened.flush()?;
        let seconds = started.elapsed().as_secs_f64();
        self.remove(model, FED).await?;
        Ok(seconds)
    }

    async fn remove(&self, model: &ReadModel, generation: u32) -> Result<()> {
        let view = View::new(model.name, generation);
        self.stores.rows.remove(view).await?;
        self.stores.kv.remove(view).await?;
        self.stores.search.remove(view).await?;
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(number: u64, seconds: f64) -> f64 {
    number as f64 / seconds
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
