//! A log of any size: one small shop after the other, each with the history that the rules have decided.

use std::collections::BTreeMap;
use std::error::Error;

use chimera_codec::{CodecError, StreamCodec};
use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_domain::recorded::Recorded;
use chimera_domain::{order, payment, product, stock};
use chimera_log::{Batch, Entry, EventLog, Partition, StreamSpec};
use chimera_model::Change;
use chimera_model::testing::{Act, PARTITIONS, Shop};
use chimera_worker::Decoder;

const STREAMS: [&str; 4] = [
    product::Product::STREAM,
    stock::Stock::STREAM,
    order::Order::STREAM,
    payment::Payment::STREAM,
];

/// Shops whose histories follow each other in the same log; the same in every run.
#[derive(Default)]
pub(crate) struct Street {
    shops: u32,
    sequences: BTreeMap<(&'static str, u32), u64>,
}

impl Street {
    /// The whole history of the next shop, numbered to follow those before it.
    pub(crate) fn next_shop(&mut self) -> Vec<Change> {
        self.shops += 1;
        let mut history = Shop::history(&acts(self.shops));
        for change in &mut history {
            let place = (change.stream(), change.partition());
            let sequence = self.sequences.entry(place).or_default();
            *sequence += 1;
            match change {
                Change::Product(recorded) => renumber(recorded, self.shops, *sequence),
                Change::Stock(recorded) => renumber(recorded, self.shops, *sequence),
                Change::Order(recorded) => renumber(recorded, self.shops, *sequence),
                Change::Payment(recorded) => renumber(recorded, self.shops, *sequence),
            }
        }
        history
    }
}

fn acts(seed: u32) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut state = seed;
    for _ in 0..200 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, what, which, many] = state.to_be_bytes();
        acts.push((what, which, many));
    }
    acts
}

fn renumber<E>(recorded: &mut Recorded<E>, shop: u32, sequence: u64) {
    recorded.key = format!("{}.{shop}", recorded.key).into();
    recorded.meta.command_id = format!("{}.{shop}", recorded.meta.command_id).into();
    recorded.meta.sequence = sequence;
}

/// Appends changes in their order, so many to a batch.
pub(crate) fn append(
    log: &dyn EventLog,
    changes: &[Change],
    batch_events: usize,
) -> Result<(), Box<dyn Error>> {
    let specs = STREAMS.map(|name| StreamSpec { name: name.into(), partitions: PARTITIONS });
    log.ensure_streams(&specs)?;
    let decoder = Decoder::bundled()?;
    for stream in STREAMS {
        for index in 0..PARTITIONS {
            let of_partition = |c: &&Change| c.stream() == stream && c.partition() == index;
            let changes: Vec<&Change> = changes.iter().filter(of_partition).collect();
            let mut writer = log.claim(&Partition::new(stream, index))?;
            for some in changes.chunks(batch_events) {
                let mut batch = Batch::default();
                for change in some {
                    batch.push_command([entry(&decoder, change)?]);
                }
                writer.append(batch)?;
            }
        }
    }
    Ok(())
}

fn entry(decoder: &Decoder, change: &Change) -> Result<Entry, CodecError> {
    let mut value = Vec::new();
    match change {
        Change::Product(recorded) => encode(&decoder.product, recorded, &mut value)?,
        Change::Stock(recorded) => encode(&decoder.stock, recorded, &mut value)?,
        Change::Order(recorded) => encode(&decoder.order, recorded, &mut value)?,
        Change::Payment(recorded) => encode(&decoder.payment, recorded, &mut value)?,
    }
    let event_type = change.event_type().into();
    Ok(Entry { key: change.key().clone(), event_type, traceparent: None, value })
}

fn encode<E: DomainEvent>(
    codec: &StreamCodec<E>,
    recorded: &Recorded<E>,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    codec.encode(&recorded.key, &recorded.meta, &recorded.event, out)
}
