//! What an import did: for a person, or as JSON with stable names.

use std::fmt;

use chimera_domain::money::Amount;
use serde::Serialize;

use super::bucket::{Buckets, Refused, Tally};

/// The summary of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Every row of the invoices imported.
    pub rows: Tally,
    /// Where they ended.
    pub buckets: Buckets,
    /// Orders in the file.
    pub orders: usize,
    /// Credit notes in the file.
    pub credit_notes: usize,
    /// Products in the file.
    pub products: usize,
    /// Events appended by this run, those of the processes included; 0 when the file had been imported before.
    pub events: u64,
    /// The sum over orders and credit notes, from the file.
    pub net_sales: Amount,
    /// The sum that the read model `daily_revenue` shows, over all days.
    pub daily_revenue: Amount,
    /// Whether the two are equal to the last digit.
    pub reconciled: bool,
    /// Rows that became nothing.
    pub refused: Vec<Refused>,
    /// Orders that did not reach FULFILLED, with their status.
    pub unfinished: Vec<String>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "bucket               rows              sum")?;
        let lines = [
            ("order lines", self.buckets.order_lines),
            ("credit lines", self.buckets.credit_lines),
            ("adjustments", self.buckets.adjustments),
            ("refused", self.buckets.refused),
            ("all rows", self.rows),
        ];
        for (name, tally) in lines {
            writeln!(f, "{name:<14} {:>10} {:>16}", tally.rows, tally.sum.to_string())?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "{} orders, {} credit notes, {} products, {} new events in {}.{:03} s",
            self.orders,
            self.credit_notes,
            self.products,
            self.events,
            self.millis / 1000,
            self.millis % 1000
        )?;
        let verdict = if self.reconciled { "equal" } else { "NOT EQUAL" };
        writeln!(
            f,
            "net sales {} in the file, {} in daily_revenue: {verdict}",
            self.net_sales, self.daily_revenue
        )?;
        for row in self.refused.iter().take(20) {
            writeln!(f, "refused line {}: {}", row.line, row.reason)?;
        }
        if self.refused.len() > 20 {
            writeln!(f, "… and {} more; --format json lists all", self.refused.len() - 20)?;
        }
        for order in self.unfinished.iter().take(20) {
            writeln!(f, "unfinished: {order}")?;
        }
        Ok(())
    }
}
