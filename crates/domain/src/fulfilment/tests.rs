//! What follows from each event of an order; and that a crash anywhere, any number of times, changes nothing.

use std::collections::BTreeSet;

use super::*;
use crate::aggregate::{Aggregate, Context, DomainEvent};
use crate::money::{Amount, Currency};
use crate::order::{Address, Charges, LineRequest, PaymentMethod};
use crate::order::{Asker, Command, Crediting, Event, Placing};
use crate::time::Timestamp;

mod crashes;
mod shop;

const CONTEXT: Context = Context { now: Timestamp(0), occurred_at: Timestamp(0) };

fn id() -> OrderId {
    "O".try_into().unwrap()
}

fn product(id: &str) -> ProductId {
    id.try_into().unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// A line of a product; postage and the like start with a P and have no stock.
fn wanted(id: &str, quantity: u32) -> LineRequest {
    let price = crate::money::Money { amount: amount("2"), currency: Currency::GBP };
    let stock_tracked = !id.starts_with('P');
    let title = id.to_owned();
    let offer = crate::product::Offer { title, price, stock_tracked, discontinued: false };
    LineRequest { product: product(id), quantity, offer: Some(offer), price_override: None }
}

fn place(lines: Vec<LineRequest>) -> Command {
    Command::Place(Box::new(Placing {
        customer: "ada".try_into().unwrap(),
        lines,
        currency: Currency::GBP,
        charges: Charges::default(),
        shipping_address: Address::default(),
        may_override_prices: false,
        payment_window: None,
    }))
}

fn pay(order: OrderId) -> Command {
    let (by, method) = (Asker::Staff, PaymentMethod::Card);
    Command::RequestPayment { order, by, method, token: "tok".into() }
}

fn paid() -> Command {
    Command::RecordPaid { payment_id: "O-1".into() }
}

fn ship() -> Command {
    Command::Ship { carrier: None, tracking_number: None }
}

fn cancel() -> Command {
    Command::Cancel { by: Asker::Staff, reason: CancelReason::Staff, short_lines: vec![] }
}

fn request_return() -> Command {
    Command::RequestReturn { by: Asker::Staff, reason: "broken".into() }
}

/// X twice, once on each of two lines, one Y, and postage.
fn four_lines() -> Command {
    place(vec![wanted("X", 2), wanted("Y", 1), wanted("P", 1), wanted("X", 3)])
}

/// An order after some commands, and the last event of it.
fn told(commands: impl IntoIterator<Item = Command>) -> (Order, Event) {
    let (mut order, mut last) = (Order::default(), None);
    for command in commands {
        for event in order.decide(command, &CONTEXT).unwrap() {
            order.evolve(&event);
            last = Some(event);
        }
    }
    (order, last.unwrap())
}

fn first_step(commands: impl IntoIterator<Item = Command>) -> Step {
    let (order, event) = told(commands);
    next_step(&id(), &event, &order, Progress::Started)
}

fn step_after(
    commands: impl IntoIterator<Item = Command>,
    answers: &[(StockCommand, StockAnswer)],
) -> Step {
    let (order, event) = told(commands);
    next_step(&id(), &event, &order, Progress::StockAnswered(answers))
}

fn stock_command(of: &str, command: stock::Command) -> StockCommand {
    StockCommand { product: product(of), command }
}

fn reserve(of: &str, quantity: u32) -> StockCommand {
    stock_command(of, stock::Command::Reserve { order: id(), quantity })
}

fn commit(of: &str) -> StockCommand {
    stock_command(of, stock::Command::Commit { order: id() })
}

fn release(of: &str) -> StockCommand {
    stock_command(of, stock::Command::Release { order: id() })
}

fn put_back(of: &str, delta: i64, paper: &str) -> StockCommand {
    let (reason, reference) = (AdjustmentReason::Returned, Some(paper.to_owned()));
    stock_command(of, stock::Command::Adjust { delta, reason, reorder_level: None, reference })
}

fn honoured(command: StockCommand) -> (StockCommand, StockAnswer) {
    (command, StockAnswer::Honoured)
}

fn credit(reason: CreditReason, quantity: i64) -> Command {
    let line = Line {
        product_id: product("X"),
        title: "X".into(),
        unit_price: amount("2"),
        quantity,
        stock_tracked: true,
    };
    let (customer, currency) = ("ada".try_into().unwrap(), Currency::GBP);
    Command::Credit(Box::new(Crediting { customer, lines: vec![line], currency, reason }))
}

fn refund() -> Step {
    Step::Payment(payment::Command::RequestRefund)
}

#[test]
fn a_created_order_reserves_each_product_once_and_what_has_no_stock_not_at_all() {
    let expected = Step::Stock(vec![reserve("X", 5), reserve("Y", 1)]);
    assert_eq!(first_step([four_lines()]), expected);
}

#[test]
fn when_all_is_held_the_order_is_confirmed() {
    let answers = [honoured(reserve("X", 5)), honoured(reserve("Y", 1))];
    assert_eq!(step_after([four_lines()], &answers), Step::Order(Command::Confirm));
}

#[test]
fn an_order_of_postage_alone_is_confirmed_at_once() {
    assert_eq!(first_step([place(vec![wanted("P", 1)])]), Step::Order(Command::Confirm));
}

#[test]
fn one_refusal_gives_the_order_up_with_what_is_short() {
    let refused = |rejection| StockAnswer::Refused(rejection);
    let short = stock::Rejection::Insufficient { asked: 5, available: 4 };
    let odd = stock::Rejection::HeldDifferently { held: 2, asked: 1 };
    let answers = [(reserve("X", 5), refused(short)), (reserve("Y", 1), refused(odd))];
    let short_line = |of, asked, available| ShortLine { product_id: product(of), asked, available };
    let expected = Command::Cancel {
        by: Asker::Shop,
        reason: CancelReason::OutOfStock,
        short_lines: vec![short_line("X", 5, 4), short_line("Y", 0, 0)],
    };
    assert_eq!(step_after([four_lines()], &answers), Step::Order(expected));
}

#[test]
fn an_order_that_was_decided_since_takes_no_stock() {
    let (_, created) = told([four_lines()]);
    let ways =
        [vec![Command::Confirm], vec![cancel()], vec![Command::Confirm, pay(id()), paid(), ship()]];
    for way in ways {
        let (now, _) = told([four_lines()].into_iter().chain(way));
        assert_eq!(next_step(&id(), &created, &now, Progress::Started), Step::Done);
    }
}

#[test]
fn what_is_shipped_leaves_the_stock() {
    let way = || [four_lines(), Command::Confirm, pay(id()), paid(), ship()];
    assert_eq!(first_step(way()), Step::Stock(vec![commit("X"), commit("Y")]));
    let answers = [honoured(commit("X")), honoured(commit("Y"))];
    assert_eq!(step_after(way(), &answers), Step::Done);
}

#[test]
fn what_is_given_up_goes_back_on_the_shelf() {
    let way = || [four_lines(), cancel()];
    assert_eq!(first_step(way()), Step::Stock(vec![release("X"), release("Y")]));
    let answers = [honoured(release("X")), honoured(release("Y"))];
    assert_eq!(step_after(way(), &answers), Step::Done);
}

#[test]
fn what_is_given_up_after_it_was_paid_is_refunded_too() {
    let way = || [four_lines(), Command::Confirm, pay(id()), paid(), cancel()];
    let answers = [honoured(release("X")), honoured(release("Y"))];
    assert_eq!(step_after(way(), &answers), refund());
}

#[test]
fn what_comes_back_is_put_back_once_and_refunded() {
    let way = || {
        let bought = [four_lines(), Command::Confirm, pay(id()), paid(), ship()];
        bought.into_iter().chain([Command::Deliver, request_return(), Command::AcceptReturn])
    };
    let back = || [put_back("X", 5, "return:O"), put_back("Y", 1, "return:O")];
    assert_eq!(first_step(way()), Step::Stock(back().to_vec()));
    assert_eq!(step_after(way(), &back().map(honoured)), refund());
}

#[test]
fn a_credit_note_for_returned_goods_puts_them_back_and_moves_no_money() {
    let way = || [credit(CreditReason::Return, -4)];
    assert_eq!(first_step(way()), Step::Stock(vec![put_back("X", 4, "credit:O")]));
    assert_eq!(step_after(way(), &[honoured(put_back("X", 4, "credit:O"))]), Step::Done);
}

#[test]
fn a_credit_note_that_brings_nothing_back_leaves_the_stock_alone() {
    assert_eq!(first_step([credit(CreditReason::Adjustment, -4)]), Step::Done);
    assert_eq!(first_step([credit(CreditReason::Return, 4)]), Step::Done);
}

/// All that can happen to one order that is neither canceled nor a credit note.
fn whole_way() -> [Command; 13] {
    [
        four_lines(),
        Command::Confirm,
        pay(id()),
        Command::RecordPaymentFailed { payment_id: "O-1".into(), reason: "no".into() },
        pay(id()),
        paid(),
        ship(),
        Command::Deliver,
        request_return(),
        Command::RejectReturn { reason: "no".into() },
        request_return(),
        Command::AcceptReturn,
        Command::RecordRefunded { payment_id: "O-1".into(), amount: amount("12") },
    ]
}

#[test]
fn nothing_follows_from_the_other_events_and_they_are_said_not_to_concern() {
    let way = whole_way();
    for steps in 1..=way.len() {
        let (order, event) = told(way.iter().take(steps).cloned());
        let step = next_step(&id(), &event, &order, Progress::Started);
        assert_eq!(concerns(&event), step != Step::Done, "{event:?}");
    }
}

#[test]
fn the_types_that_are_read_are_those_of_the_events_that_concern() {
    let way = whole_way();
    let mut told_all: Vec<Event> =
        (1..=way.len()).map(|steps| told(way.iter().take(steps).cloned()).1).collect();
    told_all.push(told([four_lines(), cancel()]).1);
    told_all.push(told([credit(CreditReason::Return, -4)]).1);
    let told_types: BTreeSet<&str> = told_all.iter().map(Event::event_type).collect();
    assert_eq!(told_types, Event::TYPES.iter().copied().collect(), "every kind has happened");
    for event in told_all {
        assert_eq!(EVENT_TYPES.contains(&event.event_type()), concerns(&event), "{event:?}");
    }
}
