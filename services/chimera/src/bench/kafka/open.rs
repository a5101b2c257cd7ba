//! Orders at a fixed rate: when each is acknowledged, and when a read-committed consumer has its event. Both count from when
//! the command was due.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use chimera_domain::aggregate::Aggregate;
use chimera_domain::ids::OrderId;
use chimera_domain::order::Order;
use chimera_engine::Router;
use chimera_log::{EventLog, Partition, Reader};
use fastrand::Rng;
use futures_util::future::try_join_all;
use tokio::sync::mpsc;

use super::{Load, Measured, PARTITIONS, WARM_UP, closed};
use crate::bench::embedded::place;
use crate::bench::kafka_report::Open;

/// How the orders are named, before their number.
const NAME: &str = "open-";

/// When each order is due.
#[derive(Clone, Copy)]
struct Pace {
    start: Instant,
    between: Duration,
    /// Orders of the warm-up, which do not count.
    warm: u32,
    total: u32,
}

impl Pace {
    fn due(&self, number: u32) -> Instant {
        self.start + self.between * number
    }

    fn note(&self, number: u32, latencies: &mut Vec<u32>) {
        if number >= self.warm {
            let late = self.due(number).elapsed().as_micros();
            latencies.push(u32::try_from(late).unwrap_or(u32::MAX));
        }
    }
}

pub(super) async fn measure(
    log: &dyn EventLog,
    orders: &Router<Order>,
    load: &Load,
) -> anyhow::Result<Open> {
    let (numbers, seen) = mpsc::unbounded_channel();
    let mut followers = Vec::new();
    for index in 0..PARTITIONS {
        let partition = Partition::new(Order::STREAM, index);
        let from = *log.high_watermark(&partition)?.borrow() + 1;
        let reader = log.read(&partition, from)?;
        followers.push(tokio::spawn(follow(reader, numbers.clone())));
    }
    drop(numbers);
    let seconds = u32::try_from(load.seconds)?;
    let warm = load.rate * u32::try_from(WARM_UP.as_secs())?;
    let pace = Pace {
        start: Instant::now() + Duration::from_millis(500),
        between: Duration::from_secs(1) / load.rate.max(1),
        warm,
        total: warm + load.rate * seconds,
    };
    let acknowledged = tokio::spawn(send_all(orders.clone(), pace));
    let visible = watch(seen, pace).await?;
    let acknowledged = acknowledged.await??;
    for follower in followers {
        follower.abort();
    }
    let time = Duration::from_secs(load.seconds);
    let acknowledged = Measured::of(acknowledged, time)?;
    let visible = Measured::of(visible, time)?;
    Ok(Open {
        rate: load.rate,
        seconds: load.seconds,
        acknowledged: acknowledged.latency,
        visible: visible.latency,
    })
}

/// Sends on time from a thread of its own: timers of the runtime are no finer than a millisecond.
async fn send_all(orders: Router<Order>, pace: Pace) -> anyhow::Result<Vec<u32>> {
    let (tasks, mut spawned) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Handle::current();
    let sender = thread::spawn(move || {
        let mut rng = Rng::with_seed(1);
        for number in 0..pace.total {
            let order = OrderId::try_from(format!("{NAME}{number}").as_str())?;
            let request = closed::request(&order, 0, place(&mut rng)?);
            thread::sleep(pace.due(number).saturating_duration_since(Instant::now()));
            let orders = orders.clone();
            tasks.send(runtime.spawn(async move {
                let answer = orders.execute(request).await.map(|_| ());
                let mut latency = Vec::new();
                pace.note(number, &mut latency);
                answer.map(|()| latency)
            }))?;
        }
        anyhow::Ok(())
    });
    let mut running = Vec::new();
    while let Some(task) = spawned.recv().await {
        running.push(task);
    }
    sender.join().map_err(|_| anyhow!("the sender broke off"))??;
    let mut latencies = Vec::new();
    for answered in try_join_all(running).await? {
        latencies.append(&mut answered?);
    }
    Ok(latencies)
}

/// Tells the number of each order that it reads.
async fn follow(
    mut reader: Box<dyn Reader>,
    numbers: mpsc::UnboundedSender<u32>,
) -> anyhow::Result<()> {
    loop {
        for record in reader.next().await?.records {
            let key = std::str::from_utf8(&record.key)?;
            let number = key.strip_prefix(NAME).context("an order that is none of ours")?;
            numbers.send(number.parse()?)?;
        }
    }
}

/// Until every order has been seen.
async fn watch(mut seen: mpsc::UnboundedReceiver<u32>, pace: Pace) -> anyhow::Result<Vec<u32>> {
    let mut latencies = Vec::new();
    for _ in 0..pace.total {
        let number = seen.recv().await.context("a reader has ended")?;
        pace.note(number, &mut latencies);
    }
    Ok(latencies)
}
