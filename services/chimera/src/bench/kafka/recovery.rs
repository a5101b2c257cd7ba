//! How long a shard takes until it serves: from the log alone, and from a checkpoint of many aggregates.

use std::time::Instant;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::ids::OrderId;
use chimera_domain::order::Order;
use chimera_engine::Router;
use chimera_log::{EventLog, Partition, partition_of};
use fastrand::Rng;
use futures_util::future::try_join_all;

use super::{Bench, PARTITIONS, closed};
use crate::bench::embedded::place;
use crate::bench::kafka_report::{Recovery, Restart};

/// How many orders are placed at a time.
const CLIENTS: usize = 4_096;

/// One partition alone, without a checkpoint: claim included, one thread that folds.
pub(super) async fn without_checkpoint(bench: &Bench<'_>) -> anyhow::Result<Recovery> {
    let partition = Partition::new(Order::STREAM, 0);
    let events = *bench.log.high_watermark(&partition)?.borrow();
    let started = Instant::now();
    let shards = bench.start("without", 1).await?;
    let seconds = started.elapsed().as_secs_f64();
    shards.stop().await;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let events_per_second = events as f64 / seconds;
    Ok(Recovery { events, seconds, events_per_second })
}

/// Places the orders, stops, and starts again from the checkpoints.
pub(super) async fn with_checkpoint(
    bench: &Bench<'_>,
    aggregates: usize,
) -> anyhow::Result<Restart> {
    let filling = Instant::now();
    let shards = bench.start("with", PARTITIONS).await?;
    let clients = (0..CLIENTS)
        .map(|client| tokio::spawn(fill(shards.router(), (client..aggregates).step_by(CLIENTS))));
    for client in try_join_all(clients).await? {
        client?;
    }
    let fill_seconds = filling.elapsed().as_secs_f64();
    shards.stop().await;
    let started = Instant::now();
    let shards = bench.start("with", PARTITIONS).await?;
    let serving_seconds = started.elapsed().as_secs_f64();
    for index in 0..PARTITIONS {
        accept(&shards.router(), index).await?;
    }
    let accepted_seconds = started.elapsed().as_secs_f64();
    shards.stop().await;
    Ok(Restart { aggregates, fill_seconds, serving_seconds, accepted_seconds })
}

async fn fill(orders: Router<Order>, numbers: impl Iterator<Item = usize>) -> anyhow::Result<()> {
    for number in numbers {
        let order = OrderId::try_from(format!("fill-{number}").as_str())?;
        let placed = place(&mut Rng::with_seed(number as u64))?;
        orders.execute(closed::request(&order, 0, placed)).await?;
    }
    Ok(())
}

/// One command on the partition.
async fn accept(orders: &Router<Order>, index: u32) -> anyhow::Result<()> {
    for number in 0_u64.. {
        let name = format!("first-{number}");
        if partition_of(&name, PARTITIONS) == index {
            let order = OrderId::try_from(name.as_str())?;
            let placed = place(&mut Rng::with_seed(number))?;
            orders.execute(closed::request(&order, 0, placed)).await?;
            break;
        }
    }
    Ok(())
}
