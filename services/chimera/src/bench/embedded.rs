//! Closed-loop clients, each taking orders of 3–5 lines through place → confirm → pay → ship, in-process through the router.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_domain::aggregate::Aggregate;
use chimera_domain::ids::{CustomerId, OrderId, ProductId};
use chimera_domain::money::{Amount, Currency, Money};
use chimera_domain::order::{
    Address, Asker, Charges, Command, LineRequest, Order, PaymentMethod, Placing,
};
use chimera_domain::product::Offer;
use chimera_engine::Router;
use chimera_engine::metric_names::APPEND_BATCH_EVENTS;
use chimera_log_embedded::EmbeddedLog;
use fastrand::Rng;
use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use metrics_exporter_prometheus::PrometheusHandle;

use super::Options;
use super::hot_product::{rate, request};
use super::report::Latency;

const WARM_UP: Duration = Duration::from_secs(1);

/// What the shards did, to be put beside the bare log.
pub(super) struct Measured {
    pub(super) commands_per_second: u64,
    pub(super) latency: Latency,
    pub(super) event_bytes: u64,
    pub(super) batch_events: f64,
}

pub(super) async fn measure(
    log: &EmbeddedLog,
    orders: &Router<Order>,
    options: Options,
    metrics: &PrometheusHandle,
) -> anyhow::Result<Measured> {
    let begin = Instant::now() + WARM_UP;
    let end = begin + Duration::from_secs(options.seconds);
    let before = size(log);
    let clients = (0..options.clients).map(|client| {
        let orders = orders.clone();
        tokio::spawn(async move { work(&orders, client, begin, end).await })
    });
    let mut latencies = Histogram::<u64>::new(3)?;
    for client in try_join_all(clients).await? {
        latencies.add(client?)?;
    }
    let after = size(log);
    let (events, bytes) = (after.0 - before.0, after.1 - before.1);
    Ok(Measured {
        commands_per_second: rate(latencies.len(), Duration::from_secs(options.seconds)),
        latency: Latency::of(&latencies),
        event_bytes: bytes / events.max(1),
        batch_events: batch_events(metrics),
    })
}

/// Events and bytes of the order stream.
fn size(log: &EmbeddedLog) -> (u64, u64) {
    let sizes = log.sizes();
    let orders = sizes.iter().filter(|status| &*status.partition.stream == Order::STREAM);
    orders.fold((0, 0), |(events, bytes), status| {
        (events + status.last_sequence, bytes + status.bytes)
    })
}

/// Events of one append to the order stream, on average.
fn batch_events(metrics: &PrometheusHandle) -> f64 {
    let text = metrics.render();
    let figure = |suffix: &str| {
        let name = format!("{APPEND_BATCH_EVENTS}_{suffix}{{");
        let of_orders = |line: &&str| line.starts_with(&name) && line.contains(Order::STREAM);
        text.lines().find(of_orders)?.rsplit(' ').next()?.parse::<f64>().ok()
    };
    match (figure("sum"), figure("count")) {
        (Some(sum), Some(count)) if count > 0.0 => sum / count,
        (Some(_) | None, Some(_) | None) => 1.0,
    }
}

/// Takes orders through until `end`; the latencies of commands answered after `begin`.
async fn work(
    orders: &Router<Order>,
    client: usize,
    begin: Instant,
    end: Instant,
) -> anyhow::Result<Histogram<u64>> {
    let mut latencies = Histogram::new(3)?;
    let mut rng = Rng::with_seed(client as u64);
    let cause: Arc<str> = "bench".into();
    for number in 0_u64.. {
        let order = OrderId::try_from(format!("bench-{client}-{number}").as_str())?;
        for command in commands(&order, &mut rng)? {
            let sent = Instant::now();
            if sent >= end {
                return Ok(latencies);
            }
            orders.execute(request(order.as_key(), command, &cause)).await?;
            if sent >= begin {
                latencies.record(u64::try_from(sent.elapsed().as_micros())?)?;
            }
        }
    }
    Ok(latencies)
}

pub(super) fn commands(order: &OrderId, rng: &mut Rng) -> anyhow::Result<[Command; 5]> {
    let payment_id = format!("{order}-1");
    Ok([
        place(rng)?,
        Command::Confirm,
        Command::RequestPayment {
            order: order.clone(),
            by: Asker::Shop,
            method: PaymentMethod::Card,
            token: "tok_approve".to_owned(),
        },
        Command::RecordPaid { payment_id },
        Command::Ship { carrier: Some("bench".to_owned()), tracking_number: None },
    ])
}

pub(super) fn place(rng: &mut Rng) -> anyhow::Result<Command> {
    let mut lines = Vec::new();
    for _ in 0..rng.u32(3..=5) {
        let number = rng.u32(0..2_000);
        let offer = Offer {
            title: format!("The product of the number {number}"),
            price: Money {
                amount: Amount::from_ten_thousandths(rng.i64(10_000..500_000)),
                currency: Currency::GBP,
            },
            stock_tracked: true,
            discontinued: false,
        };
        lines.push(LineRequest {
            product: ProductId::try_from(format!("BOOK-{number}").as_str())?,
            quantity: rng.u32(1..4),
            offer: Some(offer),
            price_override: None,
        });
    }
    let country = "United Kingdom".to_owned();
    Ok(Command::Place(Box::new(Placing {
        customer: CustomerId::try_from(format!("customer-{}", rng.u32(0..500)).as_str())?,
        lines,
        currency: Currency::GBP,
        charges: Charges::default(),
        shipping_address: Address { country, ..Address::default() },
        may_override_prices: false,
        payment_window: None,
    })))
}
