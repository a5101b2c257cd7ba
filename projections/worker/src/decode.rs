//! From a raw record to a change: the four codecs, chosen by the stream.
//!
//! Decodes what it is given; whether an event is wanted is decided before, from its header.

use chimera_codec::{CodecError, StreamCodec};
use chimera_domain::aggregate::Aggregate;
use chimera_domain::{order, payment, product, stock};
use chimera_log::Partition;
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
    /// The decoder with the schemas that come with the program, and their ids.
    ///
    /// # Errors
    /// If one of the schemas does not parse, which the tests rule out.
    pub fn bundled() -> Result<Self, CodecError> {
        Ok(Self {
            product: StreamCodec::bundled(product::Product::STREAM)?,
            stock: StreamCodec::bundled(stock::Stock::STREAM)?,
            order: StreamCodec::bundled(order::Order::STREAM)?,
            payment: StreamCodec::bundled(payment::Payment::STREAM)?,
        })
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
    /// # Errors
    /// As [`Decoder::decode`].
    pub fn wanted(
        &self,
        model: &ReadModel,
        partition: &Partition,
        record: &chimera_log::RawRecord,
    ) -> Result<Option<Change>, CodecError> {
        if !model.reads(&record.event_type) {
            return Ok(None);
        }
        self.decode(partition, &record.value).map(Some)
    }
}
