//! The answer made of the rows of `order_details` and `order_lines`.

use chimera_domain::order::Address;
use chimera_model::Row;
use chimera_query::Cells;

use super::{
    AddressBody, CancellationBody, LineBody, OrderBody, PaymentBody, ReturnBody, ShipmentBody,
    TotalsBody,
};

/// The order; none where only its payment has been read so far.
pub(crate) fn from_rows(order: &Row, lines: &[Row]) -> Option<OrderBody> {
    let cells = Cells(order);
    Some(OrderBody {
        order_id: cells.key_text(0),
        kind: cells.text("kind")?,
        customer_id: cells.text("customer_id")?,
        placed_at: cells.time("placed_at")?,
        status: cells.text("status")?,
        confirmed: cells.boolean("confirmed").unwrap_or_default(),
        totals: totals(cells),
        currency: cells.text("currency").and_then(|currency| currency.parse().ok()),
        lines: lines.iter().filter_map(line).collect(),
        shipping_address: cells.json::<Address>("shipping_address").map(AddressBody::from),
        pay_by: cells.time("pay_by"),
        payment: payment(cells),
        shipment: shipment(cells),
        cancellation: cancellation(cells),
        returning: returning(cells),
        version: cells.integer("version")?.unsigned_abs(),
    })
}

fn totals(cells: Cells<'_>) -> Option<TotalsBody> {
    Some(TotalsBody {
        currency: cells.text("currency")?.parse().ok()?,
        subtotal: cells.amount("subtotal")?,
        discount: cells.amount("discount")?,
        tax: cells.amount("tax")?,
        shipping: cells.amount("shipping")?,
        total: cells.amount("total")?,
        units: cells.integer("units")?,
    })
}

fn line(row: &Row) -> Option<LineBody> {
    let cells = Cells(row);
    Some(LineBody {
        product_id: cells.text("product_id")?,
        title: cells.text("title")?,
        unit_price: cells.amount("unit_price")?,
        quantity: cells.integer("quantity")?,
    })
}

fn payment(cells: Cells<'_>) -> Option<PaymentBody> {
    let attempts = cells.integer("attempts").unwrap_or_default();
    let state = cells.text("payment_state");
    if attempts == 0 && state.is_none() {
        return None;
    }
    Some(PaymentBody {
        state,
        attempts,
        payment_id: cells.text("payment_id"),
        method: cells.text("payment_method"),
        amount: cells.money("payment_amount", "payment_currency"),
        failure: cells.text("payment_failure"),
        paid_at: cells.time("paid_at"),
        refunded: cells.money("refunded_amount", "currency"),
        refunded_at: cells.time("refunded_at"),
    })
}

fn shipment(cells: Cells<'_>) -> Option<ShipmentBody> {
    Some(ShipmentBody {
        shipped_at: cells.time("shipped_at")?,
        carrier: cells.text("carrier"),
        tracking_number: cells.text("tracking_number"),
        delivered_at: cells.time("fulfilled_at"),
    })
}

fn cancellation(cells: Cells<'_>) -> Option<CancellationBody> {
    Some(CancellationBody {
        reason: cells.text("cancel_reason")?,
        canceled_at: cells.time("canceled_at")?,
        short_lines: cells.json("short_lines").unwrap_or_default(),
    })
}

fn returning(cells: Cells<'_>) -> Option<ReturnBody> {
    Some(ReturnBody {
        reason: cells.text("return_reason")?,
        rejection: cells.text("return_rejection"),
        returned_at: cells.time("returned_at"),
    })
}
