//! How far named readers have come, as the committed offsets of groups without members, so that any process can go on.
//!
//! The sequence stands in the metadata; it alone counts. The offset is at most that of the record, never beyond it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chimera_log::{Bookmarks, Partition};
use rdkafka::Offset;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::cluster::Cluster;
use crate::config;
use crate::voice::{Voice, Voiced};

/// Kafka's [`Bookmarks`].
#[derive(Clone)]
pub struct KafkaBookmarks {
    cluster: Arc<Cluster>,
    /// A connection a reader.
    readers: Arc<Mutex<HashMap<String, Arc<Voiced>>>>,
}

impl KafkaBookmarks {
    pub(crate) fn new(cluster: Arc<Cluster>) -> Self {
        Self { cluster, readers: Arc::default() }
    }

    fn reader(&self, reader: &str) -> KafkaResult<Arc<Voiced>> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(consumer) = readers.get(reader) {
            return Ok(Arc::clone(consumer));
        }
        let group = self.cluster.group(reader);
        let config = config::bookmark(&self.cluster.settings, &group);
        let consumer: Arc<Voiced> = Arc::new(config.create_with_context(Voice)?);
        readers.insert(reader.to_owned(), Arc::clone(&consumer));
        Ok(consumer)
    }

    /// Asks or commits off the runtime's threads: librdkafka's calls block.
    async fn ask<T: Send + 'static>(
        &self,
        reader: &str,
        partition: &Partition,
        question: impl FnOnce(&Voiced, &str, i32, &Cluster) -> KafkaResult<T> + Send + 'static,
    ) -> Result<T, String> {
        let (bookmarks, reader, partition) = (self.clone(), reader.to_owned(), partition.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let consumer = bookmarks.reader(&reader).map_err(|error| error.to_string())?;
            let topic = bookmarks.cluster.settings.topic(&partition.stream);
            let index = i32::try_from(partition.index).map_err(|error| error.to_string())?;
            question(&consumer, &topic, index, &bookmarks.cluster)
                .map_err(|error| format!("Kafka and the position of {reader}: {error}"))
        });
        asked.await.map_err(|error| error.to_string())?
    }
}

#[async_trait]
impl Bookmarks for KafkaBookmarks {
    async fn find(&self, reader: &str, partition: &Partition) -> Result<u64, String> {
        self.ask(reader, partition, |consumer, topic, index, cluster| {
            let mut place = TopicPartitionList::with_capacity(1);
            place.add_partition(topic, index);
            let found = consumer.committed_offsets(place, cluster.settings.deadlines.request)?;
            let kept = found.elements().first().and_then(|kept| kept.metadata().parse().ok());
            Ok(kept.unwrap_or(0))
        })
        .await
    }

    async fn keep(&self, reader: &str, partition: &Partition, sequence: u64) -> Result<(), String> {
        self.ask(reader, partition, move |consumer, topic, index, _| {
            let mut place = TopicPartitionList::with_capacity(1);
            let offset = i64::try_from(sequence).unwrap_or(i64::MAX);
            place.add_partition_offset(topic, index, Offset::Offset(offset))?;
            if let Some(mut kept) = place.find_partition(topic, index) {
                kept.set_metadata(sequence.to_string());
            }
            consumer.commit(&place, CommitMode::Sync)
        })
        .await
    }
}
