//! Arbitrary events of a stock.

use chimera_domain::stock::{AdjustmentReason, Balance, Event};
use proptest::prelude::*;

use super::{maybe, order_id, text};

/// Any event of a stock.
pub fn stock_event() -> impl Strategy<Value = Event> {
    let held = || (order_id(), any::<u32>(), balance());
    prop_oneof![
        adjusted(),
        held().prop_map(|(order_id, quantity, balance)| Event::Reserved {
            order_id,
            quantity,
            balance
        }),
        held().prop_map(|(order_id, quantity, balance)| Event::Released {
            order_id,
            quantity,
            balance
        }),
        held().prop_map(|(order_id, quantity, balance)| Event::Committed {
            order_id,
            quantity,
            balance
        }),
        any::<(i64, i64)>()
            .prop_map(|(available, reorder_level)| Event::Low { available, reorder_level }),
    ]
}

fn adjusted() -> impl Strategy<Value = Event> {
    let reason = prop::sample::select(vec![
        AdjustmentReason::Received,
        AdjustmentReason::Count,
        AdjustmentReason::Damaged,
        AdjustmentReason::Sensor,
        AdjustmentReason::Returned,
        AdjustmentReason::Imported,
    ]);
    (any::<(i64, i64)>(), reason, maybe(text()), balance()).prop_map(
        |((delta, reorder_level), reason, reference, balance)| Event::Adjusted {
            delta,
            reason,
            reorder_level,
            reference,
            balance,
        },
    )
}

fn balance() -> impl Strategy<Value = Balance> {
    any::<(i64, i64)>().prop_map(|(on_hand, reserved)| Balance { on_hand, reserved })
}
