//! Price and stock of a book whose file says nothing of them: made up from its id, the same every time.

use chimera_domain::money::Amount;

/// 2.99 to 39.99.
pub(super) fn price(id: &str) -> Amount {
    let pounds = i64::try_from(number(id) % 38).unwrap_or(0) + 2;
    Amount::from_ten_thousandths(pounds * 10_000 + 9_900)
}

/// Up to 60, and one in eight has none.
pub(super) fn stock(id: &str) -> i64 {
    let number = number(id) >> 16;
    if number.is_multiple_of(8) { 0 } else { i64::try_from(number % 60).unwrap_or(0) + 1 }
}

/// FNV-1a, 64 bits.
fn number(id: &str) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_stocks_are_within_their_bounds_and_some_books_are_out_of_stock() {
        let ids: Vec<String> = (1..=1_000).map(|number| format!("book-{number}")).collect();
        let (least, most): (Amount, Amount) = ("2.99".parse().unwrap(), "39.99".parse().unwrap());
        assert!(ids.iter().all(|id| (least..=most).contains(&price(id))));
        let none = ids.iter().filter(|id| stock(id) == 0).count();
        assert!((60..250).contains(&none), "{none}");
        assert_eq!(price("book-1"), price("book-1"));
    }
}
