//! An order from its placing to its end, and the credit note, which shares its stream.
//!
//! Invariants: PENDING → PAID → SHIPPED → FULFILLED; CANCELED from PENDING or PAID; `RETURN_REQUESTED` → RETURNED or back to
//! FULFILLED; shipped only when paid, paid only when its stock is held; at most five payment attempts; lines, prices and
//! address never change after placing. Repeating a command that was honoured succeeds and appends nothing.
//! Never knows the catalogue, the stock or the gateway: what they say arrives in commands.

use serde::{Deserialize, Serialize};

use crate::aggregate::{Aggregate, Context};
use crate::ids::{CustomerId, OrderId};
use crate::money::{Amount, Currency};
use crate::time::Timestamp;

mod address;
mod credit;
mod event;
mod lines;
mod paying;
mod placed;
mod rejection;
mod returning;
#[cfg(test)]
mod tests;

pub use address::Address;
pub use event::{CancelReason, CreditReason, Event, Head, PaymentMethod, Sale, ShortLine, Status};
pub use lines::{Charges, Line, LineRequest, MOST_LINES, MOST_UNITS, Totals, units_by_product};
pub use placed::Placed;
pub use rejection::Rejection;

/// How many times a payment may be tried.
pub const MOST_PAYMENT_ATTEMPTS: i32 = 5;

/// What can be asked of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Places it.
    Place(Box<Placing>),
    /// Notes a credit under a number of its own.
    Credit(Box<Crediting>),
    /// All its stock is held.
    Confirm,
    /// The customer pays.
    RequestPayment {
        /// This order; part of the payment's id.
        order: OrderId,
        /// Who asks.
        by: Asker,
        /// How.
        method: PaymentMethod,
        /// Stands for the means of payment.
        token: String,
    },
    /// The gateway has the money.
    RecordPaid {
        /// Which attempt.
        payment_id: String,
    },
    /// The gateway declined.
    RecordPaymentFailed {
        /// Which attempt.
        payment_id: String,
        /// Its word for why.
        reason: String,
    },
    /// It leaves the building.
    Ship {
        /// Who carries it.
        carrier: Option<String>,
        /// The carrier's number.
        tracking_number: Option<String>,
    },
    /// It has arrived.
    Deliver,
    /// Gives it up.
    Cancel {
        /// Who asks.
        by: Asker,
        /// Why.
        reason: CancelReason,
        /// What could not be had.
        short_lines: Vec<ShortLine>,
    },
    /// The customer wants to send it back.
    RequestReturn {
        /// Who asks.
        by: Asker,
        /// In their words.
        reason: String,
    },
    /// The shop takes it back.
    AcceptReturn,
    /// The shop does not take it back.
    RejectReturn {
        /// In the shop's words.
        reason: String,
    },
    /// The gateway has given the money back.
    RecordRefunded {
        /// Which payment.
        payment_id: String,
        /// How much.
        amount: Amount,
    },
}

/// Who asks, as far as the rules care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asker {
    /// A customer, about their own orders.
    Customer(CustomerId),
    /// Staff with the scope `write:orders`.
    Staff,
    /// A rule of the shop itself: a process or a timer.
    Shop,
}

/// Everything needed to place an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placing {
    /// Who buys.
    pub customer: CustomerId,
    /// What.
    pub lines: Vec<LineRequest>,
    /// In which currency; every product must be priced in it.
    pub currency: Currency,
    /// What is put on or taken off.
    pub charges: Charges,
    /// Where it goes.
    pub shipping_address: Address,
    /// Whether the caller has the role ADMIN and may override prices.
    pub may_override_prices: bool,
    /// How long it may stay unpaid, in microseconds; none for an order that cannot expire (an import).
    pub payment_window: Option<i64>,
}

/// Everything needed to note a credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crediting {
    /// To whom.
    pub customer: CustomerId,
    /// What; quantities as on the paper.
    pub lines: Vec<Line>,
    /// In which currency.
    pub currency: Currency,
    /// Why.
    pub reason: CreditReason,
}

/// An order that may not exist yet, or the credit note that took its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Nobody used this id.
    #[default]
    Absent,
    /// An order.
    Placed(Box<Placed>),
    /// A credit note; it never changes.
    CreditNote {
        /// What it is for: goods that come back, or the books.
        reason: CreditReason,
        /// What is credited.
        lines: Vec<Line>,
        /// To whom, when.
        head: Head,
        /// The signed total.
        credit: Sale,
    },
}

impl Aggregate for Order {
    const STREAM: &'static str = "ecommerce.order.order";
    const STATE_FORMAT: u32 = 2;

    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn evolve(&mut self, event: &Event) {
        match (&mut *self, event) {
            (Self::Absent, Event::Created { head, lines, totals, shipping_address, pay_by }) => {
                *self = Self::Placed(Box::new(Placed::new(
                    head.clone(),
                    lines.clone(),
                    *totals,
                    shipping_address.clone(),
                    *pay_by,
                )));
            }
            (Self::Absent, Event::Credited { head, lines, reason, credit }) => {
                *self = Self::CreditNote {
                    reason: *reason,
                    lines: lines.clone(),
                    head: head.clone(),
                    credit: *credit,
                };
            }
            (Self::Placed(placed), event) => placed.evolve(event),
            (Self::Absent | Self::CreditNote { .. }, _) => {}
        }
    }

    fn decide(&self, command: Command, context: &Context) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Absent, Command::Place(placing)) => placed::place(*placing, context),
            (Self::Absent, Command::Credit(crediting)) => credit::note(*crediting, context),
            (Self::Absent, _) => Err(Rejection::NotFound),
            (Self::Placed(placed), command) => placed.decide(command),
            (Self::CreditNote { lines, .. }, Command::Credit(crediting))
                if *lines == crediting.lines =>
            {
                Ok(vec![])
            }
            (Self::CreditNote { .. }, Command::Place(_) | Command::Credit(_)) => {
                Err(Rejection::AlreadyExists)
            }
            (Self::CreditNote { .. }, _) => {
                Err(Rejection::WrongStatus { status: Status::Credited, needed: "an order".into() })
            }
        }
    }

    fn due(&self) -> Option<(Timestamp, Command)> {
        match self {
            Self::Placed(placed) => placed.due(),
            Self::Absent | Self::CreditNote { .. } => None,
        }
    }
}

impl Order {
    /// The order, if there is one under this id.
    #[must_use]
    pub fn placed(&self) -> Option<&Placed> {
        match self {
            Self::Placed(placed) => Some(placed),
            Self::Absent | Self::CreditNote { .. } => None,
        }
    }

    /// The lines of the order or the credit note.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        match self {
            Self::Absent => &[],
            Self::Placed(placed) => &placed.lines,
            Self::CreditNote { lines, .. } => lines,
        }
    }
}
