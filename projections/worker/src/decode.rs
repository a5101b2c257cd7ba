//! From a raw record to a change: the four codecs, chosen by the stream.
//!
//! Decodes what it is given; whether an event is wanted is decided before, from its header.

use chimera_codec::{CodecError, SchemaIds, StreamCodec};
use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_domain::time::Timestamp;
use chimera_domain::{order, payment, product, stock};
use chimera_log::{Partition, RawRecord};
use chimera_model::{Change, ReadModel};

/// Decodes the events of every stream. Made once and shared.
#[derive(Debug)]
pub struct Decoder {
    /// Of products.
    pub product: StreamCodec<product::Event>,
    /// Of stock.
    pub stock: StreamCodec<stock::Event>,
    /// Of orders and credit notes.
    pub order: StreamCodec<order::Event>,
    /// Of payments.
    pub payment: StreamCodec<payment::Event>,
}

impl Decoder {
    /// The decoder of events whose schemas are known under `ids`.
    ///
    /// # Errors
    /// If one of the schemas does not parse, which the tests rule out, or has no id.
    pub fn new(ids: &SchemaIds) -> Result<Self, CodecError> {
        Ok(Self {
            product: StreamCodec::new(product::Product::STREAM, ids)?,
            stock: StreamCodec::new(stock::Stock::STREAM, ids)?,
            order: StreamCodec::new(order::Order::STREAM, ids)?,
            payment: StreamCodec::new(payment::Payment::STREAM, ids)?,
        })
    }

    /// The decoder with the schemas that come with the program, and their ids.
    ///
    /// # Errors
    /// If one of the schemas does not parse, which the tests rule out.
    pub fn bundled() -> Result<Self, CodecError> {
        Self::new(&SchemaIds::default())
    }

    /// The change in a framed value that was read from `partition`.
    ///
    /// # Errors
    /// If the value is no event of the stream, or the stream is not known.
    pub fn decode(&self, partition: &Partition, value: &[u8]) -> Result<Change, CodecError> {
        let index = partition.index;
        match &*partition.stream {
            product::Product::STREAM => self.product.decode(index, value).map(Change::Product),
            stock::Stock::STREAM => self.stock.decode(index, value).map(Change::Stock),
            order::Order::STREAM => self.order.decode(index, value).map(Change::Order),
            payment::Payment::STREAM => self.payment.decode(index, value).map(Change::Payment),
            _ => Err(CodecError::UnknownStream(partition.stream.to_string())),
        }
    }

    /// The change in a record, or none where its header says that `model` does not read it: then nothing is decoded.
    ///
    /// A type that this release does not know is never passed over: it might matter to the model.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    pub fn wanted(
        &self,
        model: &ReadModel,
        partition: &Partition,
        record: &RawRecord,
    ) -> Result<Option<Change>, CodecError> {
        if !is_wanted(model, partition, record) {
            return Ok(None);
        }
        self.decode(partition, &record.value).map(Some)
    }

    /// When a record was taken into the log, if it can be read.
    #[must_use]
    pub fn recorded_at(&self, partition: &Partition, record: &RawRecord) -> Option<Timestamp> {
        let change = self.decode(partition, &record.value).ok()?;
        Some(change.meta().recorded_at)
    }
}

/// Whether `model` reads the record, or may do so, as far as its header says.
pub(crate) fn is_wanted(model: &ReadModel, partition: &Partition, record: &RawRecord) -> bool {
    model.reads(&record.event_type) || !is_known(&partition.stream, &record.event_type)
}

fn is_known(stream: &str, event_type: &[u8]) -> bool {
    let types = match stream {
        product::Product::STREAM => product::Event::TYPES,
        stock::Stock::STREAM => stock::Event::TYPES,
        order::Order::STREAM => order::Event::TYPES,
        payment::Payment::STREAM => payment::Event::TYPES,
        _ => &[],
    };
    types.iter().any(|known| known.as_bytes() == event_type)
}
