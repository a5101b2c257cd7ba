//! What became of the demo's orders, counted from the orders themselves.

use std::fmt;

use chimera_domain::order::{Placed, Status};
use serde::Serialize;

/// Orders by where they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// Paid, not shipped yet.
    pub paid: u32,
    /// Delivered.
    pub fulfilled: u32,
    /// Declined, waiting for another payment.
    pub declined: u32,
    /// Given up because too little was on the shelf.
    pub out_of_stock: u32,
    /// Canceled by customer or staff.
    pub canceled: u32,
    /// Of these, with the money given back.
    pub refunded: u32,
    /// Sent back and taken back.
    pub returned: u32,
}

impl Outcomes {
    /// Counts one order; `short` if it was given up for lack of stock.
    pub(super) fn count(&mut self, order: &Placed, short: bool) {
        self.refunded += u32::from(order.refunded && order.head.status == Status::Canceled);
        let counter = match order.head.status {
            Status::Paid => &mut self.paid,
            Status::Shipped | Status::Fulfilled | Status::ReturnRequested => &mut self.fulfilled,
            Status::Canceled if short => &mut self.out_of_stock,
            Status::Canceled => &mut self.canceled,
            Status::Returned => &mut self.returned,
            Status::Pending | Status::Credited => &mut self.declined,
        };
        *counter += 1;
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("fulfilled", self.fulfilled),
            ("paid, not shipped", self.paid),
            ("payment declined", self.declined),
            ("out of stock", self.out_of_stock),
            ("canceled", self.canceled),
            ("  of these refunded", self.refunded),
            ("returned", self.returned),
        ];
        for (name, count) in lines {
            writeln!(f, "  {name:<20} {count:>8}")?;
        }
        Ok(())
    }
}
