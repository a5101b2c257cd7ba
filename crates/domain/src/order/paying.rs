//! The part of an order that is about money coming in: up to five attempts, then the order is given up.

use super::{
    Asker, CancelReason, Event, MOST_PAYMENT_ATTEMPTS, PaymentMethod, Placed, Rejection, Status,
};
use crate::ids::OrderId;

impl Placed {
    pub(super) fn request_payment(
        &self,
        order: &OrderId,
        by: &Asker,
        method: PaymentMethod,
        token: String,
    ) -> Result<Vec<Event>, Rejection> {
        self.belongs_to(by)?;
        match self.head.status {
            Status::Pending => {}
            Status::Paid | Status::Shipped | Status::Fulfilled => return Ok(vec![]),
            Status::Canceled | Status::ReturnRequested | Status::Returned | Status::Credited => {
                return Err(self.wrong_status("PENDING"));
            }
        }
        if !self.head.confirmed {
            return Err(Rejection::NotConfirmed);
        }
        if self.paying.is_some() {
            return Err(Rejection::PaymentInProgress);
        }
        let attempt = self.attempts + 1;
        Ok(vec![Event::PaymentRequested {
            head: self.head.clone(),
            payment_id: format!("{order}-{attempt}"),
            attempt,
            method,
            token,
            amount: self.totals.total,
            currency: self.totals.currency,
        }])
    }

    /// Money that arrives for an order which is no longer waiting for it is refused: whoever holds it sends it back.
    pub(super) fn record_paid(&self, payment_id: String) -> Result<Vec<Event>, Rejection> {
        if self.paid_by.as_ref() == Some(&payment_id) {
            return Ok(vec![]);
        }
        if self.head.status != Status::Pending {
            return Err(self.wrong_status("PENDING"));
        }
        if !self.head.confirmed {
            return Err(Rejection::NotConfirmed);
        }
        let head = self.head_as(Status::Paid);
        Ok(vec![Event::Paid { head, payment_id, sale: self.sale() }])
    }

    pub(super) fn record_payment_failed(&self, payment_id: String, reason: String) -> Vec<Event> {
        if self.paying.as_ref() != Some(&payment_id) {
            return vec![];
        }
        let attempt = self.attempts;
        let head = self.head.clone();
        let failed = Event::PaymentFailed { head, payment_id, attempt, reason };
        if attempt < MOST_PAYMENT_ATTEMPTS {
            return vec![failed];
        }
        let head = self.head_as(Status::Canceled);
        let reason = CancelReason::PaymentFailed;
        vec![failed, Event::Canceled { head, reason, short_lines: vec![], credit: None }]
    }
}
