//! What a shop never writes, put into the log behind its back: an event that every part can read and one read model cannot hold, and a
//! record that is no event.

use std::path::Path;
use std::sync::Arc;

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::product::{Event, Product};
use chimera_domain::recorded::Recorded;
use chimera_log::{Batch, Entry, EventLog, Partition, partition_of};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};

use crate::history::records;
use crate::program::alone;

/// In bytes; more than a search index takes as one word, and than the shop lets anybody say.
const TOO_LONG: usize = 33_000;
const PARTITIONS: u32 = 2;

/// The product has another publisher, whose name is far too long. The log must not be open, and hold the product's creation.
pub(crate) fn poison(data: &Path, product: &str) {
    let _alone = alone();
    let log = EmbeddedLog::open(data.join("log"), EmbeddedLogOptions::default()).unwrap();
    let partition = Partition::new(Product::STREAM, partition_of(product, PARTITIONS));
    let codec = StreamCodec::<Event>::bundled(Product::STREAM).unwrap();
    let history = records(&log, &partition);
    let decoded =
        history.iter().map(|record| codec.decode(partition.index, &record.value).unwrap());
    let mut of_product: Vec<_> = decoded.filter(|event| &*event.key == product).collect();
    let Some(Recorded { key, mut meta, event: Event::Created { mut details, .. }, .. }) =
        of_product.pop()
    else {
        panic!("{product} has just been created");
    };
    details.publisher = Some("x".repeat(TOO_LONG));
    meta.sequence = history.len() as u64 + 1;
    meta.aggregate_version += 1;
    meta.event_id += 1;
    meta.command_id = format!("poison of {product}").into();
    let event = Event::Updated { details };
    let mut value = Vec::new();
    codec.encode(&key, &meta, &event, &mut value).unwrap();
    append(&log, &partition, key, value);
}

/// The product has a record that is no event. The log must not be open.
pub(crate) fn garbage(data: &Path, product: &str) {
    let _alone = alone();
    let log = EmbeddedLog::open(data.join("log"), EmbeddedLogOptions::default()).unwrap();
    let partition = Partition::new(Product::STREAM, partition_of(product, PARTITIONS));
    append(&log, &partition, product.into(), b"no event at all".to_vec());
}

fn append(log: &EmbeddedLog, partition: &Partition, key: Arc<str>, value: Vec<u8>) {
    let event_type = format!("{}.updated.v1", Product::STREAM).into();
    let mut batch = Batch::default();
    batch.push_command([Entry { key, event_type, traceparent: None, value }]);
    log.claim(partition).unwrap().append(batch).unwrap();
}
