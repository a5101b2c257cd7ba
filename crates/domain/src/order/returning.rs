//! The part of an order that is about coming back: the return, its decision, and the refund.

use super::{Asker, Event, Placed, Rejection, Status};
use crate::money::Amount;

impl Placed {
    pub(super) fn request_return(
        &self,
        by: &Asker,
        reason: String,
    ) -> Result<Vec<Event>, Rejection> {
        self.belongs_to(by)?;
        match self.head.status {
            Status::Fulfilled => {
                let head = self.head_as(Status::ReturnRequested);
                Ok(vec![Event::ReturnRequested { head, reason }])
            }
            Status::ReturnRequested | Status::Returned => Ok(vec![]),
            Status::Pending
            | Status::Paid
            | Status::Shipped
            | Status::Canceled
            | Status::Credited => Err(self.wrong_status("FULFILLED")),
        }
    }

    pub(super) fn accept_return(&self) -> Result<Vec<Event>, Rejection> {
        match self.head.status {
            Status::ReturnRequested => {
                let head = self.head_as(Status::Returned);
                Ok(vec![Event::Returned { head, credit: self.sale() }])
            }
            Status::Returned => Ok(vec![]),
            Status::Pending
            | Status::Paid
            | Status::Shipped
            | Status::Fulfilled
            | Status::Canceled
            | Status::Credited => Err(self.wrong_status("RETURN_REQUESTED")),
        }
    }

    pub(super) fn reject_return(&self, reason: String) -> Result<Vec<Event>, Rejection> {
        match self.head.status {
            Status::ReturnRequested => {
                let head = self.head_as(Status::Fulfilled);
                Ok(vec![Event::ReturnRejected { head, reason }])
            }
            Status::Fulfilled if self.return_rejected => Ok(vec![]),
            Status::Fulfilled
            | Status::Pending
            | Status::Paid
            | Status::Shipped
            | Status::Canceled
            | Status::Returned
            | Status::Credited => Err(self.wrong_status("RETURN_REQUESTED")),
        }
    }

    pub(super) fn record_refunded(&self, payment_id: String, amount: Amount) -> Vec<Event> {
        if self.refunded {
            return vec![];
        }
        let currency = self.totals.currency;
        vec![Event::Refunded { head: self.head.clone(), payment_id, amount, currency }]
    }
}
