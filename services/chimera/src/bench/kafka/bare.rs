//! The ceiling: closed-loop clients on the writers alone. Records that the shards have written, appended again; nothing is
//! decided and nothing encoded.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_log::{Batch, Entry, EventLog, Partition, RawRecord, Writer};
use futures_util::future::try_join_all;
use tokio::sync::{mpsc, oneshot};

use super::{BARE, Measured, PARTITIONS, Window};

const SAMPLE: usize = 500;
const QUEUE: usize = 16_384;

/// An entry, and who waits until it is in the log.
type Job = (Entry, oneshot::Sender<()>);

/// Records of orders, as the shards have written them.
pub(super) async fn sample(log: &dyn EventLog) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for index in 0..PARTITIONS {
        let partition = Partition::new(Order::STREAM, index);
        let end = *log.high_watermark(&partition)?.borrow();
        let mut reader = log.read(&partition, 1)?;
        while entries.len() < SAMPLE && reader.position() <= end {
            for record in reader.next().await?.records {
                entries.push(entry(&record)?);
            }
        }
    }
    if entries.is_empty() {
        return Err(anyhow!("the shards have written nothing that could be appended again"));
    }
    Ok(entries)
}

fn entry(record: &RawRecord) -> anyhow::Result<Entry> {
    Ok(Entry {
        key: std::str::from_utf8(&record.key)?.into(),
        event_type: std::str::from_utf8(&record.event_type)?.into(),
        traceparent: None,
        value: record.value.to_vec(),
    })
}

pub(super) async fn measure(
    log: &Arc<impl EventLog + 'static>,
    records: &[Entry],
    window: Window,
) -> anyhow::Result<Measured> {
    let mut writers = Vec::new();
    let mut queues = Vec::new();
    for index in 0..PARTITIONS {
        let (log, (queue, jobs)) = (Arc::clone(log), mpsc::channel(QUEUE));
        let claim = move || log.claim(&Partition::new(BARE, index));
        let writer = tokio::task::spawn_blocking(claim).await??;
        writers.push(thread::spawn(move || write(writer, jobs)));
        queues.push(queue);
    }
    let records: Arc<[Entry]> = records.into();
    // Claiming takes its time; the window begins now.
    let window = window.anew();
    let clients = (0..window.clients).map(|client| {
        let (queue, records) = (queues[client % queues.len()].clone(), Arc::clone(&records));
        tokio::spawn(async move { work(queue, &records, client, window).await })
    });
    let clients: Vec<_> = clients.collect();
    drop(queues);
    let mut latencies = Vec::new();
    for client in try_join_all(clients).await? {
        latencies.append(&mut client?);
    }
    for writer in writers {
        writer.join().map_err(|_| anyhow!("a writer of the ceiling broke off"))??;
    }
    window.measured(latencies)
}

/// Appends what has come while the append before ran.
fn write(mut writer: Box<dyn Writer>, mut jobs: mpsc::Receiver<Job>) -> anyhow::Result<()> {
    while let Some(first) = jobs.blocking_recv() {
        let (mut batch, mut waiting) = (Batch::default(), Vec::new());
        let mut next = Some(first);
        while let Some((entry, done)) = next {
            batch.push_command([entry]);
            waiting.push(done);
            next = jobs.try_recv().ok();
        }
        writer.append(batch)?;
        for done in waiting {
            let _ = done.send(());
        }
    }
    Ok(())
}

async fn work(
    queue: mpsc::Sender<Job>,
    records: &[Entry],
    client: usize,
    window: Window,
) -> anyhow::Result<Vec<u32>> {
    let mut latencies = Vec::new();
    for record in records.iter().cycle().skip(client % records.len()) {
        let sent = Instant::now();
        if sent >= window.end {
            break;
        }
        let (done, appended) = oneshot::channel();
        queue.send((record.clone(), done)).await.context("a writer of the ceiling has ended")?;
        appended.await.context("an append of the ceiling failed")?;
        window.note(sent, &mut latencies);
    }
    Ok(latencies)
}
