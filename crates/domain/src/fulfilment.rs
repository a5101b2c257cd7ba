//! Fulfilment: what follows from the events of an order, step by step. A process over events, not a transaction.
//!
//! created → hold every product → all held: confirm; one refused: cancel, which gives back what was held.
//! shipped → stock leaves. canceled → stock released, money back if it was paid. returned → stock and money back.
//! A step is a function of the event and of what its commands were answered, so a crash anywhere ends in the same state.
//! The decision to cancel is made durable before anything is released: a repeated step can never confirm what was given back.
//! Never sends anything, keeps no state of its own.

use crate::ids::{OrderId, ProductId};
use crate::order::{
    self, CancelReason, CreditReason, Line, Order, Placed, ShortLine, Status, units_by_product,
};
use crate::payment;
use crate::stock::{self, AdjustmentReason};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send each command to its product's stock, together, and come back with all answers.
    Stock(Vec<StockCommand>),
    /// Send this to the order; nothing follows.
    Order(order::Command),
    /// Send this to the order's payments; nothing follows.
    Payment(payment::Command),
    /// Nothing is left to do.
    Done,
}

/// A command for one product's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockCommand {
    /// Whose stock.
    pub product: ProductId,
    /// What is asked of it.
    pub command: stock::Command,
}

/// What a stock answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StockAnswer {
    /// Done, or done before.
    Honoured,
    /// The stock said no.
    Refused(stock::Rejection),
}

/// How far the handling of one event has come.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The event has just been read.
    Started,
    /// Every stock command of the first step is answered, in their order.
    StockAnswered(&'a [(StockCommand, StockAnswer)]),
}

/// The next step after `event` of the order `id`, which stands as `now`: at this event, or already beyond it.
///
/// Stock is asked for only while the order still waits for it. So a step that is repeated late, even years later because
/// a checkpoint was lost, can never take stock for an order that has left or was given up.
#[must_use]
pub fn next_step(id: &OrderId, event: &order::Event, now: &Order, progress: Progress<'_>) -> Step {
    match progress {
        Progress::Started if was_decided(event, now) => Step::Done,
        Progress::Started => match stock_commands(id, event, now.lines()) {
            commands if commands.is_empty() => after_stock(event, &[]),
            commands => Step::Stock(commands),
        },
        Progress::StockAnswered(answers) => after_stock(event, answers),
    }
}

/// Whether the order that was created is confirmed or given up by now.
fn was_decided(event: &order::Event, now: &Order) -> bool {
    let waits = |order: &Placed| order.head.status == Status::Pending && !order.head.confirmed;
    matches!(event, order::Event::Created { .. }) && !now.placed().is_some_and(waits)
}

/// The types of the events that make the process do anything: those that [`concerns`] says yes to.
pub const EVENT_TYPES: [&str; 5] = [
    "ecommerce.order.order.created.v1",
    "ecommerce.order.order.shipped.v1",
    "ecommerce.order.order.canceled.v1",
    "ecommerce.order.order.returned.v1",
    "ecommerce.order.order.credited.v1",
];

/// Whether `event` makes the process do anything, so that the lines need not be looked up for nothing.
#[must_use]
pub fn concerns(event: &order::Event) -> bool {
    match event {
        order::Event::Created { .. }
        | order::Event::Shipped { .. }
        | order::Event::Canceled { .. }
        | order::Event::Returned { .. }
        | order::Event::Credited { .. } => true,
        order::Event::Confirmed { .. }
        | order::Event::PaymentRequested { .. }
        | order::Event::Paid { .. }
        | order::Event::PaymentFailed { .. }
        | order::Event::Fulfilled { .. }
        | order::Event::ReturnRequested { .. }
        | order::Event::ReturnRejected { .. }
        | order::Event::Refunded { .. } => false,
    }
}

fn stock_commands(order: &OrderId, event: &order::Event, lines: &[Line]) -> Vec<StockCommand> {
    let command = |units: i64| match event {
        order::Event::Created { .. } => u32::try_from(units)
            .ok()
            .map(|quantity| stock::Command::Reserve { order: order.clone(), quantity }),
        order::Event::Shipped { .. } => Some(stock::Command::Commit { order: order.clone() }),
        order::Event::Canceled { .. } => Some(stock::Command::Release { order: order.clone() }),
        order::Event::Returned { .. } => Some(back_on_the_shelf(units, format!("return:{order}"))),
        order::Event::Credited { reason: CreditReason::Return, .. } => {
            (units < 0).then(|| back_on_the_shelf(-units, format!("credit:{order}")))
        }
        order::Event::Credited { reason: CreditReason::Adjustment, .. }
        | order::Event::Confirmed { .. }
        | order::Event::PaymentRequested { .. }
        | order::Event::Paid { .. }
        | order::Event::PaymentFailed { .. }
        | order::Event::Fulfilled { .. }
        | order::Event::ReturnRequested { .. }
        | order::Event::ReturnRejected { .. }
        | order::Event::Refunded { .. } => None,
    };
    units_by_product(lines)
        .into_iter()
        .filter_map(|(product, units)| Some(StockCommand { product, command: command(units)? }))
        .collect()
}

fn back_on_the_shelf(units: i64, reference: String) -> stock::Command {
    stock::Command::Adjust {
        delta: units,
        reason: AdjustmentReason::Returned,
        reorder_level: None,
        reference: Some(reference),
    }
}

fn after_stock(event: &order::Event, answers: &[(StockCommand, StockAnswer)]) -> Step {
    match event {
        order::Event::Created { .. } => confirm_or_cancel(answers),
        order::Event::Canceled { credit: Some(_), .. } | order::Event::Returned { .. } => {
            Step::Payment(payment::Command::RequestRefund)
        }
        order::Event::Canceled { credit: None, .. }
        | order::Event::Shipped { .. }
        | order::Event::Credited { .. }
        | order::Event::Confirmed { .. }
        | order::Event::PaymentRequested { .. }
        | order::Event::Paid { .. }
        | order::Event::PaymentFailed { .. }
        | order::Event::Fulfilled { .. }
        | order::Event::ReturnRequested { .. }
        | order::Event::ReturnRejected { .. }
        | order::Event::Refunded { .. } => Step::Done,
    }
}

fn confirm_or_cancel(answers: &[(StockCommand, StockAnswer)]) -> Step {
    let short_lines: Vec<ShortLine> = answers.iter().filter_map(short_line).collect();
    if short_lines.is_empty() {
        return Step::Order(order::Command::Confirm);
    }
    let reason = CancelReason::OutOfStock;
    Step::Order(order::Command::Cancel { by: order::Asker::Shop, reason, short_lines })
}

fn short_line((asked_for, answer): &(StockCommand, StockAnswer)) -> Option<ShortLine> {
    let product_id = asked_for.product.clone();
    match answer {
        StockAnswer::Honoured => None,
        StockAnswer::Refused(stock::Rejection::Insufficient { asked, available }) => {
            Some(ShortLine { product_id, asked: *asked, available: *available })
        }
        StockAnswer::Refused(
            stock::Rejection::HeldDifferently { .. }
            | stock::Rejection::NothingToAdjust
            | stock::Rejection::TooMany
            | stock::Rejection::NothingToReserve
            | stock::Rejection::BadReorderLevel,
        ) => Some(ShortLine { product_id, asked: 0, available: 0 }),
    }
}

#[cfg(test)]
mod tests;
