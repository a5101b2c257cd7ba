//! Giving up: who may, until when, and what happens by itself when nobody pays.

use super::*;

fn canceled(reason: CancelReason, credit: Option<Sale>) -> Event {
    let head = head(Status::Canceled, true);
    Event::Canceled { head, reason, short_lines: vec![], credit }
}

fn customer_cancels(id: &str) -> Command {
    cancel_by(Asker::Customer(customer(id)), CancelReason::Customer)
}

fn staff_cancels() -> Command {
    cancel_by(Asker::Staff, CancelReason::Staff)
}

fn expires() -> Command {
    cancel_by(Asker::Shop, CancelReason::Expired)
}

#[test]
fn a_customer_gives_up_an_order_of_their_own_while_it_is_pending() {
    order_that_is(Status::Pending)
        .when(customer_cancels("ada"))
        .then([canceled(CancelReason::Customer, None)]);
    for status in [Status::Pending, Status::Paid, Status::Canceled] {
        order_that_is(status).when(customer_cancels("eve")).then_rejected(Rejection::NotYours);
    }
    order_that_is(Status::Paid).when(customer_cancels("ada")).then_rejected(Rejection::StaffOnly);
}

#[test]
fn staff_give_up_what_is_pending_or_paid_and_what_was_sold_is_credited() {
    order_that_is(Status::Pending)
        .when(staff_cancels())
        .then([canceled(CancelReason::Staff, None)]);
    order_that_is(Status::Paid)
        .when(staff_cancels())
        .then([canceled(CancelReason::Staff, Some(sale()))]);
}

#[test]
fn what_has_left_the_building_is_not_given_up() {
    for status in [Status::Shipped, Status::Fulfilled, Status::ReturnRequested, Status::Returned] {
        for command in [customer_cancels("ada"), staff_cancels(), expires()] {
            order_that_is(status).when(command).then_rejected(wrong(status, "PENDING or PAID"));
        }
    }
}

#[test]
fn giving_up_twice_changes_nothing() {
    for command in [customer_cancels("ada"), staff_cancels(), expires()] {
        order_that_is(Status::Canceled).when(command).then([]);
    }
}

#[test]
fn a_rule_of_the_shop_that_comes_too_late_never_undoes_a_payment() {
    for reason in [CancelReason::Expired, CancelReason::OutOfStock] {
        order_that_is(Status::Paid)
            .when(cancel_by(Asker::Shop, reason))
            .then_rejected(wrong(Status::Paid, "PENDING"));
    }
}

#[test]
fn what_could_not_be_had_is_told() {
    let short = ShortLine { product_id: product("X"), asked: 2, available: 1 };
    let command = Command::Cancel {
        by: Asker::Shop,
        reason: CancelReason::OutOfStock,
        short_lines: vec![short.clone()],
    };
    given::<Order>(told([place(two_lines())])).when(command).then([Event::Canceled {
        head: head(Status::Canceled, false),
        reason: CancelReason::OutOfStock,
        short_lines: vec![short],
        credit: None,
    }]);
}

#[test]
fn an_order_that_nobody_pays_expires_when_its_window_ends() {
    let (at, command) = order_that_is(Status::Pending).state().due().unwrap();
    assert_eq!((at, command.clone()), (NOW.plus(WINDOW), expires()));
    order_that_is(Status::Pending).when(command).then([canceled(CancelReason::Expired, None)]);
}

#[test]
fn nothing_expires_while_a_payment_is_under_way() {
    let paying = || told([place(two_lines()), Command::Confirm, pay()]);
    assert_eq!(given::<Order>(paying()).state().due(), None);
    given::<Order>(paying()).when(expires()).then_rejected(Rejection::PaymentInProgress);
    let history = told([place(two_lines()), Command::Confirm, pay(), failed("O-1")]);
    let due = given::<Order>(history).state().due();
    assert_eq!(due, Some((NOW.plus(WINDOW), expires())));
}

#[test]
fn a_customer_may_give_up_while_a_payment_is_under_way() {
    given::<Order>(told([place(two_lines()), Command::Confirm, pay()]))
        .when(customer_cancels("ada"))
        .then([canceled(CancelReason::Customer, None)]);
}

#[test]
fn only_what_is_pending_expires_and_an_import_never_does() {
    for status in [
        Status::Paid,
        Status::Shipped,
        Status::Fulfilled,
        Status::Canceled,
        Status::ReturnRequested,
        Status::Returned,
        Status::Credited,
    ] {
        assert_eq!(order_that_is(status).state().due(), None, "{status}");
    }
    let imported = Placing { payment_window: None, ..two_lines() };
    assert_eq!(given::<Order>(told([place(imported)])).state().due(), None);
}
