//! Every code that a problem can carry, in one list: what it means and what a caller can do about it.
//!
//! The source of docs/errors.md. A code is never renamed or given another meaning: clients depend on it.

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Stable; what clients branch on.
    pub code: &'static str,
    /// The HTTP status it comes with.
    pub status: u16,
    /// A short text, the same for every occurrence.
    pub title: &'static str,
    /// What a caller can do about it.
    pub remedy: &'static str,
}

/// Declares the codes of the platform's edge as constants, and the list of them.
macro_rules! edge_codes {
    ($($name:ident = $code:literal $status:literal $title:literal $remedy:literal;)*) => {
        $(
            #[doc = $title]
            pub const $name: Code =
                Code { code: $code, status: $status, title: $title, remedy: $remedy };
        )*
        /// The codes that any service may answer with.
        pub const EDGE: &[Code] = &[$($name),*];
    };
}

edge_codes! {
    REQUEST_MALFORMED = "request.malformed" 400 "The request cannot be read"
        "Send one complete JSON document; `field` says where reading stopped.";
    REQUEST_INVALID = "request.invalid" 422 "The request has a wrong or unknown field"
        "Correct the field that `field` names.";
    REQUEST_BAD_PARAMETER = "request.bad_parameter" 400 "A query or path parameter is wrong"
        "Correct the parameter that `field` names.";
    REQUEST_TOO_LARGE = "request.too_large" 413 "The request body is too large"
        "Send at most 2 MiB; split the request.";
    REQUEST_UNSUPPORTED_MEDIA_TYPE = "request.unsupported_media_type" 415 "The body is not JSON"
        "Send the header Content-Type: application/json.";
    REQUEST_TIMED_OUT = "request.timed_out" 503 "The request took too long"
        "Repeat it, with the same Idempotency-Key.";
    ROUTE_NOT_FOUND = "route.not_found" 404 "There is no such address"
        "Look the address up in /docs.";
    ROUTE_METHOD_NOT_ALLOWED = "route.method_not_allowed" 405 "The address does not take this method"
        "The header Allow lists the methods it takes.";
    AUTH_TOKEN_MISSING = "auth.token_missing" 401 "A token is needed"
        "Send Authorization: Bearer <token>.";
    AUTH_TOKEN_INVALID = "auth.token_invalid" 401 "The token is not valid"
        "Ask the issuer for a new token.";
    AUTH_TOKEN_EXPIRED = "auth.token_expired" 401 "The token has expired"
        "Ask the issuer for a new token.";
    AUTH_SCOPE_MISSING = "auth.scope_missing" 403 "The token lacks a scope"
        "Ask for a token with the scope that `detail` names.";
    AUTH_NOT_YOURS = "auth.not_yours" 403 "This belongs to somebody else"
        "Only the customer concerned, or staff, may do this.";
    IDEMPOTENCY_KEY_REQUIRED = "idempotency.key_required" 400 "An Idempotency-Key is needed"
        "Send the header Idempotency-Key, one new value for each new request.";
    IDEMPOTENCY_KEY_INVALID = "idempotency.key_invalid" 400 "The Idempotency-Key is not valid"
        "Use 1 to 200 visible ASCII characters.";
    IDEMPOTENCY_KEY_REUSED = "idempotency.key_reused" 422 "The key was used with another request"
        "Use a new key for a new request.";
    ENGINE_SATURATED = "engine.saturated" 503 "Too many requests are queued"
        "Repeat the request after Retry-After seconds, with the same Idempotency-Key.";
    LOG_UNAVAILABLE = "log.unavailable" 503 "The log cannot take the command now"
        "Nothing was written. Repeat the request after Retry-After seconds.";
    COMMAND_OUTCOME_UNKNOWN = "command.outcome_unknown" 503 "It is not known yet whether this was done"
        "Repeat the request with the same Idempotency-Key; it is never done twice.";
    PARTITION_NOT_OWNED = "partition.not_owned" 503 "This process does not own the partition now"
        "Repeat the request after Retry-After seconds.";
    READ_NOT_CAUGHT_UP = "read.not_caught_up" 503 "The read model is behind the position asked for"
        "Repeat the request after Retry-After seconds.";
    READ_UNAVAILABLE = "read.unavailable" 503 "The read store cannot answer now"
        "Repeat the request after Retry-After seconds.";
    POSITION_INVALID = "position.invalid" 400 "The position is not valid"
        "Send a Chimera-Position as it was received: <stream>/<partition>/<sequence>.";
    CURSOR_INVALID = "cursor.invalid" 400 "The cursor is not valid"
        "Send `next` as it was received, with the same other parameters; or start without a cursor.";
    LIMIT_OUT_OF_RANGE = "limit.out_of_range" 400 "The limit is out of range"
        "Ask for 1 to 100 items.";
    PRODUCT_INVALID = "product.invalid" 422 "A detail of the product is not in order"
        "Correct the field that `field` names.";
    STOCK_NOT_FOUND = "stock.not_found" 404 "Nobody has counted this product yet"
        "Check the id; it is case-sensitive. Or adjust the stock first.";
    HISTORY_BEFORE_BEGINNING = "history.before_beginning" 404 "The order was not there yet"
        "Ask for a later time, or a version of at least 1.";
    PAYMENT_CARD_NUMBER_REFUSED = "payment.card_number_refused" 422 "Card numbers are not taken"
        "Send the token that the payment provider gave for the card.";
    PAYMENT_TOKEN_INVALID = "payment.token_invalid" 422 "The payment token is not valid"
        "Use 1 to 200 visible ASCII characters.";
    INTERNAL = "internal.error" 500 "Something went wrong here"
        "Repeat the request; if it stays so, report the Correlation-Id.";
}

/// Declares how the rules say no; the status follows from the kind of refusal.
macro_rules! refusals {
    ($($code:literal $status:literal $title:literal $remedy:literal;)*) => {
        /// The codes with which the rules say no.
        pub const REFUSALS: &[Code] =
            &[$(Code { code: $code, status: $status, title: $title, remedy: $remedy }),*];
    };
}

refusals! {
    "product.already_exists" 409 "The product id is taken" "Change it with PATCH, or choose another id.";
    "product.not_found" 404 "There is no such product" "Check the id; it is case-sensitive.";
    "product.discontinued" 409 "The product is discontinued" "Relist it first.";
    "product.negative_price" 422 "A price is below zero" "Send a price of at least 0.";
    "product.other_currency" 409 "The product has another currency" "Keep the currency of the product.";
    "product.price_out_of_order" 409 "A newer price is there" "Send the change with a later time.";
    "stock.insufficient" 409 "Too few are available" "Ask for fewer, or wait for a delivery.";
    "stock.held_differently" 409 "The order holds another number" "Release it first.";
    "stock.nothing_to_adjust" 422 "The adjustment changes nothing" "Send a delta other than 0 or another reorder level.";
    "stock.too_many" 422 "More than a shelf holds" "Check the delta.";
    "stock.nothing_to_reserve" 422 "Nothing is to be reserved" "Ask for at least 1 unit.";
    "stock.bad_reorder_level" 422 "The reorder level is out of range" "Send a level of at least 0.";
    "order.not_found" 404 "There is no such order" "Check the id.";
    "order.already_exists" 409 "The order id is taken" "Use a new Idempotency-Key for a new order.";
    "order.no_lines" 422 "The order has no lines" "Send at least one line.";
    "order.too_many_lines" 422 "The order has too many lines" "Split it into orders of at most 2,000 lines.";
    "order.bad_quantity" 422 "A quantity is out of range" "Order 1 to 100,000 units a line.";
    "order.unknown_product" 422 "A product is not in the catalogue" "Check the product id of the line that `field` names.";
    "order.product_discontinued" 409 "A product takes no new orders" "Leave the line out.";
    "order.override_not_allowed" 403 "Prices come from the catalogue" "Leave unitPrice out.";
    "order.negative_price" 422 "A price is below zero" "Send a price of at least 0.";
    "order.other_currency" 422 "A product has another currency" "Order in the currency of the products.";
    "order.total_too_large" 422 "The total is too large" "Split the order.";
    "order.negative_charge" 422 "A charge is below zero" "Check discount, tax and shipping.";
    "order.wrong_status" 409 "The order's status does not allow this" "GET the order and see its status.";
    "order.not_confirmed" 409 "The stock is not reserved yet" "Try again in a moment, or place orders with Prefer: wait=5.";
    "order.payment_in_progress" 409 "A payment is in progress" "Wait for its outcome.";
    "order.not_yours" 403 "The order belongs to somebody else" "Only the customer who placed it, or staff, may do this.";
    "order.staff_only" 403 "Only staff may do this now" "Ask the shop, or return the order.";
    "payment.another_attempt" 409 "Another payment is under way or done" "GET the order and see its status.";
    "payment.not_under_way" 409 "The payment is not under way" "GET the order and see its status.";
    "payment.no_refund" 409 "No refund is under way" "GET the order and see its status.";
}

/// What is known of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    EDGE.iter().chain(REFUSALS).find(|known| known.code == code)
}

/// All codes as a page of Markdown: docs/errors.md.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "# Errors\n\nEvery error is `application/problem+json` with `type`, `title`, `status`, `code`, `detail`, `instance` and, where a \
         field is wrong,\n`field`. Branch on `code`: it never changes its meaning. The page is written from the code's own list.\n\n\
         | code | status | what it means | what to do |\n|---|---|---|---|\n",
    );
    let mut codes: Vec<&Code> = EDGE.iter().chain(REFUSALS).collect();
    codes.sort_by_key(|known| known.code);
    for Code { code, status, title, remedy } in codes {
        let remedy = remedy.replace('|', "\\|");
        let line = format!("| `{code}` | {status} | {title} | {remedy} |\n");
        page.push_str(&line);
    }
    page
}

#[cfg(test)]
mod tests {
    use chimera_domain::aggregate::{Refusal, RefusalKind};
    use chimera_domain::ids::ProductId;
    use chimera_domain::money::Currency;
    use chimera_domain::time::Timestamp;
    use chimera_domain::{order, payment, product, stock};

    use super::*;

    fn listed(refusal: &impl Refusal) {
        let code =
            find(refusal.code()).unwrap_or_else(|| panic!("{} is not listed", refusal.code()));
        let status = match refusal.kind() {
            RefusalKind::NotFound => 404,
            RefusalKind::Conflict => 409,
            RefusalKind::Invalid => 422,
            RefusalKind::Forbidden => 403,
        };
        assert_eq!(code.status, status, "{}", code.code);
    }

    /// Run with `UPDATE_DOCS=1` to write the page.
    #[test]
    fn the_page_of_errors_is_what_the_list_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), markdown());
    }

    #[test]
    fn no_code_is_listed_twice() {
        let mut codes: Vec<&str> = EDGE.iter().chain(REFUSALS).map(|known| known.code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn every_refusal_of_products_and_stocks_is_listed_with_its_status() {
        use product::Rejection as P;
        use stock::Rejection as S;
        for refusal in [
            P::AlreadyExists,
            P::NotFound,
            P::Discontinued,
            P::NegativePrice,
            P::OtherCurrency(Currency::GBP),
            P::PriceOutOfOrder(Timestamp(0)),
        ] {
            listed(&refusal);
        }
        for refusal in [
            S::Insufficient { asked: 1, available: 0 },
            S::HeldDifferently { held: 1, asked: 2 },
            S::NothingToAdjust,
            S::TooMany,
            S::NothingToReserve,
            S::BadReorderLevel,
        ] {
            listed(&refusal);
        }
    }

    #[test]
    fn every_refusal_of_orders_and_payments_is_listed_with_its_status() {
        use order::Rejection as O;
        use payment::Rejection as Pay;
        let product = || ProductId::try_from("P").unwrap();
        for refusal in [
            O::NotFound,
            O::AlreadyExists,
            O::NoLines,
            O::TooManyLines(2_001),
            O::BadQuantity { line: 0 },
            O::UnknownProduct { line: 0, product: product() },
            O::ProductDiscontinued { line: 0, product: product() },
            O::OverrideNotAllowed { line: 0 },
            O::NegativePrice { line: 0 },
            O::OtherCurrency { line: 0, priced_in: Currency::GBP },
            O::TotalTooLarge,
            O::NegativeCharge("tax"),
            O::WrongStatus { status: order::Status::Paid, needed: "PENDING" },
            O::NotConfirmed,
            O::PaymentInProgress,
            O::NotYours,
            O::StaffOnly,
        ] {
            listed(&refusal);
        }
        for refusal in
            [Pay::AnotherAttempt(String::new()), Pay::NotUnderWay(String::new()), Pay::NoRefund]
        {
            listed(&refusal);
        }
    }
}
