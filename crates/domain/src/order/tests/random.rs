//! What no sequence of commands can break.

use proptest::prelude::*;

use super::*;

fn any_asker() -> impl Strategy<Value = Asker> {
    prop::sample::select(vec![
        Asker::Customer(customer("ada")),
        Asker::Customer(customer("eve")),
        Asker::Staff,
        Asker::Shop,
    ])
}

fn any_payment_id() -> impl Strategy<Value = String> {
    (1..7).prop_map(|attempt| format!("O-{attempt}"))
}

fn any_command() -> impl Strategy<Value = Command> {
    let reason = prop::sample::select(vec![
        CancelReason::Customer,
        CancelReason::Staff,
        CancelReason::Expired,
        CancelReason::OutOfStock,
    ]);
    let on_the_way = prop::sample::select(whole_way());
    prop_oneof![
        6 => on_the_way,
        2 => any_asker().prop_map(pay_by),
        2 => any_payment_id().prop_map(|id| paid(&id)),
        4 => any_payment_id().prop_map(|id| failed(&id)),
        1 => (any_asker(), reason).prop_map(|(by, reason)| cancel_by(by, reason)),
        1 => Just(reject_return()),
        1 => any_payment_id().prop_map(|payment_id| {
            Command::RecordRefunded { payment_id, amount: amount("7") }
        }),
    ]
}

/// PENDING → PAID → SHIPPED → FULFILLED and the ways back; staying is always allowed.
fn is_allowed(from: Status, to: Status) -> bool {
    use Status::{Canceled, Fulfilled, Paid, Pending, ReturnRequested, Returned, Shipped};
    from == to
        || matches!(
            (from, to),
            (Pending, Paid | Canceled)
                | (Paid, Shipped | Canceled)
                | (Shipped, Fulfilled)
                | (Fulfilled, ReturnRequested)
                | (ReturnRequested, Returned | Fulfilled)
        )
}

/// What an event may never do to an order that stood as `before`.
fn keeps_the_rules(before: &Placed, event: &Event, after: &Placed) {
    let (old, new) = (&before.head, &after.head);
    assert!(is_allowed(old.status, new.status), "{} to {}", old.status, new.status);
    assert_eq!(new, event.head(), "the head of an event is that of the state after it");
    assert_eq!((&old.customer_id, old.placed_at), (&new.customer_id, new.placed_at));
    assert!(new.confirmed || !old.confirmed, "what was held stays confirmed");
    assert_eq!((&before.lines, before.totals), (&after.lines, after.totals));
    assert!(after.attempts <= MOST_PAYMENT_ATTEMPTS);
    assert!(after.attempts >= before.attempts);
}

/// What is true of every order at any time.
fn is_sound(order: &Placed) {
    use Status::{Canceled, Pending};
    let status = order.head.status;
    assert_eq!(order.due().is_some(), status == Pending && order.paying.is_none());
    assert!(order.paying.is_none() || (status == Pending && order.head.confirmed));
    assert!(order.paid_by.is_some() || matches!(status, Pending | Canceled));
    assert!(order.paid_by.is_none() || (status != Pending && order.head.confirmed));
}

proptest! {
    #[test]
    fn no_sequence_of_commands_breaks_an_order(
        commands in prop::collection::vec(any_command(), 0..60)
    ) {
        let context = Context { now: NOW, occurred_at: NOW };
        let mut order = given::<Order>(told([place(two_lines())])).state();
        for command in commands {
            let Ok(events) = order.decide(command.clone(), &context) else { continue };
            for event in &events {
                let before = order.placed().unwrap().clone();
                order.evolve(event);
                keeps_the_rules(&before, event, order.placed().unwrap());
            }
            is_sound(order.placed().unwrap());
            if let Ok(again) = order.decide(command, &context) {
                prop_assert_eq!(again, vec![], "repeating what was honoured appends nothing");
            }
        }
    }

    #[test]
    fn an_event_that_cannot_happen_does_no_harm(
        commands in prop::collection::vec(any_command(), 0..20), seed in any::<prop::sample::Index>()
    ) {
        let history = told(whole_way());
        let stray = seed.get(&history).clone();
        let mut order = Order::default();
        order.evolve(&stray);
        let context = Context { now: NOW, occurred_at: NOW };
        for command in commands {
            for event in order.decide(command, &context).unwrap_or_default() {
                order.evolve(&event);
            }
        }
        let mut note = given::<Order>([returning::credited()]).state();
        let before = note.clone();
        note.evolve(&stray);
        prop_assert_eq!(note, before);
    }
}
