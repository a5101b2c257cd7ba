//! The whole file in memory, compactly: rows grouped by invoice wherever they stand, products and texts once each.

use std::collections::HashMap;

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;

use super::row::{FileError, Row, read_rows};

/// One row of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Where it stands in the file, 1-based.
    pub(super) number: u64,
    /// Index of its product.
    pub(super) product: u32,
    pub(super) quantity: i64,
    pub(super) price: Amount,
}

impl Line {
    /// Quantity × price, unrounded; 0 where that is out of range.
    pub(super) fn value(&self) -> Amount {
        self.price.times(self.quantity).unwrap_or_default()
    }
}

/// All rows of one invoice number.
#[derive(Debug)]
pub(super) struct Invoice {
    /// Its place among the invoices of the file, 0-based.
    pub(super) ordinal: usize,
    pub(super) number: String,
    /// Of its first row.
    pub(super) at: Timestamp,
    /// The first customer that a row names; empty where none does.
    pub(super) customer: String,
    pub(super) country: String,
    pub(super) lines: Vec<Line>,
}

/// A product as the file shows it.
#[derive(Debug)]
pub(super) struct Article {
    pub(super) code: String,
    /// The last description that isn't empty.
    pub(super) title: String,
    /// The first price above zero, or zero.
    pub(super) price: Amount,
    /// When its first row was.
    pub(super) first_seen: Timestamp,
}

/// A file, read.
#[derive(Debug, Default)]
pub struct Sheet {
    /// In the order of their first rows.
    pub(super) invoices: Vec<Invoice>,
    /// In the order of their first rows.
    pub(super) articles: Vec<Article>,
    invoice_by_number: HashMap<String, usize>,
    article_by_code: HashMap<String, u32>,
}

impl Sheet {
    /// Reads `file`; `-` is standard input.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn read(file: &str) -> Result<Self, FileError> {
        let mut sheet = Self::default();
        read_rows(file, |row| sheet.add(&row))?;
        Ok(sheet)
    }

    /// How many rows the first `invoices` have.
    #[must_use]
    pub fn rows(&self, invoices: usize) -> usize {
        self.invoices.iter().take(invoices).map(|invoice| invoice.lines.len()).sum()
    }

    fn add(&mut self, row: &Row<'_>) {
        let product = self.article(row);
        let line = Line { number: row.line, product, quantity: row.quantity, price: row.price };
        let index = match self.invoice_by_number.get(row.invoice) {
            Some(&index) => index,
            None => self.new_invoice(row),
        };
        let invoice = &mut self.invoices[index];
        if invoice.customer.is_empty() {
            row.customer.clone_into(&mut invoice.customer);
        }
        invoice.lines.push(line);
    }

    fn new_invoice(&mut self, row: &Row<'_>) -> usize {
        let index = self.invoices.len();
        self.invoice_by_number.insert(row.invoice.to_owned(), index);
        self.invoices.push(Invoice {
            ordinal: index,
            number: row.invoice.to_owned(),
            at: row.at,
            customer: row.customer.to_owned(),
            country: row.country.to_owned(),
            lines: Vec::new(),
        });
        index
    }

    fn article(&mut self, row: &Row<'_>) -> u32 {
        let index = match self.article_by_code.get(row.code) {
            Some(&index) => index,
            None => self.new_article(row),
        };
        let article = &mut self.articles[index as usize];
        if !row.description.is_empty() {
            row.description.clone_into(&mut article.title);
        }
        if article.price == Amount::ZERO && row.price > Amount::ZERO {
            article.price = row.price;
        }
        index
    }

    fn new_article(&mut self, row: &Row<'_>) -> u32 {
        let index = u32::try_from(self.articles.len()).unwrap_or(u32::MAX);
        self.article_by_code.insert(row.code.to_owned(), index);
        self.articles.push(Article {
            code: row.code.to_owned(),
            title: String::new(),
            price: Amount::ZERO,
            first_seen: row.at,
        });
        index
    }
}

#[cfg(test)]
pub(super) mod testing {
    use std::fmt::Write as _;

    use super::Sheet;
    use crate::import::row::HEADER;

    /// A sheet from rows `invoice,code,quantity,price`, an hour apart.
    pub(in crate::import) fn sheet(rows: &[&str]) -> Sheet {
        let mut text = HEADER.join(",");
        for (hour, row) in rows.iter().enumerate() {
            let [invoice, code, quantity, price] =
                row.split(',').collect::<Vec<_>>().try_into().unwrap();
            let at = format!("2011-01-{:02} {:02}:00:00", 1 + hour / 24, hour % 24);
            let _ = write!(text, "\n{invoice},{code},The {code},{quantity},{at},{price},77,France");
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows.csv");
        std::fs::write(&path, text).unwrap();
        Sheet::read(path.to_str().unwrap()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::sheet;

    #[test]
    fn rows_of_an_invoice_belong_together_wherever_they_stand() {
        let sheet = sheet(&["1,A,1,2.00", "2,B,1,1.00", "1,a,3,0.001"]);
        assert_eq!(sheet.invoices.len(), 2);
        assert_eq!(sheet.invoices[0].lines.len(), 2);
        assert_eq!(sheet.articles.len(), 3, "codes are case-sensitive");
    }

    #[test]
    fn the_first_price_above_zero_is_a_products_price() {
        let sheet = sheet(&["1,A,1,0", "2,A,1,3.50", "3,A,1,4"]);
        assert_eq!(sheet.articles[0].price.to_string(), "3.50");
    }
}
