//! An event of any stream, as a projection receives it.

use chimera_domain::recorded::Recorded;
use chimera_domain::{order, payment, product, stock};

/// One recorded event, by stream.
#[derive(Debug, Clone, PartialEq, Eq)]
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
