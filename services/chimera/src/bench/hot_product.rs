//! Many clients, one product, fewer units than wanted: exactly what is there is sold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chimera_domain::ids::OrderId;
use chimera_domain::stock::{AdjustmentReason, Command, Stock};
use chimera_engine::{CommandId, Failure, Origin, Request, Router};
use futures_util::future::try_join_all;
use hdrhistogram::Histogram;

use super::Options;
use super::report::{HotProduct, Latency};

/// On the shelf.
const UNITS: u64 = 10_000;
/// Wanted, one unit each.
const WANTED: u64 = 15_000;

/// A command from nobody in particular.
pub(super) fn request<A: chimera_domain::aggregate::Aggregate>(
    key: &Arc<str>,
    command: A::Command,
    cause: &Arc<str>,
) -> Request<A> {
    Request {
        key: Arc::clone(key),
        command,
        id: CommandId::unique(),
        origin: Origin {
            correlation_id: Arc::clone(cause),
            causation_id: Arc::clone(cause),
            traceparent: None,
            actor: None,
            occurred_at: None,
        },
    }
}

pub(super) async fn measure(stock: &Router<Stock>, options: Options) -> anyhow::Result<HotProduct> {
    let key: Arc<str> = "HOT".into();
    let cause: Arc<str> = "bench".into();
    let stock_up = Command::Adjust {
        delta: UNITS.cast_signed(),
        reason: AdjustmentReason::Received,
        reorder_level: None,
        reference: None,
    };
    stock.execute(request(&key, stock_up, &cause)).await?;
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let clients = (0..options.clients).map(|_| {
        let (stock, next) = (stock.clone(), Arc::clone(&next));
        tokio::spawn(buy(stock, next, started))
    });
    let mut latencies = Histogram::<u64>::new(3)?;
    let (mut sold, mut sold_out) = (0, Duration::ZERO);
    for bought in try_join_all(clients).await? {
        let bought = bought?;
        sold += bought.sold;
        sold_out = sold_out.max(bought.last_sale);
        latencies.add(bought.latencies)?;
    }
    let elapsed = started.elapsed();
    let current = stock.read(&key).await?;
    Ok(HotProduct {
        clients: options.clients,
        units: UNITS,
        sold,
        held: current.state.balance().reserved.unsigned_abs(),
        reservations_per_second: rate(WANTED, elapsed),
        sold_per_second: rate(sold, sold_out),
        latency: Latency::of(&latencies),
    })
}

/// Whole things a second.
pub(super) fn rate(count: u64, elapsed: Duration) -> u64 {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000_000) / micros
}

/// What one client got.
struct Bought {
    sold: u64,
    last_sale: Duration,
    latencies: Histogram<u64>,
}

async fn buy(
    stock: Router<Stock>,
    next: Arc<AtomicU64>,
    started: Instant,
) -> anyhow::Result<Bought> {
    let (key, cause): (Arc<str>, Arc<str>) = ("HOT".into(), "bench".into());
    let latencies = Histogram::new(3)?;
    let mut bought = Bought { sold: 0, last_sale: Duration::ZERO, latencies };
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= WANTED {
            return Ok(bought);
        }
        let order = OrderId::try_from(format!("hot-{number}").as_str())?;
        let sent = Instant::now();
        let answer =
            stock.execute(request(&key, Command::Reserve { order, quantity: 1 }, &cause)).await;
        bought.latencies.record(u64::try_from(sent.elapsed().as_micros())?)?;
        match answer {
            Ok(_) => {
                bought.sold += 1;
                bought.last_sale = started.elapsed();
            }
            Err(Failure::Refused(_)) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
}
