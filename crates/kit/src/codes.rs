//! Every code that a problem can carry, in one list: what it means and what a caller can do about it.
//!
//! The source of docs/errors.md. A code is never renamed or given another meaning: clients depend on it.

mod edge;
mod refusals;

pub use edge::*;
pub use refusals::REFUSALS;

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

const fn code(code: &'static str, status: u16, title: &'static str, remedy: &'static str) -> Code {
    Code { code, status, title, remedy }
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
            O::NegativeCharge("tax".into()),
            O::WrongStatus { status: order::Status::Paid, needed: "PENDING".into() },
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
