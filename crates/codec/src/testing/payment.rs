//! Arbitrary events of the payments of an order.

use chimera_domain::payment::{Charge, Event};
use proptest::prelude::*;

use super::order::payment_method;
use super::{money, text};

/// Any event of the payments of an order.
pub fn payment_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        charge().prop_map(|charge| Event::Requested { charge }),
        (text(), money(), text()).prop_map(|(payment_id, money, reference)| Event::Captured {
            payment_id,
            money,
            reference
        }),
        (text(), text()).prop_map(|(payment_id, reason)| Event::Declined { payment_id, reason }),
        (text(), money())
            .prop_map(|(payment_id, money)| Event::RefundRequested { payment_id, money }),
        (text(), money(), text()).prop_map(|(payment_id, money, reference)| Event::Refunded {
            payment_id,
            money,
            reference
        }),
        (text(), text())
            .prop_map(|(payment_id, reason)| Event::RefundFailed { payment_id, reason }),
    ]
}

fn charge() -> impl Strategy<Value = Charge> {
    (text(), money(), payment_method(), text())
        .prop_map(|(payment_id, money, method, token)| Charge { payment_id, money, method, token })
}
