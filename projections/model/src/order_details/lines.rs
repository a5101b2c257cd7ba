//! The rows of `order_lines`: written once, by the event that places an order or notes a credit.

use chimera_domain::order::{Event, Line};
use chimera_domain::recorded::Recorded;

use super::ORDER_LINES;
use crate::{Mutation, Value};

pub(super) fn rows(recorded: &Recorded<Event>) -> Vec<Mutation> {
    let lines = match &recorded.event {
        Event::Created { lines, .. } | Event::Credited { lines, .. } => lines,
        Event::Confirmed { .. }
        | Event::PaymentRequested { .. }
        | Event::Paid { .. }
        | Event::PaymentFailed { .. }
        | Event::Shipped { .. }
        | Event::Fulfilled { .. }
        | Event::Canceled { .. }
        | Event::ReturnRequested { .. }
        | Event::ReturnRejected { .. }
        | Event::Returned { .. }
        | Event::Refunded { .. } => return vec![],
    };
    lines.iter().enumerate().map(|(index, line)| row(recorded, index + 1, line)).collect()
}

fn row(recorded: &Recorded<Event>, ordinal: usize, line: &Line) -> Mutation {
    let cells = vec![
        ("product_id", line.product_id.as_key().as_ref().into()),
        ("title", (&line.title).into()),
        ("unit_price", line.unit_price.into()),
        ("quantity", line.quantity.into()),
        ("line_total", line.total().map_or(Value::Null, Value::Decimal)),
        ("stock_tracked", line.stock_tracked.into()),
    ];
    let key = [recorded.key.as_ref().into(), ordinal.into()];
    Mutation::upsert(&ORDER_LINES, key, recorded.meta.aggregate_version, cells)
}
