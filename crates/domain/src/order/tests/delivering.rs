//! On its way: shipped when paid, delivered when shipped.

use super::*;

#[test]
fn a_paid_order_is_shipped() {
    order_that_is(Status::Paid).when(ship()).then([Event::Shipped {
        head: head(Status::Shipped, true),
        carrier: Some("post".into()),
        tracking_number: None,
    }]);
}

#[test]
fn only_a_paid_order_is_shipped() {
    for status in [Status::Pending, Status::Canceled, Status::ReturnRequested, Status::Returned] {
        order_that_is(status).when(ship()).then_rejected(wrong(status, "PAID"));
    }
    order_that_is(Status::Fulfilled).when(ship()).then([]);
}

#[test]
fn a_shipped_order_is_delivered() {
    order_that_is(Status::Shipped)
        .when(Command::Deliver)
        .then([Event::Fulfilled { head: head(Status::Fulfilled, true) }]);
}

#[test]
fn only_a_shipped_order_is_delivered() {
    for status in
        [Status::Pending, Status::Paid, Status::Canceled, Status::ReturnRequested, Status::Returned]
    {
        order_that_is(status).when(Command::Deliver).then_rejected(wrong(status, "SHIPPED"));
    }
}
