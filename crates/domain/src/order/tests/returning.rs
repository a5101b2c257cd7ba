//! Coming back: returns and their decision, refunds, and credit notes.

use super::*;

fn refunded(payment_id: &str) -> Command {
    Command::RecordRefunded { payment_id: payment_id.into(), amount: amount("7") }
}

fn credit_line(quantity: i64) -> Line {
    Line {
        product_id: product("X"),
        title: "A book".into(),
        unit_price: amount("2.50"),
        quantity,
        stock_tracked: true,
    }
}

fn credit(lines: Vec<Line>) -> Command {
    Command::Credit(Box::new(Crediting {
        customer: customer("ada"),
        lines,
        currency: Currency::GBP,
        reason: CreditReason::Return,
    }))
}

pub(super) fn credited() -> Event {
    Event::Credited {
        head: head(Status::Credited, false),
        lines: vec![credit_line(-2)],
        reason: CreditReason::Return,
        credit: Sale { currency: Currency::GBP, units: -2, amount: amount("-5") },
    }
}

#[test]
fn what_was_delivered_can_be_sent_back() {
    order_that_is(Status::Fulfilled).when(request_return()).then([Event::ReturnRequested {
        head: head(Status::ReturnRequested, true),
        reason: "broken".into(),
    }]);
    order_that_is(Status::Returned).when(request_return()).then([]);
    for status in [Status::Pending, Status::Paid, Status::Shipped, Status::Canceled] {
        order_that_is(status).when(request_return()).then_rejected(wrong(status, "FULFILLED"));
    }
}

#[test]
fn nobody_sends_back_another_customers_order() {
    let by = Asker::Customer(customer("eve"));
    let command = Command::RequestReturn { by, reason: "mine".into() };
    order_that_is(Status::Fulfilled).when(command).then_rejected(Rejection::NotYours);
}

#[test]
fn a_return_that_is_accepted_credits_what_was_sold() {
    order_that_is(Status::ReturnRequested)
        .when(Command::AcceptReturn)
        .then([Event::Returned { head: head(Status::Returned, true), credit: sale() }]);
    for status in
        [Status::Pending, Status::Paid, Status::Shipped, Status::Fulfilled, Status::Canceled]
    {
        order_that_is(status)
            .when(Command::AcceptReturn)
            .then_rejected(wrong(status, "RETURN_REQUESTED"));
    }
}

#[test]
fn a_return_that_is_refused_leaves_the_order_delivered() {
    let event =
        Event::ReturnRejected { head: head(Status::Fulfilled, true), reason: "not broken".into() };
    order_that_is(Status::ReturnRequested).when(reject_return()).then([event]);
    for status in [Status::Paid, Status::Fulfilled, Status::Returned] {
        order_that_is(status)
            .when(reject_return())
            .then_rejected(wrong(status, "RETURN_REQUESTED"));
    }
}

#[test]
fn refusing_a_return_twice_changes_nothing_and_it_can_be_asked_for_again() {
    let commands = || whole_way().into_iter().take(7).chain([reject_return()]);
    given::<Order>(told(commands())).when(reject_return()).then([]);
    let again = || commands().chain([request_return()]);
    assert_eq!(given::<Order>(told(again())).when(reject_return()).events().len(), 1);
    assert_eq!(given::<Order>(told(again())).when(Command::AcceptReturn).events().len(), 1);
}

#[test]
fn a_refund_is_noted_once_and_keeps_the_status() {
    order_that_is(Status::Returned).when(refunded("O-1")).then([Event::Refunded {
        head: head(Status::Returned, true),
        payment_id: "O-1".into(),
        amount: amount("7"),
        currency: Currency::GBP,
    }]);
    let history = told(whole_way().into_iter().chain([refunded("O-1")]));
    given::<Order>(history).when(refunded("O-1")).then([]);
}

#[test]
fn a_credit_note_has_the_signed_sum_of_its_lines() {
    given::<Order>([]).when(credit(vec![credit_line(-2)])).then([credited()]);
}

#[test]
fn a_credit_note_needs_from_one_to_two_thousand_lines() {
    given::<Order>([]).when(credit(vec![])).then_rejected(Rejection::NoLines);
    given::<Order>([])
        .when(credit(vec![credit_line(-1); 2_001]))
        .then_rejected(Rejection::TooManyLines(2_001));
    given::<Order>([])
        .when(credit(vec![credit_line(i64::MIN)]))
        .then_rejected(Rejection::TotalTooLarge);
}

#[test]
fn a_credit_note_never_changes() {
    let note = || given::<Order>([credited()]);
    note().when(credit(vec![credit_line(-2)])).then([]);
    note().when(credit(vec![credit_line(-3)])).then_rejected(Rejection::AlreadyExists);
    note().when(place(two_lines())).then_rejected(Rejection::AlreadyExists);
    for command in whole_way().into_iter().skip(1) {
        note().when(command).then_rejected(wrong(Status::Credited, "an order"));
    }
    given::<Order>(told([place(two_lines())]))
        .when(credit(vec![credit_line(-2)]))
        .then_rejected(Rejection::AlreadyExists);
}
