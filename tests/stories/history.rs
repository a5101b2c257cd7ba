//! What a shop's log says, read without any of the shop's own machinery: every stream folded into its aggregates, every rule of
//! the log checked on the way.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;
use chimera_log::{EventLog, Partition, RawRecord, partition_of};
use chimera_log_embedded::{EmbeddedLog, EmbeddedLogOptions};

use crate::program::alone;

/// Aggregates by id.
pub(crate) type States<A> = BTreeMap<Arc<str>, A>;

/// The state of a whole shop.
#[derive(Debug, PartialEq)]
pub(crate) struct History {
    pub(crate) events: u64,
    pub(crate) products: States<Product>,
    pub(crate) stock: States<Stock>,
    pub(crate) orders: States<Order>,
    pub(crate) payments: States<Payment>,
}

impl History {
    /// Reads the log of a data directory that nobody has open.
    pub(crate) fn of(data: &Path) -> Self {
        let _alone = alone();
        Self::on(&EmbeddedLog::open(data.join("log"), EmbeddedLogOptions::default()).unwrap())
    }

    /// Reads a log that nobody writes.
    pub(crate) fn on(log: &dyn EventLog) -> Self {
        let mut events = 0;
        Self {
            products: folded(log, &mut events, |_| {}),
            stock: folded(log, &mut events, never_below_zero),
            orders: folded(log, &mut events, |_| {}),
            payments: folded(log, &mut events, |_| {}),
            events,
        }
    }

    /// How many aggregates there are.
    #[allow(dead_code, reason = "for the stories of chaos")]
    pub(crate) fn aggregates(&self) -> usize {
        self.products.len() + self.stock.len() + self.orders.len() + self.payments.len()
    }

    /// Compares aggregate by aggregate, so that a difference is named and not lost in a thousand others.
    #[track_caller]
    pub(crate) fn must_be(&self, expected: &Self) {
        same(&self.products, &expected.products);
        same(&self.stock, &expected.stock);
        same(&self.orders, &expected.orders);
        same(&self.payments, &expected.payments);
        assert_eq!(self.events, expected.events);
    }
}

#[track_caller]
fn same<A: Aggregate>(found: &States<A>, expected: &States<A>) {
    for (key, state) in expected {
        assert_eq!(found.get(key), Some(state), "{} of {}", key, A::STREAM);
    }
    assert_eq!(found.len(), expected.len(), "there is more in {}", A::STREAM);
}

fn never_below_zero(stock: &Stock) {
    let balance = stock.balance();
    assert!(balance.available() >= 0 && balance.reserved >= 0, "{balance:?}");
}

/// Every aggregate of a stream. Counts events, and shows each state on the way.
fn folded<A: Aggregate>(log: &dyn EventLog, events: &mut u64, check: impl Fn(&A)) -> States<A> {
    let streams = log.streams().unwrap();
    let partitions = streams.iter().find(|stream| *stream.name == *A::STREAM).unwrap().partitions;
    let codec = StreamCodec::<A::Event>::bundled(A::STREAM).unwrap();
    let mut states = States::new();
    for index in 0..partitions {
        let mut fold = Fold { index, partitions, codec: &codec, commands: HashMap::new() };
        let mut versions = HashMap::new();
        for (expected, record) in (1..).zip(records(log, &Partition::new(A::STREAM, index))) {
            assert_eq!(record.sequence, expected, "{}/{index} has a gap", A::STREAM);
            check(fold.fold(&record, &mut states, &mut versions));
            *events += 1;
        }
    }
    states
}

/// Every record of a partition.
pub(crate) fn records(log: &dyn EventLog, partition: &Partition) -> Vec<RawRecord> {
    let end = *log.high_watermark(partition).unwrap().borrow();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut reader = log.read(partition, 1).unwrap();
    let mut records = Vec::new();
    while reader.position() <= end {
        records.extend(runtime.block_on(reader.next()).unwrap().records);
    }
    records
}

/// One partition on its way into states.
struct Fold<'a, A: Aggregate> {
    index: u32,
    partitions: u32,
    codec: &'a StreamCodec<A::Event>,
    /// The last sequence of every command's events, by aggregate and command id.
    commands: HashMap<(Arc<str>, Arc<str>), u64>,
}

impl<A: Aggregate> Fold<'_, A> {
    fn fold<'s>(
        &mut self,
        record: &RawRecord,
        states: &'s mut States<A>,
        versions: &mut HashMap<Arc<str>, u64>,
    ) -> &'s A {
        let recorded = self.codec.decode(self.index, &record.value).unwrap();
        let (key, meta) = (recorded.key, recorded.meta);
        assert_eq!(meta.sequence, record.sequence, "{key}");
        assert_eq!(partition_of(&key, self.partitions), self.index, "{key} is in a wrong place");
        let version = versions.entry(Arc::clone(&key)).or_default();
        *version += 1;
        assert_eq!(meta.aggregate_version, *version, "{key} has a gap");
        let command = (Arc::clone(&key), Arc::clone(&meta.command_id));
        if let Some(last) = self.commands.insert(command, record.sequence) {
            // The events of one command stand together; anything else is a command that took effect twice.
            assert_eq!(last + 1, record.sequence, "{key}: {} is there twice", meta.command_id);
        }
        let state = states.entry(key).or_default();
        state.evolve(&recorded.event);
        state
    }
}
