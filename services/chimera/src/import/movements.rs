//! What a file does to the stock: the smallest opening stock that never runs short.
//!
//! Pure. Orders and corrections take away, returns bring back; taken in the order of the invoices.

use super::invoice::{Plan, article, is_goods};
use super::sheet::Sheet;
use chimera_domain::order::CreditReason;

/// The opening stock of every article.
pub(super) fn opening_stock(sheet: &Sheet, plans: &[Plan<'_>]) -> Vec<i64> {
    let mut level = vec![0_i64; sheet.articles.len()];
    let mut lowest = vec![0_i64; sheet.articles.len()];
    for plan in plans {
        for (product, units) in movements(sheet, plan) {
            level[product] += units;
            lowest[product] = lowest[product].min(level[product]);
        }
    }
    lowest.into_iter().map(|low| -low).collect()
}

/// By how much an invoice changes the stock of which article.
pub(super) fn movements<'a>(
    sheet: &'a Sheet,
    plan: &'a Plan<'a>,
) -> impl Iterator<Item = (usize, i64)> + 'a {
    let sold = plan.sold.iter().map(|line| (line, -line.quantity));
    let corrected = plan.corrections.iter().map(|(_, line)| (line, line.quantity));
    let returned = plan
        .credited
        .iter()
        .filter(|line| plan.credit_reason == CreditReason::Return && line.quantity < 0)
        .map(|line| (line, -line.quantity));
    sold.chain(corrected)
        .chain(returned)
        .filter(|(line, _)| is_goods(&article(sheet, line).code))
        .map(|(line, units)| (line.product as usize, units))
}

#[cfg(test)]
mod tests {
    use super::super::bucket::Buckets;
    use super::super::invoice::plan;
    use super::super::sheet::testing::sheet;
    use super::*;

    fn opening(rows: &[&str]) -> Vec<i64> {
        let sheet = sheet(rows);
        let (mut buckets, mut refused) = (Buckets::default(), Vec::new());
        let plans: Vec<_> = sheet
            .invoices
            .iter()
            .filter_map(|invoice| plan(&sheet, invoice, &mut buckets, &mut refused))
            .collect();
        opening_stock(&sheet, &plans)
    }

    #[test]
    fn the_opening_stock_is_the_smallest_that_never_runs_short() {
        assert_eq!(opening(&["1,A,5,1", "C2,A,-3,1", "3,A,4,1"]), [6]);
        assert_eq!(opening(&["C1,A,-3,1", "2,A,3,1"]), [0], "what came back is sold again");
        assert_eq!(opening(&["1,A,-2,0", "2,A,5,1"]), [7], "corrections take away");
    }

    #[test]
    fn what_has_no_stock_needs_none_and_the_books_bring_nothing_back() {
        assert_eq!(opening(&["1,POST,9,1", "2,POST,9,1"]), [0]);
        assert_eq!(opening(&["A1,B,-3,1", "2,B,3,1", "A3,G,-3,1", "4,G,3,1"]), [0, 3]);
    }
}
