//! A log of which some records cannot be read as events, until that is put right.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chimera_log::{
    ClaimError, EventLog, MemoryLog, Ownership, Partition, RawBatch, ReadError, Reader, StreamSpec,
    Writer,
};
use tokio::sync::watch;

type Places = Arc<Mutex<BTreeSet<(Partition, u64)>>>;

/// Garbles what stands in some places.
pub(crate) struct Garbling {
    log: Arc<MemoryLog>,
    places: Places,
}

struct GarblingReader {
    reader: Box<dyn Reader>,
    partition: Partition,
    places: Places,
}

impl Garbling {
    pub(crate) fn at(
        log: &Arc<MemoryLog>,
        places: impl IntoIterator<Item = (Partition, u64)>,
    ) -> Arc<Self> {
        let places = Arc::new(Mutex::new(places.into_iter().collect()));
        Arc::new(Self { log: log.clone(), places })
    }

    /// Garbles nothing any more.
    pub(crate) fn fix(&self) {
        self.places.lock().unwrap().clear();
    }
}

#[async_trait]
impl Reader for GarblingReader {
    async fn next(&mut self) -> Result<RawBatch, ReadError> {
        let mut batch = self.reader.next().await?;
        let places = self.places.lock().unwrap();
        for record in &mut batch.records {
            if places.contains(&(self.partition.clone(), record.sequence)) {
                record.value = record.value.slice(..5);
            }
        }
        Ok(batch)
    }

    fn position(&self) -> u64 {
        self.reader.position()
    }
}

impl EventLog for Garbling {
    fn ensure_streams(&self, streams: &[StreamSpec]) -> Result<(), ClaimError> {
        self.log.ensure_streams(streams)
    }

    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        self.log.streams()
    }

    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        self.log.claim(partition)
    }

    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        let reader = self.log.read(partition, from)?;
        let (partition, places) = (partition.clone(), self.places.clone());
        Ok(Box::new(GarblingReader { reader, partition, places }))
    }

    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        self.log.high_watermark(partition)
    }

    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.log.ownership()
    }
}
