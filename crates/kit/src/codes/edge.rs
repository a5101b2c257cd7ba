//! The codes that any service may answer with, one constant each.

use super::{Code, code};

/// The request cannot be read
pub const REQUEST_MALFORMED: Code = code(
    "request.malformed",
    400,
    "The request cannot be read",
    "Send one complete JSON document; `field` says where reading stopped.",
);
/// The request has a wrong or unknown field
pub const REQUEST_INVALID: Code = code(
    "request.invalid",
    422,
    "The request has a wrong or unknown field",
    "Correct the field that `field` names.",
);
/// A query or path parameter is wrong
pub const REQUEST_BAD_PARAMETER: Code = code(
    "request.bad_parameter",
    400,
    "A query or path parameter is wrong",
    "Correct the parameter that `field` names.",
);
/// The request body is too large
pub const REQUEST_TOO_LARGE: Code = code(
    "request.too_large",
    413,
    "The request body is too large",
    "Send at most 2 MiB; split the request.",
);
/// The body is not JSON
pub const REQUEST_UNSUPPORTED_MEDIA_TYPE: Code = code(
    "request.unsupported_media_type",
    415,
    "The body is not JSON",
    "Send the header Content-Type: application/json.",
);
/// The request took too long
pub const REQUEST_TIMED_OUT: Code = code(
    "request.timed_out",
    503,
    "The request took too long",
    "Repeat it, with the same Idempotency-Key.",
);
/// There is no such address
pub const ROUTE_NOT_FOUND: Code =
    code("route.not_found", 404, "There is no such address", "Look the address up in /docs.");
/// The address does not take this method
pub const ROUTE_METHOD_NOT_ALLOWED: Code = code(
    "route.method_not_allowed",
    405,
    "The address does not take this method",
    "The header Allow lists the methods it takes.",
);
/// A token is needed
pub const AUTH_TOKEN_MISSING: Code =
    code("auth.token_missing", 401, "A token is needed", "Send Authorization: Bearer <token>.");
/// The token is not valid
pub const AUTH_TOKEN_INVALID: Code =
    code("auth.token_invalid", 401, "The token is not valid", "Ask the issuer for a new token.");
/// The token has expired
pub const AUTH_TOKEN_EXPIRED: Code =
    code("auth.token_expired", 401, "The token has expired", "Ask the issuer for a new token.");
/// The token lacks a scope
pub const AUTH_SCOPE_MISSING: Code = code(
    "auth.scope_missing",
    403,
    "The token lacks a scope",
    "Ask for a token with the scope that `detail` names.",
);
/// This belongs to somebody else
pub const AUTH_NOT_YOURS: Code = code(
    "auth.not_yours",
    403,
    "This belongs to somebody else",
    "Only the customer concerned, or staff, may do this.",
);
/// The request comes from another site
pub const AUTH_CROSS_SITE: Code = code(
    "auth.cross_site",
    403,
    "The request comes from another site",
    "Without tokens, ask from this machine by localhost or a loopback address, not from a page of another site.",
);
/// An Idempotency-Key is needed
pub const IDEMPOTENCY_KEY_REQUIRED: Code = code(
    "idempotency.key_required",
    400,
    "An Idempotency-Key is needed",
    "Send the header Idempotency-Key, one new value for each new request.",
);
/// The Idempotency-Key is not valid
pub const IDEMPOTENCY_KEY_INVALID: Code = code(
    "idempotency.key_invalid",
    400,
    "The Idempotency-Key is not valid",
    "Use 1 to 200 visible ASCII characters.",
);
/// The key was used with another request
pub const IDEMPOTENCY_KEY_REUSED: Code = code(
    "idempotency.key_reused",
    422,
    "The key was used with another request",
    "Use a new key for a new request.",
);
/// Too many requests are queued
pub const ENGINE_SATURATED: Code = code(
    "engine.saturated",
    503,
    "Too many requests are queued",
    "Repeat the request after Retry-After seconds, with the same Idempotency-Key.",
);
/// The log cannot take the command now
pub const LOG_UNAVAILABLE: Code = code(
    "log.unavailable",
    503,
    "The log cannot take the command now",
    "Nothing was written. Repeat the request after Retry-After seconds.",
);
/// It is not known yet whether this was done
pub const COMMAND_OUTCOME_UNKNOWN: Code = code(
    "command.outcome_unknown",
    503,
    "It is not known yet whether this was done",
    "Repeat the request with the same Idempotency-Key; it is never done twice.",
);
/// This process does not own the partition now
pub const PARTITION_NOT_OWNED: Code = code(
    "partition.not_owned",
    503,
    "This process does not own the partition now",
    "Repeat the request after Retry-After seconds.",
);
/// The read model is behind the position asked for
pub const READ_NOT_CAUGHT_UP: Code = code(
    "read.not_caught_up",
    503,
    "The read model is behind the position asked for",
    "Repeat the request after Retry-After seconds.",
);
/// The read store cannot answer now
pub const READ_UNAVAILABLE: Code = code(
    "read.unavailable",
    503,
    "The read store cannot answer now",
    "Repeat the request after Retry-After seconds.",
);
/// The position is not valid
pub const POSITION_INVALID: Code = code(
    "position.invalid",
    400,
    "The position is not valid",
    "Send a Chimera-Position as it was received: <stream>/<partition>/<sequence>.",
);
/// The cursor is not valid
pub const CURSOR_INVALID: Code = code(
    "cursor.invalid",
    400,
    "The cursor is not valid",
    "Send `next` as it was received, with the same other parameters; or start without a cursor.",
);
/// The limit is out of range
pub const LIMIT_OUT_OF_RANGE: Code =
    code("limit.out_of_range", 400, "The limit is out of range", "Ask for 1 to 100 items.");
/// A detail of the product is not in order
pub const PRODUCT_INVALID: Code = code(
    "product.invalid",
    422,
    "A detail of the product is not in order",
    "Correct the field that `field` names.",
);
/// Nobody has counted this product yet
pub const STOCK_NOT_FOUND: Code = code(
    "stock.not_found",
    404,
    "Nobody has counted this product yet",
    "Check the id; it is case-sensitive. Or adjust the stock first.",
);
/// The order was not there yet
pub const HISTORY_BEFORE_BEGINNING: Code = code(
    "history.before_beginning",
    404,
    "The order was not there yet",
    "Ask for a later time, or a version of at least 1.",
);
/// Card numbers are not taken
pub const PAYMENT_CARD_NUMBER_REFUSED: Code = code(
    "payment.card_number_refused",
    422,
    "Card numbers are not taken",
    "Send the token that the payment provider gave for the card.",
);
/// The payment token is not valid
pub const PAYMENT_TOKEN_INVALID: Code = code(
    "payment.token_invalid",
    422,
    "The payment token is not valid",
    "Use 1 to 200 visible ASCII characters.",
);
/// There is no such read model
pub const READ_MODEL_NOT_FOUND: Code = code(
    "read_model.not_found",
    404,
    "There is no such read model, or it has not been built",
    "GET /admin/projections lists them.",
);
/// Nothing of that aggregate waits
pub const DEAD_LETTER_NOT_FOUND: Code = code(
    "dead_letter.not_found",
    404,
    "Nothing of that aggregate waits",
    "GET /admin/dead-letters lists what waits; it may have healed meanwhile.",
);
/// Something went wrong here
pub const INTERNAL: Code = code(
    "internal.error",
    500,
    "Something went wrong here",
    "Repeat the request; if it stays so, report the Correlation-Id.",
);

/// The codes that any service may answer with.
pub const EDGE: &[Code] = &[
    REQUEST_MALFORMED,
    REQUEST_INVALID,
    REQUEST_BAD_PARAMETER,
    REQUEST_TOO_LARGE,
    REQUEST_UNSUPPORTED_MEDIA_TYPE,
    REQUEST_TIMED_OUT,
    ROUTE_NOT_FOUND,
    ROUTE_METHOD_NOT_ALLOWED,
    AUTH_TOKEN_MISSING,
    AUTH_TOKEN_INVALID,
    AUTH_TOKEN_EXPIRED,
    AUTH_SCOPE_MISSING,
    AUTH_NOT_YOURS,
    AUTH_CROSS_SITE,
    IDEMPOTENCY_KEY_REQUIRED,
    IDEMPOTENCY_KEY_INVALID,
    IDEMPOTENCY_KEY_REUSED,
    ENGINE_SATURATED,
    LOG_UNAVAILABLE,
    COMMAND_OUTCOME_UNKNOWN,
    PARTITION_NOT_OWNED,
    READ_NOT_CAUGHT_UP,
    READ_UNAVAILABLE,
    POSITION_INVALID,
    CURSOR_INVALID,
    LIMIT_OUT_OF_RANGE,
    PRODUCT_INVALID,
    STOCK_NOT_FOUND,
    HISTORY_BEFORE_BEGINNING,
    PAYMENT_CARD_NUMBER_REFUSED,
    PAYMENT_TOKEN_INVALID,
    READ_MODEL_NOT_FOUND,
    DEAD_LETTER_NOT_FOUND,
    INTERNAL,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_is_in_the_list() {
        let constants = include_str!("edge.rs").lines();
        let declared = constants.filter(|line| line.starts_with("pub const ")).count() - 1;
        assert_eq!(EDGE.len(), declared, "the list itself is the one constant that is no code");
    }
}
