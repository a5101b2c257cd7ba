//! What the appenders were told, held against what a reader of the log finds. Reads as any consumer would: committed
//! records alone, without a detour through a proxy.

use std::collections::BTreeMap;
use std::time::Duration;

use chimera_log::{EventLog, Partition};
use chimera_log_kafka::{KafkaLog, KafkaSettings};

use crate::program::{PATIENCE, soon};

/// An event as it stands in the log.
struct Found {
    sequence: u64,
    id: String,
    index: usize,
    count: usize,
    term: u64,
}

/// What was acknowledged: each command with the sequences of its append.
#[derive(Default)]
pub(crate) struct Ledger {
    acknowledged: BTreeMap<String, Option<(u64, u64, u64)>>,
    appends: usize,
    doubts: usize,
    found: usize,
}

impl Ledger {
    /// Adds what an appender said.
    #[track_caller]
    pub(crate) fn hear(&mut self, said: &[String]) {
        for line in said {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["appended", first, last, term, ids] => {
                    let [first, last, term] = [first, last, term].map(|n| n.parse().unwrap());
                    self.appends += 1;
                    self.acknowledge(ids, Some((first, last, term)));
                }
                ["found", ids] => {
                    self.found += 1;
                    self.acknowledge(ids, None);
                }
                ["failed", "open", ..] => self.doubts += 1,
                ["failed" | "claimed", ..] => {}
                _ => panic!("{line}"),
            }
        }
    }

    #[track_caller]
    fn acknowledge(&mut self, ids: &str, place: Option<(u64, u64, u64)>) {
        for id in ids.split(',') {
            let before = self.acknowledged.insert(id.to_owned(), place);
            assert!(before.is_none(), "{id} was acknowledged twice");
        }
    }

    /// What there was, for whoever reads the output of the test.
    #[expect(clippy::print_stderr, reason = "figures of a run")]
    pub(crate) fn report(&self, what: &str) {
        let Self { acknowledged, appends, doubts, found } = self;
        let commands = acknowledged.len();
        eprintln!(
            "{what}: {commands} commands in {appends} appends, {doubts} in doubt, {found} of them there"
        );
    }

    /// Everything acknowledged is there, once, in order, whole; terms never fall. Returns the last sequence.
    #[track_caller]
    pub(crate) fn is_in(&self, brokers: &str, prefix: &str, replication: i32) -> u64 {
        let events = read(brokers, prefix, replication);
        let mut commands: BTreeMap<&str, &Found> = BTreeMap::new();
        let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut term, mut open) = (0, None::<(&str, usize)>);
        for (sequence, event) in (1..).zip(&events) {
            assert_eq!(event.sequence, sequence, "the sequences have a gap");
            assert!(event.term >= term, "{} of term {} is after {term}", event.id, event.term);
            term = event.term;
            if event.index == 0 {
                assert_eq!(open, None, "{} begins within another command", event.id);
                assert!(commands.insert(&event.id, event).is_none(), "{} is twice", event.id);
                let (name, number) = event.id.rsplit_once('-').unwrap();
                let number = number.parse().unwrap();
                assert!(numbers.insert(name, number) < Some(number), "{} is late", event.id);
            } else {
                assert_eq!(open, Some((&*event.id, event.index)), "{} is torn", event.id);
            }
            open = Some((&*event.id, event.index + 1)).filter(|(_, next)| *next < event.count);
        }
        assert_eq!(open, None, "the last command is torn");
        for (id, place) in &self.acknowledged {
            let event = commands.get(&**id);
            let event = event.unwrap_or_else(|| panic!("{id} was acknowledged and is lost"));
            if let Some((first, last, term)) = *place {
                let end = event.sequence + event.count as u64 - 1;
                assert!(first <= event.sequence && end <= last, "{id} is not where it was said");
                assert_eq!(event.term, term, "{id}");
            }
        }
        assert!(!self.acknowledged.is_empty(), "nothing was appended");
        events.len() as u64
    }
}

/// The whole partition, after a claim of it, so that nothing more can come.
fn read(brokers: &str, prefix: &str, replication: i32) -> Vec<Found> {
    let settings = KafkaSettings {
        topic_prefix: format!("{prefix}."),
        replication,
        ..KafkaSettings::new(brokers, prefix)
    };
    let log = soon("the log", || KafkaLog::open(settings.clone()).ok());
    let partition = Partition::new("orders", 0);
    let end = soon("a claim", || log.claim(&partition).ok()).next_sequence();
    let mut reader = log.read(&partition, 1).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut events = Vec::new();
    while reader.position() < end {
        let next = async { tokio::time::timeout(PATIENCE, reader.next()).await };
        let batch = runtime.block_on(next).unwrap().unwrap();
        for record in batch.records {
            events.push(found(record.sequence, &record.value));
        }
    }
    // Nothing more must come.
    let next = async { tokio::time::timeout(Duration::from_millis(50), reader.next()).await };
    assert!(runtime.block_on(next).is_err(), "there is more than there should be");
    events
}

fn found(sequence: u64, value: &[u8]) -> Found {
    let text = String::from_utf8_lossy(value);
    let mut words = text.splitn(5, ' ');
    let mut word = || words.next().unwrap();
    let (id, index, count, term) = (word().to_owned(), word(), word(), word());
    let [index, count] = [index, count].map(|number| number.parse().unwrap());
    Found { sequence, id, index, count, term: term.parse().unwrap() }
}
