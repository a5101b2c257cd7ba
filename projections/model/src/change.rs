//! An event of any stream, as a projection receives it.

use std::sync::Arc;

use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_domain::recorded::{Meta, Recorded};
use chimera_domain::{order, payment, product, stock};

/// One recorded event, by stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "lives for one projection, never in a collection")]
pub enum Change {
    /// Of a product.
    Product(Recorded<product::Event>),
    /// Of a stock.
    Stock(Recorded<stock::Event>),
    /// Of an order or a credit note.
    Order(Recorded<order::Event>),
    /// Of a payment.
    Payment(Recorded<payment::Event>),
}

impl Change {
    /// The envelope.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        match self {
            Self::Product(recorded) => &recorded.meta,
            Self::Stock(recorded) => &recorded.meta,
            Self::Order(recorded) => &recorded.meta,
            Self::Payment(recorded) => &recorded.meta,
        }
    }

    /// The aggregate's id.
    #[must_use]
    pub fn key(&self) -> &Arc<str> {
        match self {
            Self::Product(recorded) => &recorded.key,
            Self::Stock(recorded) => &recorded.key,
            Self::Order(recorded) => &recorded.key,
            Self::Payment(recorded) => &recorded.key,
        }
    }

    /// Which partition of its stream it was read from.
    #[must_use]
    pub fn partition(&self) -> u32 {
        match self {
            Self::Product(recorded) => recorded.partition,
            Self::Stock(recorded) => recorded.partition,
            Self::Order(recorded) => recorded.partition,
            Self::Payment(recorded) => recorded.partition,
        }
    }

    /// The stream it was read from.
    #[must_use]
    pub fn stream(&self) -> &'static str {
        match self {
            Self::Product(_) => product::Product::STREAM,
            Self::Stock(_) => stock::Stock::STREAM,
            Self::Order(_) => order::Order::STREAM,
            Self::Payment(_) => payment::Payment::STREAM,
        }
    }

    /// Its type, `<stream>.<action>.v<n>`.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Product(recorded) => recorded.event.event_type(),
            Self::Stock(recorded) => recorded.event.event_type(),
            Self::Order(recorded) => recorded.event.event_type(),
            Self::Payment(recorded) => recorded.event.event_type(),
        }
    }
}
