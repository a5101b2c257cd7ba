//! What an import of books did: for a person, or as JSON with stable names.

use std::fmt;

use serde::Serialize;

use super::Book;

/// The summary of an import of books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BooksReport {
    /// Rows of the file.
    pub rows: usize,
    /// Of those, how many have a valid ISBN; another one is left out.
    pub with_isbn: usize,
    /// Whose price was made up.
    pub made_up_prices: usize,
    /// Whose stock was made up.
    pub made_up_stocks: usize,
    /// Events appended by this run; 0 when the file had been imported before.
    pub events: u64,
    /// Rows that became nothing.
    pub refused: Vec<RefusedBook>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// A row that became nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedBook {
    /// 1-based; the header is line 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl BooksReport {
    pub(super) fn of(shelf: &[Book]) -> Self {
        let count = |has: fn(&Book) -> bool| shelf.iter().filter(|book| has(book)).count();
        Self {
            rows: shelf.len(),
            with_isbn: count(|book| book.details.isbn.is_some()),
            made_up_prices: count(|book| book.price_is_made_up),
            made_up_stocks: count(|book| book.stock_is_made_up),
            ..Self::default()
        }
    }
}

impl fmt::Display for BooksReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} books, {} with an ISBN, {} prices and {} stocks made up, {} new events in {}.{:03} s",
            self.rows,
            self.with_isbn,
            self.made_up_prices,
            self.made_up_stocks,
            self.events,
            self.millis / 1000,
            self.millis % 1000
        )?;
        for row in self.refused.iter().take(20) {
            writeln!(f, "refused line {}: {}", row.line, row.reason)?;
        }
        if self.refused.len() > 20 {
            writeln!(f, "… and {} more; --format json lists all", self.refused.len() - 20)?;
        }
        Ok(())
    }
}
