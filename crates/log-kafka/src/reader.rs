//! A position in a partition. At the end of the log it takes what this process has in memory; further back it owns a thread
//! that feeds it from Kafka.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use chimera_log::{Partition, RawBatch, ReadError, Reader};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::timeout;

use crate::cluster::Cluster;
use crate::error::unread;
use crate::feed::{Feed, Told};
use crate::probe::Place;
use crate::tail::AtTail;

/// Batches that wait for the reader.
const AHEAD: usize = 1;
/// How long a record that is known to be in the log may take to come by the follower.
const LATE: Duration = Duration::from_millis(100);

/// Kafka's [`Reader`].
pub(crate) struct KafkaReader {
    cluster: Arc<Cluster>,
    partition: Partition,
    place: Place,
    position: u64,
    tail: AtTail,
    /// While it is behind.
    fed: Option<Receiver<Told>>,
}

#[async_trait]
impl Reader for KafkaReader {
    async fn next(&mut self) -> Result<RawBatch, ReadError> {
        loop {
            if self.fed.is_some() && self.tail.is_level(self.position) {
                self.fed = None;
            }
            if let Some(fed) = &mut self.fed {
                // Waiting does not take: whoever drops this future finds the feed where it was.
                let told = fed.recv().await;
                return self.take(told);
            }
            let end = self.tail.end();
            if let Some(batch) = self.tail.from(self.position) {
                self.position += batch.records.len() as u64;
                return Ok(batch);
            }
            if self.position > end {
                self.tail.moved().await;
                continue;
            }
            let comes =
                self.tail.awaits(self.position) && timeout(LATE, self.tail.moved()).await.is_ok();
            if !comes {
                self.fed = Some(self.feed()?);
            }
        }
    }

    fn position(&self) -> u64 {
        self.position
    }
}

impl KafkaReader {
    pub(crate) fn new(
        cluster: Arc<Cluster>,
        partition: Partition,
        place: Place,
        from: u64,
        tail: AtTail,
    ) -> Self {
        Self { cluster, partition, place, position: from.max(1), tail, fed: None }
    }

    fn take(&mut self, told: Option<Told>) -> Result<RawBatch, ReadError> {
        match told {
            Some(Ok(batch)) => {
                self.position += batch.records.len() as u64;
                Ok(batch)
            }
            Some(Err(error)) => {
                self.fed = None;
                Err(error)
            }
            None => {
                self.fed = None;
                Err(unread(&self.partition, &"the reading thread has ended; read again"))
            }
        }
    }

    fn feed(&self) -> Result<Receiver<Told>, ReadError> {
        let (reader, told) = mpsc::channel(AHEAD);
        let feed = Feed {
            cluster: self.cluster.clone(),
            partition: self.partition.clone(),
            place: self.place.clone(),
            next: self.position,
            is_skipping: true,
        };
        let named = thread::Builder::new().name(format!("read {}", self.partition));
        let started = named.spawn(move || feed.run(&reader));
        started.map_err(|error| unread(&self.partition, &error))?;
        Ok(told)
    }
}
