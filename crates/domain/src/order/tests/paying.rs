//! Paying: attempts, their outcome, and money that comes too late.

use super::*;

/// An order whose first `count` attempts were declined.
fn declined(count: i32) -> Vec<Event> {
    let mut commands = vec![place(two_lines()), Command::Confirm];
    for attempt in 1..=count {
        commands.extend([pay(), failed(&format!("O-{attempt}"))]);
    }
    told(commands)
}

fn paying() -> Vec<Event> {
    told([place(two_lines()), Command::Confirm, pay()])
}

#[test]
fn a_payment_asks_for_the_total_under_an_id_of_its_own() {
    order_that_is(Status::Pending).when(pay()).then([Event::PaymentRequested {
        head: head(Status::Pending, true),
        payment_id: "O-1".into(),
        attempt: 1,
        method: PaymentMethod::Card,
        token: "tok".into(),
        amount: amount("7"),
        currency: Currency::GBP,
    }]);
}

#[test]
fn nothing_is_paid_before_its_stock_is_held() {
    let placed = || told([place(two_lines())]);
    given::<Order>(placed()).when(pay()).then_rejected(Rejection::NotConfirmed);
    given::<Order>(placed()).when(paid("O-1")).then_rejected(Rejection::NotConfirmed);
}

#[test]
fn one_payment_is_under_way_at_a_time() {
    given::<Order>(paying()).when(pay()).then_rejected(Rejection::PaymentInProgress);
}

#[test]
fn nobody_pays_with_another_customers_order() {
    let eve = pay_by(Asker::Customer(customer("eve")));
    order_that_is(Status::Pending).when(eve).then_rejected(Rejection::NotYours);
    assert_eq!(order_that_is(Status::Pending).when(pay_by(Asker::Staff)).events().len(), 1);
}

#[test]
fn paying_what_is_paid_changes_nothing_and_what_is_given_up_cannot_be_paid() {
    for status in [Status::Paid, Status::Shipped, Status::Fulfilled] {
        order_that_is(status).when(pay()).then([]);
    }
    for status in [Status::Canceled, Status::ReturnRequested, Status::Returned] {
        order_that_is(status).when(pay()).then_rejected(wrong(status, "PENDING"));
    }
}

#[test]
fn captured_money_pays_the_order_once() {
    let event =
        Event::Paid { head: head(Status::Paid, true), payment_id: "O-1".into(), sale: sale() };
    given::<Order>(paying()).when(paid("O-1")).then([event]);
    for status in [Status::Paid, Status::Shipped, Status::Returned] {
        order_that_is(status).when(paid("O-1")).then([]);
    }
}

#[test]
fn money_for_an_order_that_no_longer_waits_is_refused() {
    let cancel = cancel_by(Asker::Staff, CancelReason::Staff);
    let canceled = told([place(two_lines()), Command::Confirm, pay(), cancel]);
    given::<Order>(canceled).when(paid("O-1")).then_rejected(wrong(Status::Canceled, "PENDING"));
    order_that_is(Status::Paid).when(paid("O-2")).then_rejected(wrong(Status::Paid, "PENDING"));
}

#[test]
fn a_declined_payment_leaves_the_order_waiting_for_the_next() {
    let event = Event::PaymentFailed {
        head: head(Status::Pending, true),
        payment_id: "O-1".into(),
        attempt: 1,
        reason: "declined".into(),
    };
    given::<Order>(paying()).when(failed("O-1")).then([event]);
    for attempts in 1..5 {
        let next = given::<Order>(declined(attempts)).when(pay()).events().remove(0);
        let id = format!("O-{}", attempts + 1);
        assert!(matches!(
            next,
            Event::PaymentRequested { payment_id, attempt, .. }
                if payment_id == id && attempt == attempts + 1
        ));
    }
}

#[test]
fn the_fifth_decline_gives_the_order_up() {
    let mut history = declined(4);
    let asked = given::<Order>(history.clone()).when(pay()).events();
    history.extend(asked);
    let last = Event::PaymentFailed {
        head: head(Status::Pending, true),
        payment_id: "O-5".into(),
        attempt: 5,
        reason: "declined".into(),
    };
    let given_up = Event::Canceled {
        head: head(Status::Canceled, true),
        reason: CancelReason::PaymentFailed,
        short_lines: vec![],
        credit: None,
    };
    given::<Order>(history).when(failed("O-5")).then([last, given_up]);
    given::<Order>(declined(5)).when(pay()).then_rejected(wrong(Status::Canceled, "PENDING"));
}

#[test]
fn a_decline_of_no_current_attempt_changes_nothing() {
    given::<Order>(paying()).when(failed("O-9")).then([]);
    given::<Order>(declined(1)).when(failed("O-1")).then([]);
    for status in [Status::Pending, Status::Paid, Status::Canceled] {
        order_that_is(status).when(failed("O-1")).then([]);
    }
}
