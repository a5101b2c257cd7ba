//! An order that exists: its state, how events change it, and the commands about its way to the customer.

use serde::{Deserialize, Serialize};

use super::lines::{self, Line, Totals};
use super::{
    Address, Asker, CancelReason, Command, Event, Head, Placing, Rejection, Sale, ShortLine, Status,
};
use crate::aggregate::Context;
use crate::time::Timestamp;

/// An order that was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Who, when, where it stands.
    pub head: Head,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// What it comes to.
    pub totals: Totals,
    /// Where it goes.
    pub shipping_address: Address,
    /// Until when it must be paid.
    pub pay_by: Option<Timestamp>,
    /// How many payments were tried.
    pub attempts: i32,
    /// The attempt whose outcome is not known yet.
    pub paying: Option<String>,
    /// The attempt that succeeded.
    pub paid_by: Option<String>,
    /// Whether the money has gone back.
    pub refunded: bool,
    /// Whether the shop has refused the last return that was asked for.
    pub return_rejected: bool,
}

/// Places a new order.
pub(super) fn place(placing: Placing, context: &Context) -> Result<Vec<Event>, Rejection> {
    let lines = lines::price_lines(placing.lines, placing.currency, placing.may_override_prices)?;
    let totals = lines::total(&lines, placing.currency, placing.charges)?;
    lines::nothing_below_zero(&totals)?;
    let head = Head {
        customer_id: placing.customer,
        placed_at: context.occurred_at,
        status: Status::Pending,
        confirmed: false,
    };
    let pay_by = placing.payment_window.map(|window| context.now.plus(window));
    let shipping_address = placing.shipping_address;
    Ok(vec![Event::Created { head, lines, totals, shipping_address, pay_by }])
}

impl Placed {
    pub(super) fn new(
        head: Head,
        lines: Vec<Line>,
        totals: Totals,
        shipping_address: Address,
        pay_by: Option<Timestamp>,
    ) -> Self {
        Self {
            head,
            lines,
            totals,
            shipping_address,
            pay_by,
            attempts: 0,
            paying: None,
            paid_by: None,
            refunded: false,
            return_rejected: false,
        }
    }

    pub(super) fn evolve(&mut self, event: &Event) {
        match event {
            Event::Created { .. } | Event::Credited { .. } => return,
            Event::PaymentRequested { payment_id, attempt, .. } => {
                self.paying = Some(payment_id.clone());
                self.attempts = *attempt;
            }
            Event::Paid { payment_id, .. } => {
                self.paying = None;
                self.paid_by = Some(payment_id.clone());
            }
            Event::PaymentFailed { .. } | Event::Canceled { .. } => self.paying = None,
            Event::Refunded { .. } => self.refunded = true,
            Event::ReturnRequested { .. } => self.return_rejected = false,
            Event::ReturnRejected { .. } => self.return_rejected = true,
            Event::Confirmed { .. }
            | Event::Shipped { .. }
            | Event::Fulfilled { .. }
            | Event::Returned { .. } => {}
        }
        self.head = event.head().clone();
    }

    pub(super) fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Place(placing) => self.place_again(&placing),
            Command::Credit(_) => Err(Rejection::AlreadyExists),
            Command::Confirm => self.confirm(),
            Command::RequestPayment { order, by, method, token } => {
                self.request_payment(&order, &by, method, token)
            }
            Command::RecordPaid { payment_id } => self.record_paid(payment_id),
            Command::RecordPaymentFailed { payment_id, reason } => {
                Ok(self.record_payment_failed(payment_id, reason))
            }
            Command::Ship { carrier, tracking_number } => self.ship(carrier, tracking_number),
            Command::Deliver => self.deliver(),
            Command::Cancel { by, reason, short_lines } => self.cancel(&by, reason, short_lines),
            Command::RequestReturn { by, reason } => self.request_return(&by, reason),
            Command::AcceptReturn => self.accept_return(),
            Command::RejectReturn { reason } => self.reject_return(reason),
            Command::RecordRefunded { payment_id, amount } => {
                Ok(self.record_refunded(payment_id, amount))
            }
        }
    }

    /// The same customer asking for the same things again was honoured before; anything else wants another id.
    fn place_again(&self, placing: &Placing) -> Result<Vec<Event>, Rejection> {
        let asked = placing.lines.iter().map(|line| (&line.product, i64::from(line.quantity)));
        let sold = self.lines.iter().map(|line| (&line.product_id, line.quantity));
        if placing.customer == self.head.customer_id && asked.eq(sold) {
            return Ok(vec![]);
        }
        Err(Rejection::AlreadyExists)
    }

    fn confirm(&self) -> Result<Vec<Event>, Rejection> {
        if self.head.confirmed {
            return Ok(vec![]);
        }
        if self.head.status != Status::Pending {
            return Err(self.wrong_status("PENDING"));
        }
        Ok(vec![Event::Confirmed { head: Head { confirmed: true, ..self.head.clone() } }])
    }

    fn ship(
        &self,
        carrier: Option<String>,
        tracking_number: Option<String>,
    ) -> Result<Vec<Event>, Rejection> {
        match self.head.status {
            Status::Paid => {
                let head = self.head_as(Status::Shipped);
                Ok(vec![Event::Shipped { head, carrier, tracking_number }])
            }
            Status::Shipped | Status::Fulfilled => Ok(vec![]),
            Status::Pending
            | Status::Canceled
            | Status::ReturnRequested
            | Status::Returned
            | Status::Credited => Err(self.wrong_status("PAID")),
        }
    }

    fn deliver(&self) -> Result<Vec<Event>, Rejection> {
        match self.head.status {
            Status::Shipped => Ok(vec![Event::Fulfilled { head: self.head_as(Status::Fulfilled) }]),
            Status::Fulfilled => Ok(vec![]),
            Status::Pending
            | Status::Paid
            | Status::Canceled
            | Status::ReturnRequested
            | Status::Returned
            | Status::Credited => Err(self.wrong_status("SHIPPED")),
        }
    }

    fn cancel(
        &self,
        by: &Asker,
        reason: CancelReason,
        short_lines: Vec<ShortLine>,
    ) -> Result<Vec<Event>, Rejection> {
        self.belongs_to(by)?;
        match self.head.status {
            Status::Canceled => return Ok(vec![]),
            Status::Paid if matches!(by, Asker::Customer(_)) => return Err(Rejection::StaffOnly),
            // A timer or a process that comes too late must not undo a payment.
            Status::Paid if *by == Asker::Shop => return Err(self.wrong_status("PENDING")),
            Status::Pending if reason == CancelReason::Expired && self.paying.is_some() => {
                return Err(Rejection::PaymentInProgress);
            }
            Status::Pending | Status::Paid => {}
            Status::Shipped
            | Status::Fulfilled
            | Status::ReturnRequested
            | Status::Returned
            | Status::Credited => return Err(self.wrong_status("PENDING or PAID")),
        }
        let credit = (self.head.status == Status::Paid).then(|| self.sale());
        let head = self.head_as(Status::Canceled);
        Ok(vec![Event::Canceled { head, reason, short_lines, credit }])
    }

    /// The payment window: only while nothing is paid, and not while a payment is under way.
    pub(super) fn due(&self) -> Option<(Timestamp, Command)> {
        if self.head.status != Status::Pending || self.paying.is_some() {
            return None;
        }
        let reason = CancelReason::Expired;
        let command = Command::Cancel { by: Asker::Shop, reason, short_lines: vec![] };
        Some((self.pay_by?, command))
    }

    /// Refuses a customer who did not place this order.
    pub(super) fn belongs_to(&self, asker: &Asker) -> Result<(), Rejection> {
        match asker {
            Asker::Customer(customer) if *customer != self.head.customer_id => {
                Err(Rejection::NotYours)
            }
            Asker::Customer(_) | Asker::Staff | Asker::Shop => Ok(()),
        }
    }

    pub(super) fn head_as(&self, status: Status) -> Head {
        Head { status, ..self.head.clone() }
    }

    pub(super) fn wrong_status(&self, needed: &'static str) -> Rejection {
        Rejection::WrongStatus { status: self.head.status, needed: needed.into() }
    }

    /// What counts as sold.
    pub(super) fn sale(&self) -> Sale {
        let Totals { currency, units, subtotal, .. } = self.totals;
        Sale { currency, units, amount: subtotal }
    }
}
