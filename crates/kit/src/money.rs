//! Money and times as they stand in JSON: `{"amount":"12.50","currency":"GBP"}`, RFC 3339.

use chimera_domain::money::{Amount, Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An exact amount of at most four places, in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Money)]
pub struct MoneyBody {
    /// A decimal number as text, at most four places.
    #[schema(value_type = String, example = "12.50")]
    pub amount: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "GBP")]
    pub currency: Currency,
}

impl MoneyBody {
    /// An amount in a currency.
    #[must_use]
    pub fn new(amount: Amount, currency: Currency) -> Self {
        Self { amount, currency }
    }
}

impl From<MoneyBody> for Money {
    fn from(body: MoneyBody) -> Self {
        Self { amount: body.amount, currency: body.currency }
    }
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self { amount: money.amount, currency: money.currency }
    }
}

#[cfg(test)]
mod tests {
    use crate::asked::parse;

    use super::*;

    #[test]
    fn money_that_is_none_is_refused_with_the_field() {
        let table = [
            (r#"{"amount":"0.00001","currency":"GBP"}"#, Some("amount"), "at most 4 decimal"),
            (r#"{"amount":12.5,"currency":"GBP"}"#, Some("amount"), "as text"),
            (r#"{"amount":"twelve","currency":"GBP"}"#, Some("amount"), "decimal number"),
            (r#"{"amount":"1","currency":"XXQ"}"#, Some("currency"), "ISO 4217"),
            (r#"{"amount":"1","currency":"gbp"}"#, Some("currency"), "ISO 4217"),
            (r#"{"amount":"1","currency":"GBP","x":1}"#, Some("x"), "unknown field"),
        ];
        for (body, field, says) in table {
            let problem = parse::<MoneyBody>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.field(), field, "{body}");
            assert!(serde_json::to_string(&problem).unwrap().contains(says), "{body}: {problem:?}");
        }
    }
}
