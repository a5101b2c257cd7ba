//! Money as messages have it: whole units and nanos of one sign.

use chimera_domain::money::{Amount, Currency};
use chimera_proto::common::v1::Money;

use crate::codes;
use crate::money::MoneyBody;
use crate::problem::Problem;

/// Ten-thousandths in a unit.
const SCALE: i64 = 10_000;
/// Nanos in a ten-thousandth.
const NANOS: i32 = 100_000;

/// An amount in a currency.
#[must_use]
pub fn money(amount: Amount, currency: Currency) -> Money {
    let (units, rest) = (amount.ten_thousandths() / SCALE, amount.ten_thousandths() % SCALE);
    let nanos = i32::try_from(rest).unwrap_or_default() * NANOS;
    Money { currency_code: currency.to_string(), units, nanos }
}

/// What a message says is an amount; `field` names it.
///
/// # Errors
/// `request.invalid` with the part that is wrong, or the field where there is none.
pub fn given_money(given: Option<Money>, field: &str) -> Result<MoneyBody, Problem> {
    let wrong = |path: String, must: &str| Problem::new(codes::REQUEST_INVALID, must).at(path);
    let Some(Money { currency_code, units, nanos }) = given else {
        return Err(wrong(field.to_owned(), "an amount is needed"));
    };
    let currency: Currency = currency_code.parse().map_err(|_| {
        wrong(format!("{field}.currency_code"), "not an ISO 4217 currency code such as GBP")
    })?;
    let one_sign = units == 0 || nanos == 0 || (units < 0) == (nanos < 0);
    if !one_sign || nanos.unsigned_abs() >= 1_000_000_000 {
        let must = "nanos are within one unit, and of the same sign as the units";
        return Err(wrong(format!("{field}.nanos"), must));
    }
    if nanos % NANOS != 0 {
        let must = "at most 4 decimal places are kept: nanos are a multiple of 100,000";
        return Err(wrong(format!("{field}.nanos"), must));
    }
    let whole = units.checked_mul(SCALE);
    let amount = whole
        .and_then(|whole| whole.checked_add(i64::from(nanos / NANOS)))
        .ok_or_else(|| wrong(format!("{field}.units"), "the amount is too large"))?;
    Ok(MoneyBody::new(Amount::from_ten_thousandths(amount), currency))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn given(units: i64, nanos: i32, currency: &str) -> Result<String, Option<String>> {
        let money = Money { currency_code: currency.into(), units, nanos };
        let given = given_money(Some(money), "price");
        given
            .map(|money| money.amount.to_string())
            .map_err(|problem| problem.field().map(Into::into))
    }

    #[test]
    fn units_and_nanos_are_one_amount() {
        assert_eq!(given(12, 500_000_000, "GBP"), Ok("12.50".into()));
        assert_eq!(given(0, -100_000, "GBP"), Ok("-0.0001".into()));
        assert_eq!(given(-3, 0, "JPY"), Ok("-3.00".into()));
    }

    #[test]
    fn money_that_is_none_is_refused_with_the_field() {
        for (units, nanos, currency, field) in [
            (1, 0, "gbp", "price.currency_code"),
            (1, 0, "", "price.currency_code"),
            (1, -1_000_000, "GBP", "price.nanos"),
            (-1, 1_000_000, "GBP", "price.nanos"),
            (0, 1_000_000_000, "GBP", "price.nanos"),
            (0, i32::MIN, "GBP", "price.nanos"),
            (0, 99_999, "GBP", "price.nanos"),
            (i64::MAX, 0, "GBP", "price.units"),
        ] {
            assert_eq!(given(units, nanos, currency), Err(Some(field.into())), "{units} {nanos}");
        }
        assert_eq!(given_money(None, "price").unwrap_err().field(), Some("price"));
    }

    proptest! {
        #[test]
        fn every_amount_survives_its_message(ten_thousandths: i64) {
            let amount = Amount::from_ten_thousandths(ten_thousandths);
            let back = given_money(Some(money(amount, Currency::GBP)), "price");
            prop_assert_eq!(back, Ok(MoneyBody::new(amount, Currency::GBP)));
        }
    }
}
