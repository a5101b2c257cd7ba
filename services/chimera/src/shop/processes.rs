//! The processes between aggregates, each on every partition that it reads.

use std::sync::Arc;

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::stock::Stock;
use chimera_engine::{Engine, Process, ProcessOptions, ProcessRunner, Router};
use chimera_kit::lifecycle::Stage;
use chimera_log::Partition;
use chimera_order::Fulfilment;
use chimera_payment::{OrderSettlement, PaymentSettlement, Settlement, SimulatedGateway};
use tokio::sync::watch;

use super::{Opening, readiness};

/// The ways to the aggregates that processes talk to.
pub(super) struct Routers {
    pub(super) orders: Router<Order>,
    pub(super) stock: Router<Stock>,
    pub(super) payments: Router<Payment>,
}

/// How far every process has come in every partition that it reads.
#[derive(Clone, Default)]
pub struct Settled(Arc<Vec<(Partition, watch::Receiver<u64>)>>);

impl Settled {
    /// Waits until every process has done everything that follows from the events of `partition` up to `sequence`.
    pub async fn reached(&self, partition: &Partition, sequence: u64) {
        for (_, done) in self.0.iter().filter(|(read, _)| read == partition) {
            let _ = done.clone().wait_for(|&done| done >= sequence).await;
        }
    }
}

/// Starts fulfilment and settlement.
pub(super) fn start(
    engine: &Engine,
    routers: &Routers,
    opening: &mut Opening<'_>,
) -> anyhow::Result<Settled> {
    let Routers { orders, stock, payments } = routers;
    let fulfilment =
        Fulfilment { orders: orders.clone(), stocks: stock.clone(), payments: payments.clone() };
    let settlement = Settlement {
        orders: orders.clone(),
        payments: payments.clone(),
        gateway: Arc::new(SimulatedGateway::default()),
    };
    let mut settled = run(engine, orders.partitions(), fulfilment, opening)?;
    settled.extend(run(engine, orders.partitions(), OrderSettlement(settlement.clone()), opening)?);
    settled.extend(run(engine, payments.partitions(), PaymentSettlement(settlement), opening)?);
    Ok(Settled(Arc::new(settled)))
}

/// Runs a process on every partition of its stream.
fn run<P: Process>(
    engine: &Engine,
    partitions: u32,
    process: P,
    opening: &mut Opening<'_>,
) -> anyhow::Result<Vec<(Partition, watch::Receiver<u64>)>> {
    let (name, process) = (process.name(), Arc::new(process));
    let codec = Arc::new(StreamCodec::new(P::Source::STREAM, &engine.schemas)?);
    let mut positions = Vec::new();
    for index in 0..partitions {
        let partition = Partition::new(P::Source::STREAM, index);
        let (position, reached) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let runner = ProcessRunner {
            process: Arc::clone(&process),
            log: Arc::clone(&engine.log),
            checkpoints: Arc::clone(&engine.checkpoints),
            codec: Arc::clone(&codec),
            partition: partition.clone(),
            options: ProcessOptions::default(),
            position,
            stop: stopped,
        };
        let mut stopping = opening.lifecycle.stopping(Stage::Work);
        opening.lifecycle.spawn(Stage::Work, name, async move {
            tokio::spawn(async move {
                stopping.wait().await;
                stop.send_replace(true);
            });
            runner.run().await
        });
        positions.push((partition, reached));
    }
    readiness::of_process(engine, name, &positions, opening.health)?;
    Ok(positions)
}
