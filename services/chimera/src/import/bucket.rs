//! Where each row of the file ends: in exactly one bucket, each with a count and a sum.

use chimera_domain::money::Amount;
use serde::Serialize;

use super::sheet::Line;

/// How many rows, and what they come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many rows.
    pub rows: u64,
    /// The sum of quantity × price, unrounded.
    pub sum: Amount,
}

impl Tally {
    pub(super) fn add(&mut self, line: &Line) {
        self.rows += 1;
        self.sum = self.sum.plus(line.value()).unwrap_or(self.sum);
    }
}

/// The buckets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Buckets {
    /// Lines of orders.
    pub order_lines: Tally,
    /// Lines of credit notes.
    pub credit_lines: Tally,
    /// Stock adjustments.
    pub adjustments: Tally,
    /// Rows that could not become anything.
    pub refused: Tally,
}

impl Buckets {
    /// All rows and their sum, added up from the buckets.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in [self.order_lines, self.credit_lines, self.adjustments, self.refused] {
            total.rows += tally.rows;
            total.sum = total.sum.plus(tally.sum).unwrap_or(total.sum);
        }
        total
    }
}

/// A row that became nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its line in the file.
    pub line: u64,
    /// Why.
    pub reason: String,
}
