//! A small data directory with a log that the rules have written, and the program run on it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::Path;
use std::process::{Command, Output};

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_domain::recorded::Recorded;
use chimera_domain::{order, payment, product, stock};
use chimera_log::{Batch, Entry, EventLog, Partition, StreamSpec};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};
use chimera_model::Change;
use chimera_model::testing::{Act, PARTITIONS, Shop};
use tempfile::TempDir;

const STREAMS: [&str; 4] = [
    product::Product::STREAM,
    stock::Stock::STREAM,
    order::Order::STREAM,
    payment::Payment::STREAM,
];

/// A history of a few hundred events, the same in every test.
pub fn history() -> Vec<Change> {
    let mut acts: Vec<Act> = Vec::new();
    let mut state = 42_u32;
    for _ in 0..3000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, what, which, many] = state.to_be_bytes();
        acts.push((what, which, many));
    }
    Shop::history(&acts)
}

/// A data directory whose log holds these changes.
pub fn data_with(changes: &[Change]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), changes);
    dir
}

/// Appends changes, in segments so small that there are several.
pub fn append(dir: &Path, changes: &[Change]) {
    let options =
        EmbeddedLogOptions { segment_bytes: 16 * 1024, chunk_bytes: 4096, max_bytes: None };
    let log = EmbeddedLog::open(dir.join("log"), options).unwrap();
    let specs = STREAMS.map(|name| StreamSpec { name: name.into(), partitions: PARTITIONS });
    log.ensure_streams(&specs).unwrap();
    for stream in STREAMS {
        for index in 0..PARTITIONS {
            let mut writer = log.claim(&Partition::new(stream, index)).unwrap();
            let of_partition = |c: &&Change| c.stream() == stream && c.partition() == index;
            for change in changes.iter().filter(of_partition) {
                let mut batch = Batch::default();
                batch.push_command([entry(change)]);
                writer.append(batch).unwrap();
            }
        }
    }
}

fn entry(change: &Change) -> Entry {
    Entry {
        key: change.key().clone(),
        event_type: change.event_type().into(),
        traceparent: None,
        value: match change {
            Change::Product(recorded) => encoded(product::Product::STREAM, recorded),
            Change::Stock(recorded) => encoded(stock::Stock::STREAM, recorded),
            Change::Order(recorded) => encoded(order::Order::STREAM, recorded),
            Change::Payment(recorded) => encoded(payment::Payment::STREAM, recorded),
        },
    }
}

fn encoded<E: DomainEvent>(stream: &str, recorded: &Recorded<E>) -> Vec<u8> {
    let mut out = Vec::new();
    let codec = StreamCodec::bundled(stream).unwrap();
    codec.encode(&recorded.key, &recorded.meta, &recorded.event, &mut out).unwrap();
    out
}

/// What the program said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }
}

/// `replay --data DIR ARGUMENTS`.
pub fn replay(dir: &Path, arguments: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_replay"));
    command.arg("--data").arg(dir).args(arguments.split_whitespace());
    let Output { status, stdout, stderr } = command.output().unwrap();
    Said {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// As [`replay`], where everything must go well.
pub fn replay_well(dir: &Path, arguments: &str) -> Said {
    let said = replay(dir, arguments);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    said
}
