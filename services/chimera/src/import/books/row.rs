//! Reading a catalogue: columns are found by the names in the header, those that are not known are passed over. A file that is not
//! in order is refused as a whole, with the line and the field, before anything is imported.

use std::collections::HashMap;

use chimera_domain::ids::ProductId;
use chimera_domain::money::Money;
use chimera_domain::product::{Details, Format};
use chimera_domain::time::{SECOND, Timestamp};
use csv::StringRecord;

use super::seed;
use crate::import::invoice::CURRENCY;
use crate::import::row::{FileError, broken, malformed, open};

/// 2017-09-01; the first book's time, the next ones follow by a second each: the last of the file is the newest.
const FIRST: Timestamp = Timestamp(1_504_224_000 * SECOND);

/// A book of the file.
#[derive(Debug, Clone)]
pub struct Book {
    /// Where it stands in the file; the header is line 1.
    pub line: u64,
    /// Its SKU: `sku` or `product_id`, else `book-` and `book_id`.
    pub id: ProductId,
    /// What it is.
    pub details: Box<Details>,
    /// What it costs.
    pub price: Money,
    /// Whether the file says nothing of the price.
    pub price_is_made_up: bool,
    /// How many are on the shelf.
    pub stock: i64,
    /// Whether the file says nothing of the stock.
    pub stock_is_made_up: bool,
    /// When it came into the catalogue.
    pub at: Timestamp,
}

/// Every book of `file`; `-` is standard input, `.zst` is unpacked.
///
/// # Errors
/// See [`FileError`].
pub fn read(file: &str) -> Result<Vec<Book>, FileError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(open(file)?);
    let header = reader.headers().map_err(|error| broken(file, 0, error))?;
    let names = header.iter().map(|name| name.trim().trim_start_matches('\u{feff}').to_lowercase());
    let columns: HashMap<String, usize> = names.zip(0..).collect();
    if !columns.contains_key("title") {
        return Err(malformed(file, 1, "header", "has no column title"));
    }
    let (mut books, mut record, mut line) = (vec![], StringRecord::new(), 1);
    while reader.read_record(&mut record).map_err(|error| broken(file, line, error))? {
        line = record.position().map_or(line + 1, csv::Position::line);
        let row = Row { file, line, columns: &columns, record: &record };
        books.push(row.book(books.len())?);
    }
    Ok(books)
}

struct Row<'a> {
    file: &'a str,
    line: u64,
    columns: &'a HashMap<String, usize>,
    record: &'a StringRecord,
}

impl Row<'_> {
    /// The first of these columns that is there and not empty.
    fn text(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| {
            let text = self.record.get(*self.columns.get(*name)?)?.trim();
            (!text.is_empty()).then_some(text)
        })
    }

    fn wrong(&self, field: &'static str, problem: impl Into<String>) -> FileError {
        malformed(self.file, self.line, field, problem)
    }

    fn book(&self, before: usize) -> Result<Book, FileError> {
        let id = self.id()?;
        let (price, stock) = (self.text(&["price"]), self.text(&["stock"]));
        let amount = match price {
            Some(text) => text.parse().map_err(|_| self.wrong("price", "must be such as 12.50"))?,
            None => seed::price(id.as_key()),
        };
        let units = match stock {
            Some(text) => text
                .parse::<u32>()
                .map(i64::from)
                .map_err(|_| self.wrong("stock", "must be a whole number, 0 or more"))?,
            None => seed::stock(id.as_key()),
        };
        Ok(Book {
            line: self.line,
            details: Box::new(self.details()?),
            price: Money { amount, currency: CURRENCY },
            price_is_made_up: price.is_none(),
            stock: units,
            stock_is_made_up: stock.is_none(),
            at: FIRST.plus(i64::try_from(before).unwrap_or(0) * SECOND),
            id,
        })
    }

    fn id(&self) -> Result<ProductId, FileError> {
        let own = self.text(&["sku", "product_id"]).map(str::to_owned);
        let id = own.or_else(|| self.text(&["book_id"]).map(|number| format!("book-{number}")));
        let id = id.ok_or_else(|| self.wrong("sku", "sku, product_id or book_id is needed"))?;
        ProductId::try_from(id.as_str()).map_err(|error| self.wrong("sku", error.to_string()))
    }

    fn details(&self) -> Result<Details, FileError> {
        let title = self.text(&["title", "original_title"]).unwrap_or_default();
        let mut details = Details {
            title: title.chars().take(255).collect(),
            description: self.text(&["description"]).unwrap_or_default().to_owned(),
            authors: self.list(&["authors", "author"], &[',', ';']),
            categories: self.list(&["categories", "category"], &[';', '|', ',']),
            publisher: self.text(&["publisher"]).map(str::to_owned),
            format: self.format()?,
            language: self.text(&["language", "language_code"]).and_then(language),
            image_urls: self.text(&["image_url"]).map(str::to_owned).into_iter().collect(),
            ..Details::default()
        };
        if let Some(year) = self.text(&["original_publication_year", "year"]) {
            details.attributes.insert("year".to_owned(), year.to_owned());
        }
        details.isbn = self.isbn();
        details.checked().map_err(|wrong| self.wrong(wrong.field, wrong.problem))
    }

    /// The first ISBN whose check digit is right.
    fn isbn(&self) -> Option<String> {
        let given = [self.text(&["isbn13", "isbn"]), self.text(&["isbn10"])];
        given.into_iter().flatten().find_map(|isbn| {
            let isbn = Some(isbn.to_owned());
            let title = "a book".to_owned();
            Details { title, isbn, ..Details::default() }.checked().ok()?.isbn
        })
    }

    fn list(&self, names: &[&str], separators: &[char]) -> Vec<String> {
        let mut items: Vec<String> = vec![];
        for item in self.text(names).unwrap_or_default().split(separators) {
            let item = item.trim();
            if !item.is_empty() && items.len() < 50 && !items.iter().any(|known| known == item) {
                items.push(item.chars().take(255).collect());
            }
        }
        items
    }

    fn format(&self) -> Result<Format, FileError> {
        match self.text(&["format"]).map(str::to_uppercase).as_deref() {
            Some("HARDCOVER") => Ok(Format::Hardcover),
            Some("PAPERBACK") | None => Ok(Format::Paperback),
            Some("EBOOK") => Ok(Format::Ebook),
            Some("AUDIOBOOK") => Ok(Format::Audiobook),
            Some("OTHER") => Ok(Format::Other),
            Some(_) => {
                Err(self.wrong("format", "must be HARDCOVER, PAPERBACK, EBOOK, AUDIOBOOK or OTHER"))
            }
        }
    }
}

/// The code without a region, with two letters where it is known by them: one language, one code.
fn language(code: &str) -> Option<String> {
    let code = code.split('-').next()?.to_ascii_lowercase();
    let known = chimera_query::search::Language::of(Some(&code));
    let code = known.map_or(code, |language| language.code().to_owned());
    let is_code = (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase());
    is_code.then_some(code)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn shelf(text: &str) -> Result<Vec<Book>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read(file.path().to_str().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_by_name_and_what_is_not_said_is_made_up() {
        let text = "Title,book_id,nonsense,authors,language_code,isbn13\n\
                    Emma,7,x,\"Jane Austen, Someone\",en-US,9780135957059\n\
                    Faust,8,x,Goethe,ger,123\n";
        let books = shelf(text).unwrap();
        let (emma, faust) = (&books[0], &books[1]);
        assert_eq!(&**emma.id.as_key(), "book-7");
        assert_eq!(emma.details.authors, ["Jane Austen", "Someone"]);
        assert_eq!(emma.details.language.as_deref(), Some("en"));
        assert_eq!(emma.details.isbn.as_deref(), Some("9780135957059"));
        assert!(emma.price_is_made_up && emma.stock_is_made_up);
        assert_eq!(faust.details.language.as_deref(), Some("de"));
        assert_eq!((&faust.details.isbn, faust.line), (&None, 3), "no valid ISBN");
    }

    #[test]
    fn what_the_file_says_is_taken() {
        let text = "sku,title,price,stock,format,description,categories\n\
                    A.1,Emma,12.50,3,ebook,A novel,Novel;Classics\n";
        let books = shelf(text).unwrap();
        let book = &books[0];
        assert_eq!((book.price.amount.to_string().as_str(), book.stock), ("12.50", 3));
        assert!(!book.price_is_made_up && !book.stock_is_made_up);
        assert_eq!(book.details.categories, ["Novel", "Classics"]);
        assert_eq!(book.details.format, Format::Ebook);
        assert_eq!(book.details.description, "A novel");
    }

    #[test]
    fn a_file_that_is_not_in_order_is_refused_with_line_and_field() {
        for (text, part) in [
            ("name\nEmma\n", "line 1, header"),
            ("sku,title\nA 1,Emma\n", "line 2, sku"),
            ("sku,title,price\nA.1,Emma,cheap\n", "line 2, price"),
            ("sku,title,stock\nA.1,Emma,-1\n", "line 2, stock"),
            ("sku,title,format\nA.1,Emma,scroll\n", "line 2, format"),
            ("sku,title\nA.1,\n", "line 2, title"),
        ] {
            let refused = shelf(text).unwrap_err();
            assert!(refused.contains(part), "{refused}");
        }
    }
}
