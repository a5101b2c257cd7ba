//! A position in a partition. Owns the thread that feeds it, which begins with the first wait and anew after an error.

use std::sync::Arc;
use std::thread;

use async_trait::async_trait;
use chimera_log::{Partition, RawBatch, ReadError, Reader};
use tokio::sync::mpsc::{self, Receiver};

use crate::cluster::Cluster;
use crate::error::unread;
use crate::feed::{Feed, Told};
use crate::probe::Place;

/// Batches that wait for the reader.
const AHEAD: usize = 2;

/// Kafka's [`Reader`].
pub(crate) struct KafkaReader {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) partition: Partition,
    pub(crate) place: Place,
    pub(crate) position: u64,
    pub(crate) fed: Option<Receiver<Told>>,
}

#[async_trait]
impl Reader for KafkaReader {
    async fn next(&mut self) -> Result<RawBatch, ReadError> {
        let fed = match self.fed.take() {
            Some(fed) => fed,
            None => self.begin()?,
        };
        // Waiting does not take: whoever drops this future finds the feed where it was.
        let fed = self.fed.insert(fed);
        let told = fed.recv().await;
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

    fn position(&self) -> u64 {
        self.position
    }
}

impl KafkaReader {
    fn begin(&self) -> Result<Receiver<Told>, ReadError> {
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
