//! What a product is, apart from price and stock; checked once, where it enters.
//!
//! Never changes by itself and knows no other product.

use serde::{Deserialize, Serialize};

use super::Attributes;

/// Everything that describes a product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// 1–255 characters.
    pub title: String,
    /// Up to 20,000 characters.
    pub description: String,
    /// In the order of the title page; at most 50.
    pub authors: Vec<String>,
    /// Who published it.
    pub publisher: Option<String>,
    /// ISBN-10 or ISBN-13 without hyphens, check digit right.
    pub isbn: Option<String>,
    /// At most 50.
    pub categories: Vec<String>,
    /// The kind of book, or other goods.
    pub format: Format,
    /// ISO 639 code such as `en`.
    pub language: Option<String>,
    /// Anything else, by name; at most 100.
    pub attributes: Attributes,
    /// At most 20, http or https.
    pub image_urls: Vec<String>,
    /// Who sells it, where that isn't the shop itself.
    pub seller: Option<String>,
}

/// The kind of book, or other goods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Format {
    /// Bound in boards.
    Hardcover,
    /// Bound in paper.
    Paperback,
    /// A file to read.
    Ebook,
    /// A file to hear.
    Audiobook,
    /// No book.
    #[default]
    Other,
}

/// Why details are refused: which field, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidDetails {
    /// The field's name as clients know it.
    pub field: &'static str,
    /// What must be.
    pub problem: &'static str,
}

impl Details {
    /// A product of which only the title is known.
    ///
    /// # Errors
    /// If the title is empty or too long.
    pub fn titled(title: &str) -> Result<Self, InvalidDetails> {
        Self { title: title.to_owned(), ..Self::default() }.checked()
    }

    /// The same details, known to be in order; the ISBN loses its hyphens.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn checked(mut self) -> Result<Self, InvalidDetails> {
        self.isbn = self.isbn.map(|isbn| isbn.replace(['-', ' '], ""));
        for (field, broken, problem) in self.rules() {
            if broken {
                return Err(InvalidDetails { field, problem });
            }
        }
        Ok(self)
    }

    fn rules(&self) -> [(&'static str, bool, &'static str); 10] {
        let names = "must be at most 50 names of 1–255 characters";
        let name = "must be 1–255 characters";
        let language = self.language.as_ref();
        [
            ("title", is_no_name(&self.title), name),
            (
                "description",
                is_long(&self.description, 20_000),
                "must be at most 20,000 characters",
            ),
            ("authors", are_no_names(&self.authors), names),
            ("publisher", self.publisher.as_deref().is_some_and(is_no_name), name),
            (
                "isbn",
                self.isbn.as_ref().is_some_and(|isbn| !isbn_is_valid(isbn)),
                "must be an ISBN-10 or ISBN-13 with the right check digit",
            ),
            ("categories", are_no_names(&self.categories), names),
            (
                "language",
                language.is_some_and(|code| !language_is_valid(code)),
                "must be an ISO 639 code such as en",
            ),
            (
                "attributes",
                are_no_attributes(&self.attributes),
                "must be at most 100, names of 1–255 and values of at most 2,000 characters",
            ),
            (
                "imageUrls",
                self.image_urls.len() > 20 || self.image_urls.iter().any(|url| !url_is_valid(url)),
                "must be at most 20 http or https addresses of at most 2,000 characters",
            ),
            ("seller", self.seller.as_deref().is_some_and(is_no_name), name),
        ]
    }
}

fn is_long(text: &str, most: usize) -> bool {
    text.chars().count() > most
}

fn is_no_name(text: &str) -> bool {
    text.trim().is_empty() || is_long(text, 255)
}

fn are_no_names(names: &[String]) -> bool {
    names.len() > 50 || names.iter().any(|name| is_no_name(name))
}

fn are_no_attributes(attributes: &Attributes) -> bool {
    let broken = |(name, value): (&String, &String)| is_no_name(name) || is_long(value, 2_000);
    attributes.len() > 100 || attributes.iter().any(broken)
}

fn language_is_valid(code: &str) -> bool {
    (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase())
}

fn url_is_valid(url: &str) -> bool {
    let address = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    address.is_some_and(|rest| !rest.is_empty()) && url.len() <= 2000
}

/// ISBN-10 (weights 10…1, modulo 11, X is 10) or ISBN-13 (weights 1 and 3, modulo 10).
fn isbn_is_valid(isbn: &str) -> bool {
    let digit = |(place, c): (usize, char)| match c {
        'X' if place == 9 && isbn.len() == 10 => Some(10),
        _ => c.to_digit(10),
    };
    let Some(digits) = isbn.chars().enumerate().map(digit).collect::<Option<Vec<u32>>>() else {
        return false;
    };
    match digits.len() {
        10 => digits.iter().zip((1..=10).rev()).map(|(d, w)| d * w).sum::<u32>() % 11 == 0,
        13 => {
            let weights = [1, 3].into_iter().cycle();
            digits.iter().zip(weights).map(|(d, w)| d * w).sum::<u32>() % 10 == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_isbn(isbn: &str) -> Result<Details, InvalidDetails> {
        Details { title: "t".into(), isbn: Some(isbn.into()), ..Details::default() }.checked()
    }

    #[test]
    fn an_isbn_is_checked_by_its_digit_and_loses_its_hyphens() {
        assert_eq!(with_isbn("0-306-40615-2").unwrap().isbn.unwrap(), "0306406152");
        assert!(with_isbn("080442957X").is_ok());
        assert!(with_isbn("9780306406157").is_ok());
        for wrong in ["0306406153", "9780306406158", "X804429570", "12", "978030640615X"] {
            assert_eq!(with_isbn(wrong).unwrap_err().field, "isbn", "{wrong}");
        }
    }

    #[test]
    fn the_first_broken_field_is_named() {
        assert_eq!(Details::titled("  ").unwrap_err().field, "title");
        let pictures =
            Details { title: "t".into(), image_urls: vec!["ftp://x".into()], ..Details::default() };
        assert_eq!(pictures.checked().unwrap_err().field, "imageUrls");
        let tongue =
            Details { title: "t".into(), language: Some("English".into()), ..Details::default() };
        assert_eq!(tongue.checked().unwrap_err().field, "language");
    }
}
