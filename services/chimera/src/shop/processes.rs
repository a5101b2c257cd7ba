//! The processes between aggregates, each on the partitions of its stream whose shards serve here.

use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use chimera_engine::{Engine, Phase, Process, ProcessOptions, ProcessRunner, ShardStatus};
use chimera_kit::lifecycle::{Stage, Stopping};
use chimera_log::{Bookmarks, Partition};
use chimera_order::Fulfilment;
use chimera_payment::{OrderSettlement, PaymentSettlement, Settlement, SimulatedGateway};
use tokio::sync::watch;

use super::deciding::Deciding;
use super::settled::{Done, Settled};
use super::shards::Status;
use super::{Opening, readiness};

/// Starts fulfilment and settlement.
pub(super) fn start(
    engine: &Engine,
    bookmarks: &Arc<dyn Bookmarks>,
    streams: &Deciding,
    opening: &mut Opening<'_>,
) -> anyhow::Result<Settled> {
    let Deciding { orders, stock, payments, .. } = streams;
    let fulfilment = Fulfilment {
        orders: orders.router.clone(),
        stocks: stock.router.clone(),
        payments: payments.router.clone(),
    };
    let settlement = Settlement {
        orders: orders.router.clone(),
        payments: payments.router.clone(),
        gateway: Arc::new(SimulatedGateway::default()),
    };
    let mut running = Running { engine, bookmarks, opening, done: Vec::new() };
    running.run(&orders.statuses, orders.router.partitions(), fulfilment)?;
    let of_orders = OrderSettlement(settlement.clone());
    running.run(&orders.statuses, orders.router.partitions(), of_orders)?;
    let of_payments = PaymentSettlement(settlement);
    running.run(&payments.statuses, payments.router.partitions(), of_payments)?;
    Ok(Settled::new(running.done, Arc::clone(bookmarks)))
}

/// What all processes are started with.
struct Running<'a, 'b> {
    engine: &'a Engine,
    bookmarks: &'a Arc<dyn Bookmarks>,
    opening: &'a mut Opening<'b>,
    done: Vec<Done>,
}

impl Running<'_, '_> {
    /// Runs a process on every partition of its stream while that partition's shard serves here.
    fn run<P: Process>(
        &mut self,
        statuses: &[Status],
        partitions: u32,
        process: P,
    ) -> anyhow::Result<()> {
        let (name, process) = (process.name(), Arc::new(process));
        let codec = super::codec::<P::Source>()?;
        let mut here = Vec::new();
        for index in 0..partitions {
            let partition = Partition::new(P::Source::STREAM, index);
            let position = watch::Sender::new(0);
            let status = statuses.get(index as usize).cloned();
            let (reader, reached) = (name, position.subscribe());
            let done =
                Done { reader, partition: partition.clone(), reached, status: status.clone() };
            self.done.push(done.clone());
            let Some(status) = status else { continue };
            let keeping = Keeping {
                process: Arc::clone(&process),
                engine: self.engine.clone(),
                bookmarks: Arc::clone(self.bookmarks),
                codec: Arc::clone(&codec),
                partition,
                position,
            };
            let stopping = self.opening.lifecycle.stopping(Stage::Work);
            self.opening.lifecycle.spawn(Stage::Work, name, keeping.keep(status, stopping));
            here.push(done);
        }
        readiness::of_process(self.engine, name, here, self.opening.health)
    }
}

/// A process on one partition, for as long as this program lives.
struct Keeping<P: Process> {
    process: Arc<P>,
    engine: Engine,
    bookmarks: Arc<dyn Bookmarks>,
    codec: Arc<chimera_codec::StreamCodec<<P::Source as Aggregate>::Event>>,
    partition: Partition,
    position: watch::Sender<u64>,
}

impl<P: Process> Keeping<P> {
    /// Runs the process whenever the partition is served here.
    async fn keep(self, mut status: Status, mut stopping: Stopping) -> Result<(), String> {
        loop {
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                () = served(&mut status, true) => {}
            }
            let (stop, stopped) = watch::channel(false);
            let mut running = std::pin::pin!(self.runner(stopped).run());
            tokio::select! {
                ended = &mut running => return ended,
                () = stopping.wait() => {}
                () = served(&mut status, false) => {}
            }
            stop.send_replace(true);
            running.await?;
        }
    }

    fn runner(&self, stop: watch::Receiver<bool>) -> ProcessRunner<P> {
        ProcessRunner {
            process: Arc::clone(&self.process),
            log: Arc::clone(&self.engine.log),
            bookmarks: Arc::clone(&self.bookmarks),
            codec: Arc::clone(&self.codec),
            partition: self.partition.clone(),
            options: ProcessOptions::default(),
            position: self.position.clone(),
            stop,
        }
    }
}

/// Waits until the shard serves, or does not any more.
async fn served(status: &mut Status, wanted: bool) {
    let is_so = |status: &ShardStatus| (status.phase == Phase::Serving) == wanted;
    let gone = status.wait_for(is_so).await.is_err();
    if gone {
        std::future::pending::<()>().await;
    }
}
