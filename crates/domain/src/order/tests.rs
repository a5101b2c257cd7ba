//! The rule book of the order, as histories, commands and answers; and what no sequence of commands can break.

use super::*;
use crate::aggregate::testing::{Given, NOW, given};
use crate::ids::ProductId;
use crate::money::Money;
use crate::product::Offer;
use crate::time::MINUTE;

mod canceling;
mod delivering;
mod paying;
mod placing;
mod random;
mod returning;

const WINDOW: i64 = 30 * MINUTE;

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn product(id: &str) -> ProductId {
    id.try_into().unwrap()
}

fn customer(id: &str) -> CustomerId {
    id.try_into().unwrap()
}

fn offer(price: &str) -> Offer {
    Offer {
        title: "A book".into(),
        price: Money { amount: amount(price), currency: Currency::GBP },
        stock_tracked: true,
        discontinued: false,
    }
}

/// A line as it is asked for; the catalogue has the product at `price`.
fn wanted(id: &str, quantity: u32, price: &str) -> LineRequest {
    LineRequest { product: product(id), quantity, offer: Some(offer(price)), price_override: None }
}

fn placing(lines: Vec<LineRequest>) -> Placing {
    Placing {
        customer: customer("ada"),
        lines,
        currency: Currency::GBP,
        charges: Charges::default(),
        shipping_address: Address::default(),
        may_override_prices: false,
        payment_window: Some(WINDOW),
    }
}

fn place(placing: Placing) -> Command {
    Command::Place(Box::new(placing))
}

/// Two lines that come to 7.00.
fn two_lines() -> Placing {
    placing(vec![wanted("X", 2, "2.50"), wanted("Y", 1, "2")])
}

fn sale() -> Sale {
    Sale { currency: Currency::GBP, units: 3, amount: amount("7") }
}

fn head(status: Status, confirmed: bool) -> Head {
    Head { customer_id: customer("ada"), placed_at: NOW, status, confirmed }
}

/// The history of an order, told by the commands that made it.
fn told(commands: impl IntoIterator<Item = Command>) -> Vec<Event> {
    let (mut order, mut history) = (Order::default(), vec![]);
    for command in commands {
        for event in order.decide(command, &Context { now: NOW, occurred_at: NOW }).unwrap() {
            order.evolve(&event);
            history.push(event);
        }
    }
    history
}

fn pay() -> Command {
    pay_by(Asker::Customer(customer("ada")))
}

fn pay_by(by: Asker) -> Command {
    Command::RequestPayment {
        order: "O".try_into().unwrap(),
        by,
        method: PaymentMethod::Card,
        token: "tok".into(),
    }
}

fn paid(id: &str) -> Command {
    Command::RecordPaid { payment_id: id.into() }
}

fn failed(id: &str) -> Command {
    Command::RecordPaymentFailed { payment_id: id.into(), reason: "declined".into() }
}

fn ship() -> Command {
    Command::Ship { carrier: Some("post".into()), tracking_number: None }
}

fn cancel_by(by: Asker, reason: CancelReason) -> Command {
    Command::Cancel { by, reason, short_lines: vec![] }
}

fn request_return() -> Command {
    let by = Asker::Customer(customer("ada"));
    Command::RequestReturn { by, reason: "broken".into() }
}

fn reject_return() -> Command {
    Command::RejectReturn { reason: "not broken".into() }
}

/// The way of an order to the customer and back, command by command.
fn whole_way() -> Vec<Command> {
    vec![
        place(two_lines()),
        Command::Confirm,
        pay(),
        paid("O-1"),
        ship(),
        Command::Deliver,
        request_return(),
        Command::AcceptReturn,
    ]
}

/// An order that has come as far as `status` on its way.
fn order_that_is(status: Status) -> Given<Order> {
    let steps = match status {
        Status::Pending => 2,
        Status::Paid => 4,
        Status::Shipped => 5,
        Status::Fulfilled => 6,
        Status::ReturnRequested => 7,
        Status::Returned => 8,
        Status::Canceled => {
            let cancel = cancel_by(Asker::Staff, CancelReason::Staff);
            return given(told([place(two_lines()), Command::Confirm, cancel]));
        }
        Status::Credited => return given([returning::credited()]),
    };
    given(told(whole_way().into_iter().take(steps)))
}

fn wrong(status: Status, needed: &'static str) -> Rejection {
    Rejection::WrongStatus { status, needed: needed.into() }
}

#[test]
fn an_order_that_was_never_placed_is_not_found() {
    for command in whole_way().into_iter().skip(1) {
        given::<Order>([]).when(command).then_rejected(Rejection::NotFound);
    }
    given::<Order>([])
        .when(cancel_by(Asker::Staff, CancelReason::Staff))
        .then_rejected(Rejection::NotFound);
}

#[test]
fn every_command_of_the_way_changes_nothing_when_repeated() {
    for steps in 1..=whole_way().len() {
        let commands: Vec<_> = whole_way().into_iter().take(steps).collect();
        let last = commands.last().cloned().unwrap();
        let history = told(commands);
        if last == pay() {
            given::<Order>(history).when(last).then_rejected(Rejection::PaymentInProgress);
        } else {
            given::<Order>(history).when(last).then([]);
        }
    }
}
