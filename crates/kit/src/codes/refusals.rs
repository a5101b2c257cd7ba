//! The codes with which the rules say no; the status follows from the kind of refusal.

use super::{Code, code};

/// The codes with which the rules say no.
pub const REFUSALS: &[Code] = &[
    code(
        "product.already_exists",
        409,
        "The product id is taken",
        "Change it with PATCH, or choose another id.",
    ),
    code(
        "product.not_found",
        404,
        "There is no such product",
        "Check the id; it is case-sensitive.",
    ),
    code("product.discontinued", 409, "The product is discontinued", "Relist it first."),
    code("product.negative_price", 422, "A price is below zero", "Send a price of at least 0."),
    code(
        "product.other_currency",
        409,
        "The product has another currency",
        "Keep the currency of the product.",
    ),
    code(
        "product.price_out_of_order",
        409,
        "A newer price is there",
        "Send the change with a later time.",
    ),
    code(
        "stock.insufficient",
        409,
        "Too few are available",
        "Ask for fewer, or wait for a delivery.",
    ),
    code("stock.held_differently", 409, "The order holds another number", "Release it first."),
    code(
        "stock.nothing_to_adjust",
        422,
        "The adjustment changes nothing",
        "Send a delta other than 0 or another reorder level.",
    ),
    code("stock.too_many", 422, "More than a shelf holds", "Check the delta."),
    code("stock.nothing_to_reserve", 422, "Nothing is to be reserved", "Ask for at least 1 unit."),
    code(
        "stock.bad_reorder_level",
        422,
        "The reorder level is out of range",
        "Send a level of at least 0.",
    ),
    code("order.not_found", 404, "There is no such order", "Check the id."),
    code(
        "order.already_exists",
        409,
        "The order id is taken",
        "Use a new Idempotency-Key for a new order.",
    ),
    code("order.no_lines", 422, "The order has no lines", "Send at least one line."),
    code(
        "order.too_many_lines",
        422,
        "The order has too many lines",
        "Split it into orders of at most 2,000 lines.",
    ),
    code(
        "order.bad_quantity",
        422,
        "A quantity is out of range",
        "Order 1 to 100,000 units a line.",
    ),
    code(
        "order.unknown_product",
        422,
        "A product is not in the catalogue",
        "Check the product id of the line that `field` names.",
    ),
    code("order.product_discontinued", 409, "A product takes no new orders", "Leave the line out."),
    code(
        "order.override_not_allowed",
        403,
        "Prices come from the catalogue",
        "Leave unitPrice out.",
    ),
    code("order.negative_price", 422, "A price is below zero", "Send a price of at least 0."),
    code(
        "order.other_currency",
        422,
        "A product has another currency",
        "Order in the currency of the products.",
    ),
    code("order.total_too_large", 422, "The total is too large", "Split the order."),
    code(
        "order.negative_charge",
        422,
        "A charge is below zero",
        "Check discount, tax and shipping.",
    ),
    code(
        "order.wrong_status",
        409,
        "The order's status does not allow this",
        "GET the order and see its status.",
    ),
    code(
        "order.not_confirmed",
        409,
        "The stock is not reserved yet",
        "Try again in a moment, or place orders with Prefer: wait=5.",
    ),
    code("order.payment_in_progress", 409, "A payment is in progress", "Wait for its outcome."),
    code(
        "order.not_yours",
        403,
        "The order belongs to somebody else",
        "Only the customer who placed it, or staff, may do this.",
    ),
    code(
        "order.staff_only",
        403,
        "Only staff may do this now",
        "Ask the shop, or return the order.",
    ),
    code(
        "payment.another_attempt",
        409,
        "Another payment is under way or done",
        "GET the order and see its status.",
    ),
    code(
        "payment.not_under_way",
        409,
        "The payment is not under way",
        "GET the order and see its status.",
    ),
    code("payment.no_refund", 409, "No refund is under way", "GET the order and see its status."),
];
