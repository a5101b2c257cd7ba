//! Who has claimed each partition last, by the topic of terms: one thread follows it from its start for as long as the log is
//! open. Only committed claims count; of two the later term.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chimera_log::{Owner, Owners, Partition};
use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use tokio::sync::watch;

use crate::config;
use crate::headers;
use crate::probe::Place;
use crate::settings::KafkaSettings;
use crate::terms::OWNERSHIP;
use crate::voice::{Voice, Voiced};

/// How long the end of the log may wait until the thread notices.
const LOOK: Duration = Duration::from_millis(100);

/// The owners that are known.
pub(crate) struct Directory {
    owners: Arc<watch::Sender<Arc<Owners>>>,
    ended: Arc<AtomicBool>,
}

impl Directory {
    /// Follows the topic, which must exist.
    pub(crate) fn follow(settings: &KafkaSettings) -> KafkaResult<Self> {
        let place = Place { topic: settings.topic(OWNERSHIP), index: 0 };
        let consumer: Voiced = config::reader(settings).create_with_context(Voice)?;
        consumer.assign(&place.at(Offset::Beginning)?)?;
        let owners = Arc::new(watch::Sender::new(Arc::default()));
        let ended = Arc::new(AtomicBool::new(false));
        let (told, seen) = (Arc::clone(&owners), Arc::clone(&ended));
        let named = thread::Builder::new().name("owners".to_owned());
        let started = named.spawn(move || {
            while !seen.load(Ordering::Acquire) {
                match consumer.poll(LOOK) {
                    Some(Ok(message)) => note(&told, &message),
                    None | Some(Err(KafkaError::PartitionEOF(_))) => {}
                    Some(Err(error)) => tracing::warn!(%error, "the owners cannot be read now"),
                }
            }
        });
        started.map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self { owners, ended })
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Owners>> {
        self.owners.subscribe()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
    }
}

fn note(owners: &watch::Sender<Arc<Owners>>, message: &BorrowedMessage<'_>) {
    let claim = headers::of(message);
    let partition = message.key().and_then(partition_of);
    let (Some(partition), Some(term), Some(address)) = (partition, claim.term, claim.address)
    else {
        // The first half of a claim.
        return;
    };
    owners.send_if_modified(|owners| {
        if owners.get(&partition).is_some_and(|known| known.term >= term) {
            return false;
        }
        Arc::make_mut(owners).insert(partition, Owner { address: address.into(), term });
        true
    });
}

/// `<stream>/<index>`.
fn partition_of(key: &[u8]) -> Option<Partition> {
    let (stream, index) = std::str::from_utf8(key).ok()?.rsplit_once('/')?;
    Some(Partition::new(stream, index.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_partition() {
        assert_eq!(partition_of(b"a.b/12"), Some(Partition::new("a.b", 12)));
        for wrong in [&b"a.b"[..], b"a.b/x", b"\xff/1"] {
            assert_eq!(partition_of(wrong), None);
        }
    }
}
