//! What the log, its writers and its readers share: settings, connections to ask with, and the streams that are known.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chimera_log::Partition;
use rdkafka::error::KafkaResult;

use crate::admin::Admin;
use crate::config::{self, Isolation};
use crate::ownership::Owned;
use crate::probe::{Place, Probes};
use crate::settings::KafkaSettings;
use crate::tails::Tails;
use crate::turns::Turns;

/// Streams by name, with their partition counts.
pub(crate) type Streams = BTreeMap<Arc<str>, u32>;

/// One Kafka, as one log uses it.
pub(crate) struct Cluster {
    pub(crate) settings: KafkaSettings,
    pub(crate) admin: Admin,
    pub(crate) committed: Probes,
    pub(crate) uncommitted: Probes,
    pub(crate) tails: Tails,
    pub(crate) turns: Turns,
    pub(crate) owned: Owned,
    streams: RwLock<Streams>,
}

impl Cluster {
    /// What the members of a group called so read.
    pub(crate) fn group(&self, reader: &str) -> String {
        format!("{}.{reader}", self.settings.cluster)
    }

    pub(crate) fn connect(settings: KafkaSettings) -> KafkaResult<Self> {
        let request: Duration = settings.deadlines.request;
        let probes = |isolation| Probes::new(config::probe(&settings, isolation), request);
        Ok(Self {
            admin: Admin::new(&settings)?,
            committed: probes(Isolation::Committed),
            uncommitted: probes(Isolation::Uncommitted),
            tails: Tails::new(config::reader(&settings)),
            turns: Turns::new(settings.transactions_at_once),
            owned: Owned::new(&settings)?,
            streams: RwLock::default(),
            settings,
        })
    }

    /// Asks which streams there are.
    pub(crate) fn refresh(&self) -> KafkaResult<Streams> {
        let mut streams = Streams::new();
        for topic in self.admin.topics()? {
            let Some(stream) = topic.name.strip_prefix(&self.settings.topic_prefix) else {
                continue;
            };
            // Topics of Kafka and of ours that hold no events.
            if !stream.starts_with('_') && !stream.starts_with("chimera.") {
                streams.insert(stream.into(), topic.partitions);
            }
        }
        *self.streams.write().unwrap_or_else(PoisonError::into_inner) = streams.clone();
        self.owned.know(&streams, &self.settings);
        Ok(streams)
    }

    /// At which offset one goes on who has everything up to `sequence`; `None` if Kafka does not say. Searches.
    pub(crate) fn offset_after(&self, partition: &Partition, sequence: u64) -> Option<i64> {
        let place = self.place(partition).ok().flatten()?;
        self.committed.ask(|probe| probe.offset_after(&place, sequence)).ok()
    }

    /// Where the partition is; `None` if there is no such one. Asks Kafka only about what is not known.
    pub(crate) fn place(&self, partition: &Partition) -> KafkaResult<Option<Place>> {
        let known = |streams: &Streams| {
            streams.get(&partition.stream).is_some_and(|count| partition.index < *count)
        };
        let is_known = known(&self.streams.read().unwrap_or_else(PoisonError::into_inner));
        if !is_known && !known(&self.refresh()?) {
            return Ok(None);
        }
        let topic = self.settings.topic(&partition.stream);
        Ok(i32::try_from(partition.index).ok().map(|index| Place { topic, index }))
    }
}
