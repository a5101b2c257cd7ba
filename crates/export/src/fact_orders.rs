//! `fact_orders`: a row an order and a row a credit note, as it stands at the end of the window.
//!
//! What counts as sold or credited, and on which day, is what the read model `daily_revenue` counts: summed by `sold_date_key` and
//! `credited_date_key` they are the same. Holds no address and no payment token.

use std::sync::Arc;

use chimera_domain::ids::CustomerId;
use chimera_domain::money::{Amount, Currency};
use chimera_domain::order::{
    CancelReason, CreditReason, Event, PaymentMethod, Sale, Status, Totals,
};
use chimera_domain::recorded::Recorded;
use chimera_domain::time::Timestamp;

use crate::lives::Life;
use crate::table::{Cell, Column, Kind, Row, Table};

pub(crate) static TABLE: Table = Table {
    name: "fact_orders",
    columns: &[
        Column::new("order_id", Kind::Text),
        Column::new("kind", Kind::Text),
        Column::new("customer_id", Kind::Text),
        Column::new("status", Kind::Text),
        Column::new("placed_at", Kind::Moment),
        Column::new("placed_date_key", Kind::DateKey),
        Column::new("currency", Kind::Text),
        Column::new("lines", Kind::Integer),
        Column::nullable("units", Kind::Integer),
        Column::nullable("subtotal", Kind::Amount),
        Column::nullable("discount", Kind::Amount),
        Column::nullable("tax", Kind::Amount),
        Column::nullable("shipping", Kind::Amount),
        Column::nullable("total", Kind::Amount),
        Column::nullable("payment_method", Kind::Text),
        Column::new("payment_attempts", Kind::Integer),
        Column::nullable("shipped_at", Kind::Moment),
        Column::nullable("fulfilled_at", Kind::Moment),
        Column::nullable("canceled_at", Kind::Moment),
        Column::nullable("cancel_reason", Kind::Text),
        Column::nullable("returned_at", Kind::Moment),
        Column::nullable("refunded_at", Kind::Moment),
        Column::nullable("sold_at", Kind::Moment),
        Column::nullable("sold_date_key", Kind::DateKey),
        Column::new("sold_units", Kind::Integer),
        Column::new("sales_amount", Kind::Amount),
        Column::nullable("credited_at", Kind::Moment),
        Column::nullable("credited_date_key", Kind::DateKey),
        Column::nullable("credit_reason", Kind::Text),
        Column::new("credited_units", Kind::Integer),
        Column::new("credit_amount", Kind::Amount),
        Column::new("net_amount", Kind::Amount),
        Column::new("recorded_at", Kind::Moment),
        Column::new("version", Kind::Integer),
        Column::new("source_partition", Kind::Integer),
        Column::new("source_sequence", Kind::Integer),
    ],
};

/// What is known of an order or a credit note.
pub(crate) struct OrderLife {
    kind: &'static str,
    customer: CustomerId,
    status: Status,
    placed_at: Timestamp,
    currency: Currency,
    lines: usize,
    /// None of a credit note.
    totals: Option<Totals>,
    method: Option<PaymentMethod>,
    attempts: i32,
    steps: Steps,
    /// When it counted as sold, and what.
    sale: Option<(Timestamp, Sale)>,
    /// When that was taken back, or a credit was noted, and what; signed.
    credit: Option<(Timestamp, Sale)>,
    credit_reason: Option<CreditReason>,
    newest: Newest,
}

/// When it came how far, for the business.
#[derive(Default)]
struct Steps {
    shipped: Option<Timestamp>,
    fulfilled: Option<Timestamp>,
    canceled: Option<Timestamp>,
    cancel_reason: Option<CancelReason>,
    returned: Option<Timestamp>,
    refunded: Option<Timestamp>,
}

/// The newest event.
struct Newest {
    recorded_at: Timestamp,
    version: u64,
    partition: u32,
    sequence: u64,
}

impl Life for OrderLife {
    type Event = Event;

    const TABLE: &'static Table = &TABLE;

    fn begin(recorded: &Recorded<Event>) -> Option<Self> {
        match &recorded.event {
            Event::Created { lines, totals, .. } => {
                let mut order = Self::new("ORDER", recorded, lines.len(), totals.currency);
                order.totals = Some(*totals);
                Some(order)
            }
            Event::Credited { lines, reason, credit, .. } => {
                let mut note = Self::new("CREDIT_NOTE", recorded, lines.len(), credit.currency);
                note.credit = Some((recorded.meta.occurred_at, *credit));
                note.credit_reason = Some(*reason);
                Some(note)
            }
            Event::Confirmed { .. }
            | Event::PaymentRequested { .. }
            | Event::Paid { .. }
            | Event::PaymentFailed { .. }
            | Event::Shipped { .. }
            | Event::Fulfilled { .. }
            | Event::Canceled { .. }
            | Event::ReturnRequested { .. }
            | Event::ReturnRejected { .. }
            | Event::Returned { .. }
            | Event::Refunded { .. } => None,
        }
    }

    fn go_on(&mut self, recorded: &Recorded<Event>) {
        self.status = recorded.event.head().status;
        self.newest = Newest::of(recorded);
        let at = recorded.meta.occurred_at;
        match &recorded.event {
            Event::PaymentRequested { method, attempt, .. } => {
                self.method = Some(*method);
                self.attempts = *attempt;
            }
            Event::Paid { sale, .. } => self.sale = Some((at, *sale)),
            Event::Shipped { .. } => self.steps.shipped = Some(at),
            Event::Fulfilled { .. } => self.steps.fulfilled = Some(at),
            Event::Canceled { reason, credit, .. } => {
                self.steps.canceled = Some(at);
                self.steps.cancel_reason = Some(*reason);
                self.credit = credit.map(|sale| (at, reversed(sale)));
            }
            Event::Returned { credit, .. } => {
                self.steps.returned = Some(at);
                self.credit = Some((at, reversed(*credit)));
            }
            Event::Refunded { .. } => self.steps.refunded = Some(at),
            Event::Created { .. }
            | Event::Credited { .. }
            | Event::Confirmed { .. }
            | Event::PaymentFailed { .. }
            | Event::ReturnRequested { .. }
            | Event::ReturnRejected { .. } => {}
        }
    }

    fn rows(self, key: &Arc<str>) -> Vec<Row> {
        let mut row = self.placed(key);
        row.extend(self.way());
        row.extend(self.money());
        row.extend(self.newest.cells());
        vec![row]
    }
}

impl OrderLife {
    fn new(
        kind: &'static str,
        recorded: &Recorded<Event>,
        lines: usize,
        currency: Currency,
    ) -> Self {
        let head = recorded.event.head();
        Self {
            kind,
            customer: head.customer_id.clone(),
            status: head.status,
            placed_at: head.placed_at,
            currency,
            lines,
            totals: None,
            method: None,
            attempts: 0,
            steps: Steps::default(),
            sale: None,
            credit: None,
            credit_reason: None,
            newest: Newest::of(recorded),
        }
    }

    /// What it was when it was placed.
    fn placed(&self, key: &Arc<str>) -> Row {
        let totals = self.totals.as_ref();
        vec![
            key.into(),
            self.kind.into(),
            self.customer.as_key().into(),
            self.status.as_str().into(),
            self.placed_at.into(),
            Cell::day_of(self.placed_at),
            self.currency.as_str().into(),
            (self.lines as u64).into(),
            Cell::maybe(totals.map(|totals| totals.units)),
            Cell::maybe(totals.map(|totals| totals.subtotal)),
            Cell::maybe(totals.map(|totals| totals.discount)),
            Cell::maybe(totals.map(|totals| totals.tax)),
            Cell::maybe(totals.map(|totals| totals.shipping)),
            Cell::maybe(totals.map(|totals| totals.total)),
        ]
    }

    /// How it is paid, and how far it has come.
    fn way(&self) -> [Cell; 8] {
        let steps = &self.steps;
        [
            self.method.map_or(Cell::Null, |method| Cell::word(&method)),
            i64::from(self.attempts).into(),
            Cell::maybe(steps.shipped),
            Cell::maybe(steps.fulfilled),
            Cell::maybe(steps.canceled),
            steps.cancel_reason.map_or(Cell::Null, |reason| Cell::word(&reason)),
            Cell::maybe(steps.returned),
            Cell::maybe(steps.refunded),
        ]
    }

    /// What counts as sold and as credited.
    fn money(&self) -> [Cell; 10] {
        let sold = self.sale.map(|(at, _)| at);
        let credited = self.credit.map(|(at, _)| at);
        let of = |entry: Option<(Timestamp, Sale)>| {
            entry.map_or((0, Amount::ZERO), |(_, sale)| (sale.units, sale.amount))
        };
        let ((sold_units, sales), (credited_units, credits)) = (of(self.sale), of(self.credit));
        [
            Cell::maybe(sold),
            sold.map_or(Cell::Null, Cell::day_of),
            sold_units.into(),
            sales.into(),
            Cell::maybe(credited),
            credited.map_or(Cell::Null, Cell::day_of),
            self.credit_reason.map_or(Cell::Null, |reason| Cell::word(&reason)),
            credited_units.into(),
            credits.into(),
            sum(sales, credits).into(),
        ]
    }
}

impl Newest {
    fn of(recorded: &Recorded<Event>) -> Self {
        let meta = &recorded.meta;
        Self {
            recorded_at: meta.recorded_at,
            version: meta.aggregate_version,
            partition: recorded.partition,
            sequence: meta.sequence,
        }
    }

    fn cells(&self) -> [Cell; 4] {
        [self.recorded_at.into(), self.version.into(), self.partition.into(), self.sequence.into()]
    }
}

/// What was sold, as it goes back.
fn reversed(sale: Sale) -> Sale {
    let amount = Amount::from_ten_thousandths(sale.amount.ten_thousandths().saturating_neg());
    Sale { units: sale.units.saturating_neg(), amount, ..sale }
}

/// Stops at the ends of the range, 922 trillion, as the read model does.
fn sum(a: Amount, b: Amount) -> Amount {
    Amount::from_ten_thousandths(a.ten_thousandths().saturating_add(b.ten_thousandths()))
}
