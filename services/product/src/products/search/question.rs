//! From the parameters of a request to a question to the search store.

use chimera_domain::money::Amount;
use chimera_domain::product::Format;
use chimera_kit::codes;
use chimera_kit::problem::Problem;
use chimera_model::Value;
use chimera_query::StoreCursor;
use chimera_query::search::{Facet, Filter, MOST_WORDS, Query, Sort, words};

use super::Looking;

/// In characters.
const LONGEST_WORDS: usize = 500;
/// How many categories and authors are counted.
const COUNTED: usize = 20;

/// What is asked for, checked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) words: Option<String>,
    pub(super) category: Option<String>,
    pub(super) author: Option<String>,
    pub(super) format: Option<Format>,
    pub(super) language: Option<String>,
    pub(super) min_price: Option<Amount>,
    pub(super) max_price: Option<Amount>,
    pub(super) in_stock: bool,
    pub(super) discontinued: bool,
    sort: Sort,
}

impl Asked {
    /// The parameters, checked.
    pub(super) fn of(looking: &Looking) -> Result<Self, Problem> {
        let asked = Self {
            words: words_of(looking.q.as_deref())?,
            category: looking.category.clone(),
            author: looking.author.clone(),
            format: looking.format.as_deref().map(format).transpose()?,
            language: looking.language.clone(),
            min_price: price("min_price", looking.min_price.as_deref())?,
            max_price: price("max_price", looking.max_price.as_deref())?,
            in_stock: looking.in_stock.unwrap_or_default(),
            discontinued: looking.discontinued.unwrap_or_default(),
            sort: sort(looking.sort.as_deref())?,
        };
        let crossed =
            asked.min_price.zip(asked.max_price).is_some_and(|(least, most)| least > most);
        if crossed {
            return Err(bad("max_price", "must not be below min_price"));
        }
        Ok(asked)
    }

    /// The question for one page.
    pub(super) fn query(&self, limit: usize, after: Option<Vec<u8>>) -> Query {
        Query {
            text: self.words.clone(),
            filters: self.filters(),
            sort: self.sort,
            facets: facets(),
            after: after.map(StoreCursor::from_bytes),
            limit,
            highlight: vec!["title", "authors", "description", "categories"],
        }
    }

    fn filters(&self) -> Vec<Filter> {
        let texts =
            [("category", &self.category), ("author", &self.author), ("language", &self.language)];
        let mut filters = vec![];
        for (field, text) in texts {
            if let Some(text) = text {
                filters.push(Filter::AnyOf(field, vec![text.into()]));
            }
        }
        if let Some(format) = self.format {
            filters.push(Filter::AnyOf("format", vec![Value::name(format)]));
        }
        if self.min_price.is_some() || self.max_price.is_some() {
            let (least, most) = (self.min_price.map(Value::from), self.max_price.map(Value::from));
            filters.push(Filter::Within("price", least, most));
        }
        if self.in_stock {
            filters.push(in_stock());
        }
        if !self.discontinued {
            filters.push(Filter::AnyOf("discontinued", vec![false.into()]));
        }
        filters
    }
}

/// What is not counted can always be delivered.
fn in_stock() -> Filter {
    Filter::Either(vec![
        Filter::AnyOf("stock_tracked", vec![false.into()]),
        Filter::AnyOf("in_stock", vec![true.into()]),
    ])
}

/// In the order of the answer's facets.
fn facets() -> Vec<Facet> {
    let bounds = [5_i64, 10, 20, 50, 100];
    let bounds = bounds.map(|bound| Amount::from_ten_thousandths(bound * 10_000).into());
    vec![
        Facet::Values("category", COUNTED),
        Facet::Values("author", COUNTED),
        Facet::Values("format", COUNTED),
        Facet::Ranges("price", bounds.into()),
        Facet::Meeting(in_stock()),
    ]
}

fn words_of(q: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(q) = q.filter(|q| !q.trim().is_empty()) else { return Ok(None) };
    if q.chars().count() > LONGEST_WORDS || words(q).nth(MOST_WORDS).is_some() {
        return Err(bad("q", "must be at most 32 words and 500 characters"));
    }
    // An ISBN is written with hyphens, and kept without.
    let digits: String = q.chars().filter(|sign| !matches!(sign, '-' | ' ')).collect();
    let is_isbn =
        matches!(digits.len(), 10 | 13) && digits.bytes().rev().skip(1).all(|b| b.is_ascii_digit());
    Ok(Some(if is_isbn { digits } else { q.to_owned() }))
}

fn format(text: &str) -> Result<Format, Problem> {
    match text {
        "HARDCOVER" => Ok(Format::Hardcover),
        "PAPERBACK" => Ok(Format::Paperback),
        "EBOOK" => Ok(Format::Ebook),
        "AUDIOBOOK" => Ok(Format::Audiobook),
        "OTHER" => Ok(Format::Other),
        _ => Err(bad("format", "must be HARDCOVER, PAPERBACK, EBOOK, AUDIOBOOK or OTHER")),
    }
}

fn price(field: &'static str, text: Option<&str>) -> Result<Option<Amount>, Problem> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| bad(field, "must be a price such as 12.50"))
}

fn sort(text: Option<&str>) -> Result<Sort, Problem> {
    match text {
        None | Some("relevance") => Ok(Sort::Relevance),
        Some("price_asc") => Ok(Sort::Ascending("price")),
        Some("price_desc") => Ok(Sort::Descending("price")),
        Some("newest") => Ok(Sort::Descending("created_at")),
        Some(_) => Err(bad("sort", "must be relevance, price_asc, price_desc or newest")),
    }
}

fn bad(field: &'static str, must: &str) -> Problem {
    Problem::new(codes::REQUEST_BAD_PARAMETER, format!("{field} {must}")).at(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_refused_with_its_field() {
        let looking = Looking::default;
        let text = |text: &str| Some(text.to_owned());
        for (looking, field) in [
            (Looking { q: text(&"word ".repeat(33)), ..looking() }, "q"),
            (Looking { format: text("paper"), ..looking() }, "format"),
            (Looking { min_price: text("cheap"), ..looking() }, "min_price"),
            (Looking { min_price: text("3"), max_price: text("2"), ..looking() }, "max_price"),
            (Looking { sort: text("best"), ..looking() }, "sort"),
        ] {
            let problem = Asked::of(&looking).unwrap_err();
            assert_eq!((problem.code(), problem.field()), ("request.bad_parameter", Some(field)));
        }
    }

    #[test]
    fn an_isbn_is_found_with_its_hyphens() {
        let words = |q| words_of(Some(q)).unwrap().unwrap();
        assert_eq!(words("978-0-13-595705-9"), "9780135957059");
        assert_eq!(words("0 8044 2957 X"), "080442957X");
        assert_eq!(words("catch-22"), "catch-22");
    }

    #[test]
    fn what_is_no_longer_sold_is_only_found_when_asked_for() {
        let sold = Filter::AnyOf("discontinued", vec![false.into()]);
        let filters = |looking: &Looking| Asked::of(looking).unwrap().filters();
        assert_eq!(filters(&Looking::default()), [sold]);
        assert!(filters(&Looking { discontinued: Some(true), ..Looking::default() }).is_empty());
    }
}
