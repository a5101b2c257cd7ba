//! What the terms of the shop put on an order: tax in percent of the lines, and a fee for shipping.

use chimera_domain::money::Amount;
use chimera_domain::order::{Charges, LineRequest};

use crate::Terms;

/// The charges on these lines. Lines without a price count nothing: the order will be refused for them.
pub(crate) fn charges_on(lines: &[LineRequest], terms: &Terms) -> Charges {
    let mut subtotal = 0_i128;
    for line in lines {
        let catalogue = line.offer.as_ref().map(|offer| offer.price.amount);
        let price = line.price_override.or(catalogue).unwrap_or_default();
        subtotal += i128::from(price.ten_thousandths()) * i128::from(line.quantity);
    }
    let tax = percent_of(subtotal, terms.tax_percent);
    Charges { discount: Amount::ZERO, tax, shipping: terms.shipping_fee }
}

/// Exact to four places, half to even. What is out of range stays at the end of it; the order's total will refuse it.
fn percent_of(amount: i128, percent: Amount) -> Amount {
    const WHOLE: i128 = 1_000_000;
    let exact = amount * i128::from(percent.ten_thousandths());
    let (floor, rest) = (exact.div_euclid(WHOLE), exact.rem_euclid(WHOLE));
    let up = rest * 2 > WHOLE || (rest * 2 == WHOLE && floor % 2 != 0);
    let rounded = floor + i128::from(up);
    Amount::from_ten_thousandths(i64::try_from(rounded).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tax(amount: &str, percent: &str) -> String {
        let amount: Amount = amount.parse().unwrap();
        percent_of(i128::from(amount.ten_thousandths()), percent.parse().unwrap()).to_string()
    }

    #[test]
    fn tax_is_exact_to_four_places_and_half_goes_to_even() {
        assert_eq!(tax("100", "20"), "20.00");
        assert_eq!(tax("19.99", "8.875"), "1.7741");
        assert_eq!(tax("0.0005", "10"), "0.00");
        assert_eq!(tax("0.0015", "10"), "0.0002");
        assert_eq!(tax("100", "0"), "0.00");
    }
}
