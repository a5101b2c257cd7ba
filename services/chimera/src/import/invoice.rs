//! What an invoice becomes: an order, stock adjustments, a credit note; and which of its rows become nothing.

use chimera_domain::ids::{CustomerId, OrderId, ProductId};
use chimera_domain::money::Currency;
use chimera_domain::order::{CreditReason, MOST_LINES, MOST_UNITS};

use super::bucket::{Buckets, Refused};
use super::sheet::{Article, Invoice, Line, Sheet};

/// The file has prices in pounds.
pub(super) const CURRENCY: Currency = Currency::GBP;

/// Codes that are no goods, and the beginnings of such codes.
const NO_GOODS: [&str; 12] =
    ["POST", "DOT", "M", "m", "C2", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS"];
const NO_GOODS_PREFIXES: [&str; 2] = ["gift_0001_", "DCGS"];

/// Whether a product of this code has stock.
pub(super) fn is_goods(code: &str) -> bool {
    !NO_GOODS.contains(&code) && !NO_GOODS_PREFIXES.iter().any(|prefix| code.starts_with(prefix))
}

/// The product id of a code: what an id may not hold, such as the blank of `BANK CHARGES`, becomes `_`.
pub(super) fn product_id(code: &str) -> Option<ProductId> {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    ProductId::try_from(code.chars().map(allowed).collect::<String>().as_str()).ok()
}

/// What an invoice becomes.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) invoice: &'a Invoice,
    pub(super) order: OrderId,
    pub(super) customer: CustomerId,
    /// Lines to sell.
    pub(super) sold: Vec<&'a Line>,
    /// Lines to credit, and why.
    pub(super) credited: Vec<&'a Line>,
    pub(super) credit_reason: CreditReason,
    /// Stock corrections with the ordinal of their row in the invoice.
    pub(super) corrections: Vec<(usize, &'a Line)>,
}

/// Sorts the rows of an invoice into buckets; none where all of it is refused.
pub(super) fn plan<'a>(
    sheet: &'a Sheet,
    invoice: &'a Invoice,
    buckets: &mut Buckets,
    refused: &mut Vec<Refused>,
) -> Option<Plan<'a>> {
    let mut refuse = |line: &Line, reason: &str, buckets: &mut Buckets| {
        buckets.refused.add(line);
        refused.push(Refused { line: line.number, reason: reason.to_owned() });
    };
    let (order, customer) = match names(invoice) {
        Ok(names) => names,
        Err(reason) => {
            invoice.lines.iter().for_each(|line| refuse(line, &reason, buckets));
            return None;
        }
    };
    let credit_reason = if invoice.number.starts_with('A') {
        CreditReason::Adjustment
    } else {
        CreditReason::Return
    };
    let (sold, credited, corrections) = (Vec::new(), Vec::new(), Vec::new());
    let mut plan = Plan { invoice, order, customer, sold, credited, credit_reason, corrections };
    for (ordinal, line) in invoice.lines.iter().enumerate() {
        match place(invoice, article(sheet, line), line) {
            Ok(Place::Order) if plan.sold.len() == MOST_LINES => {
                refuse(line, "an order has at most 2,000 lines", buckets);
            }
            Ok(Place::Order) => {
                buckets.order_lines.add(line);
                plan.sold.push(line);
            }
            Ok(Place::Credit) => {
                buckets.credit_lines.add(line);
                plan.credited.push(line);
            }
            Ok(Place::Correction) => {
                buckets.adjustments.add(line);
                plan.corrections.push((ordinal, line));
            }
            Err(reason) => refuse(line, reason, buckets),
        }
    }
    Some(plan)
}

/// The article of a line.
pub(super) fn article<'a>(sheet: &'a Sheet, line: &Line) -> &'a Article {
    &sheet.articles[line.product as usize]
}

fn names(invoice: &Invoice) -> Result<(OrderId, CustomerId), String> {
    let order = OrderId::try_from(invoice.number.as_str()).map_err(|error| error.to_string())?;
    let customer = if invoice.customer.is_empty() {
        format!("guest:{}", invoice.number)
    } else {
        invoice.customer.clone()
    };
    let customer = CustomerId::try_from(customer.as_str()).map_err(|error| error.to_string())?;
    Ok((order, customer))
}

enum Place {
    Order,
    Credit,
    Correction,
}

fn place(invoice: &Invoice, article: &Article, line: &Line) -> Result<Place, &'static str> {
    if product_id(&article.code).is_none() {
        return Err("the stock code is longer than 64 characters");
    }
    if line.price.times(line.quantity).is_err() {
        return Err("quantity × price is too large");
    }
    if line.quantity == 0 {
        return Err("a quantity of 0");
    }
    if invoice.number.starts_with(['C', 'A']) {
        return Ok(Place::Credit);
    }
    if line.quantity > i64::from(MOST_UNITS) {
        return Err("more than 100,000 units");
    }
    if line.price.is_negative() {
        return Err("a price below zero outside credit notes");
    }
    if line.quantity > 0 {
        return Ok(Place::Order);
    }
    if line.price.ten_thousandths() != 0 {
        return Err("a stock correction with a price; is it a credit note without its C?");
    }
    if !is_goods(&article.code) {
        return Err("a stock correction of what has no stock");
    }
    Ok(Place::Correction)
}

#[cfg(test)]
mod tests {
    use super::super::sheet::testing::sheet;
    use super::*;

    #[test]
    fn what_is_no_goods_has_no_stock_and_every_code_becomes_an_id() {
        assert!(is_goods("85123A") && is_goods("DOTCOM"));
        for code in ["POST", "m", "BANK CHARGES", "gift_0001_40", "DCGS0003"] {
            assert!(!is_goods(code), "{code}");
        }
        assert_eq!(product_id("BANK CHARGES").unwrap().to_string(), "BANK_CHARGES");
    }

    #[test]
    fn every_row_ends_in_exactly_one_bucket() {
        let sheet = sheet(&[
            "1,A,2,1.50",
            "1,A,2,1.50",
            "2,A,-1,0",
            "C3,A,-1,1.50",
            "A4,B,1,-20",
            "5,A,0,1",
            "6,A,-1,3",
            "7,A,200000,1",
            "8,POST,-1,0",
        ]);
        let (mut buckets, mut refused) = (Buckets::default(), Vec::new());
        for invoice in &sheet.invoices {
            plan(&sheet, invoice, &mut buckets, &mut refused);
        }
        let rows = |tally: super::super::bucket::Tally| tally.rows;
        assert_eq!(rows(buckets.order_lines), 2);
        assert_eq!(rows(buckets.credit_lines), 2);
        assert_eq!(rows(buckets.adjustments), 1);
        assert_eq!(rows(buckets.refused), 4);
        assert_eq!(buckets.total().rows, 9);
        assert_eq!(buckets.credit_lines.sum.to_string(), "-21.50");
        assert_eq!(refused.iter().map(|row| row.line).collect::<Vec<_>>(), [7, 8, 9, 10]);
    }
}
