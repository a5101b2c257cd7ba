//! The log as a whole: the port, on a Kafka that is there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chimera_log::{
    ClaimError, EventLog, Owners, Ownership, Partition, ReadError, Reader, Share, StreamSpec,
    Whole, Writer,
};
use rdkafka::error::KafkaResult;
use tokio::sync::watch;

use crate::admin::Wanted;
use crate::bookmarks::KafkaBookmarks;
use crate::claim;
use crate::cluster::{Cluster, Streams};
use crate::control::{CONTROL, KafkaControl};
use crate::directory::Directory;
use crate::entrance::enter;
use crate::error::{OpenError, unclaimed, unread};
use crate::probe::Place;
use crate::reader::KafkaReader;
use crate::replicas::warn_of_fewer;
use crate::settings::KafkaSettings;
use crate::sharing::Sharing;
use crate::tail::{AtTail, Tail};
use crate::terms::OWNERSHIP;

/// Between two looks at what the cluster knows by now.
const PAUSE: Duration = Duration::from_millis(10);

/// An [`EventLog`] on Kafka.
pub struct KafkaLog {
    cluster: Arc<Cluster>,
    directory: Directory,
    sharing: Sharing,
}

impl KafkaLog {
    /// Connects, and creates the topics of terms and of decisions if they are missing.
    ///
    /// # Errors
    /// If Kafka does not answer, or refuses this process, or a setting is not valid.
    pub fn open(settings: KafkaSettings) -> Result<Self, OpenError> {
        let brokers = settings.brokers.clone();
        let failed = |reason: String| OpenError { brokers: brokers.clone(), reason };
        enter(&settings)?;
        let cluster = Cluster::connect(settings).map_err(|error| failed(error.to_string()))?;
        let own = [OWNERSHIP, CONTROL].map(|name| cluster.settings.topic(name));
        let topics = cluster.admin.topics().map_err(|error| failed(error.to_string()))?;
        cluster.admin.create_compacted(&topics, &own).map_err(failed)?;
        warn_of_fewer(&topics, &own, cluster.settings.replication);
        cluster.refresh().map_err(|error| failed(error.to_string()))?;
        let directory = Directory::follow(&cluster.settings);
        let directory = directory.map_err(|error| failed(error.to_string()))?;
        Ok(Self { cluster: Arc::new(cluster), directory, sharing: Sharing::default() })
    }

    /// Which Kafka this is: the id that it gave itself when it was formatted.
    ///
    /// # Errors
    /// If Kafka does not answer.
    pub fn cluster_id(&self) -> Result<String, OpenError> {
        let brokers = self.cluster.settings.brokers.clone();
        let reason = "it did not say which cluster it is".to_owned();
        self.cluster.admin.cluster_id().ok_or(OpenError { brokers, reason })
    }

    /// Deletes every topic under this log's prefix, with all that is in it: for what measures or tests under a prefix of its
    /// own. Nothing may use the log afterwards.
    ///
    /// # Errors
    /// If the log has no prefix, since then every topic would be gone; or if Kafka does not delete them.
    pub fn delete_topics(&self) -> Result<(), OpenError> {
        let settings = &self.cluster.settings;
        let failed = |reason: String| OpenError { brokers: settings.brokers.clone(), reason };
        if settings.topic_prefix.is_empty() {
            return Err(failed("a log without a topic prefix is never deleted".to_owned()));
        }
        let topics = self.cluster.admin.topics().map_err(|error| failed(error.to_string()))?;
        let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
        let ours: Vec<&str> =
            names.into_iter().filter(|name| name.starts_with(&settings.topic_prefix)).collect();
        self.cluster.admin.delete(&ours).map_err(failed)
    }

    /// How far named readers have come, kept as the committed offsets of groups.
    #[must_use]
    pub fn bookmarks(&self) -> KafkaBookmarks {
        KafkaBookmarks::new(Arc::clone(&self.cluster))
    }

    /// What operators have decided: the topic is read, and followed.
    ///
    /// # Errors
    /// If Kafka does not answer or refuses.
    pub fn control(&self) -> Result<KafkaControl, OpenError> {
        let brokers = self.cluster.settings.brokers.clone();
        KafkaControl::follow(&self.cluster)
            .map_err(|error| OpenError { brokers, reason: format!("its control topic: {error}") })
    }

    fn create(&self, topics: &[(String, u32)]) -> Result<(), String> {
        let mut wanted = Vec::new();
        for (topic, partitions) in topics {
            wanted.push(Wanted { topic, partitions: *partitions, compacted: false });
        }
        self.cluster.admin.create(&wanted)
    }

    /// The streams that are there, as soon as these are among them: not every broker hears of a new topic at once.
    fn with(&self, streams: &[StreamSpec]) -> KafkaResult<Streams> {
        let deadline = Instant::now() + self.cluster.settings.deadlines.request;
        loop {
            let present = self.cluster.refresh()?;
            let all = streams.iter().all(|stream| present.contains_key(&stream.name));
            if all || Instant::now() >= deadline {
                return Ok(present);
            }
            thread::sleep(PAUSE);
        }
    }

    /// Of every stream, also of one just created: somebody else may have been quicker.
    fn check(&self, stream: &StreamSpec, present: &Streams) -> Result<(), String> {
        if is_missing(stream, present)? {
            return Err("its topic was created and is gone again".to_owned());
        }
        self.cluster.admin.check_kept(&self.cluster.settings.topic(&stream.name))
    }

    fn warn_of_fewer_replicas(&self, streams: &[StreamSpec]) {
        let settings = &self.cluster.settings;
        let names: Vec<String> =
            streams.iter().map(|stream| settings.topic(&stream.name)).collect();
        match self.cluster.admin.topics() {
            Ok(topics) => warn_of_fewer(&topics, &names, settings.replication),
            Err(error) => tracing::warn!(%error, "Kafka does not say how many replicas there are"),
        }
    }

    fn place(&self, partition: &Partition) -> Result<Place, ReadError> {
        let place = self.cluster.place(partition).map_err(|error| unread(partition, &error))?;
        place.ok_or_else(|| ReadError::UnknownPartition(partition.clone()))
    }

    /// The end of a partition, which is followed from now on.
    fn tail(&self, partition: &Partition) -> Result<(Place, Arc<Tail>), ReadError> {
        let place = self.place(partition)?;
        let look = || self.cluster.committed.ask(|probe| probe.last(&place));
        let tail = self.cluster.tails.followed(partition, &place, look);
        tail.map(|tail| (place, tail)).map_err(|error| unread(partition, &error))
    }
}

impl EventLog for KafkaLog {
    fn ensure_streams(&self, streams: &[StreamSpec]) -> Result<(), ClaimError> {
        let whole = |reason: String| refused(streams.first(), &reason);
        let present = self.cluster.refresh().map_err(|error| whole(error.to_string()))?;
        let mut topics = Vec::new();
        for stream in streams {
            let missing = is_missing(stream, &present);
            if missing.map_err(|reason| refused(Some(stream), &reason))? {
                topics.push((self.cluster.settings.topic(&stream.name), stream.partitions));
            }
        }
        self.create(&topics).map_err(whole)?;
        let present = self.with(streams).map_err(|error| whole(error.to_string()))?;
        for stream in streams {
            let checked = self.check(stream, &present);
            checked.map_err(|reason| refused(Some(stream), &reason))?;
        }
        self.warn_of_fewer_replicas(streams);
        Ok(())
    }

    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        let known = self.cluster.refresh();
        let known = known.map_err(|error| unread(&Partition::new("", 0), &error))?;
        Ok(known.into_iter().map(|(name, partitions)| StreamSpec { name, partitions }).collect())
    }

    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        let place = self.cluster.place(partition).map_err(|error| unclaimed(partition, &error))?;
        let place = place.ok_or_else(|| ClaimError::UnknownPartition(partition.clone()))?;
        Ok(Box::new(claim::claim(&self.cluster, partition, place)?))
    }

    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        let (place, tail) = self.tail(partition)?;
        let (cluster, partition) = (Arc::clone(&self.cluster), partition.clone());
        Ok(Box::new(KafkaReader::new(cluster, partition, place, from, AtTail::of(tail))))
    }

    fn settings(&self, stream: &str) -> Result<BTreeMap<String, String>, ReadError> {
        let set = self.cluster.admin.own_settings(&self.cluster.settings.topic(stream));
        set.map_err(|error| unread(&Partition::new(stream, 0), &error))
    }

    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        Ok(self.tail(partition)?.1.watch())
    }

    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.cluster.owned.subscribe()
    }

    fn owners(&self) -> watch::Receiver<Arc<Owners>> {
        self.directory.subscribe()
    }

    fn still_given(&self, partition: &Partition) -> bool {
        self.cluster.owned.confirm(partition)
    }

    fn leave(&self) -> bool {
        self.cluster.owned.leave()
    }

    fn share(&self, group: &str, streams: &[&str]) -> Result<Arc<dyn Share>, ReadError> {
        let Some(membership) = &self.cluster.settings.membership else {
            return Ok(Arc::new(Whole::of(&self.streams()?, streams)?));
        };
        let mut topics = Vec::with_capacity(streams.len());
        for stream in streams {
            topics.push(self.place(&Partition::new(stream, 0))?.topic);
        }
        let joined = self.sharing.join(&self.cluster, membership, group, &topics);
        joined.map_err(|error| unread(&Partition::new("", 0), &error))
    }
}

/// Whether the stream is to be created.
///
/// # Errors
/// If it is there and has another partition count.
pub(crate) fn is_missing(stream: &StreamSpec, present: &Streams) -> Result<bool, String> {
    if stream.partitions == 0 {
        return Err("a stream has at least one partition".to_owned());
    }
    match present.get(&stream.name) {
        None => Ok(true),
        Some(count) if *count == stream.partitions => Ok(false),
        Some(count) => Err(format!(
            "its topic has {count} partitions and {} were asked for; the count never changes, for \
             keys would move: ask for {count}, or give the topic another prefix and import into it",
            stream.partitions
        )),
    }
}

fn refused(stream: Option<&StreamSpec>, reason: &str) -> ClaimError {
    unclaimed(&Partition::new(stream.map_or("", |stream| &*stream.name), 0), &reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_partition_count_is_refused_in_words() {
        let present = Streams::from([("orders".into(), 12)]);
        let asked = |name: &str, partitions| StreamSpec { name: name.into(), partitions };
        assert_eq!(is_missing(&asked("orders", 12), &present), Ok(false));
        assert_eq!(is_missing(&asked("carts", 4), &present), Ok(true));
        assert!(is_missing(&asked("carts", 0), &present).is_err());
        let refused = is_missing(&asked("orders", 4), &present);
        assert!(refused.is_err_and(|reason| reason.contains("12 partitions and 4")));
    }
}
