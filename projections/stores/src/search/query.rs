//! A question to a search engine, and its answer.

use chimera_model::Value;

use crate::page::Cursor;
use crate::search::Document;

/// What is searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words, as [`crate::search::words`] takes them apart; every one must be in some text of the document: as written, in another
    /// form of the word, as its beginning (the last one only), or with typing errors; nearer the top in this order. Case and
    /// accents don't matter. None where all documents match; a text without any word matches nothing.
    pub text: Option<String>,
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// In which order; documents that are equal by it come by their ids, those without the field come last.
    pub sort: Sort,
    /// What is counted over everything that matches.
    pub facets: Vec<Facet>,
    /// Where the page before ended; of the same text, filters and sort.
    pub after: Option<Cursor>,
    /// How many hits at most.
    pub limit: usize,
    /// In which text fields the words that matched are marked.
    pub highlight: Vec<&'static str>,
}

/// What a document must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// The field has one of these values.
    AnyOf(&'static str, Vec<Value>),
    /// A number or time of the field is within these bounds, each of which belongs to it.
    Within(&'static str, Option<Value>, Option<Value>),
    /// At least one of these holds.
    Either(Vec<Filter>),
}

/// In which order hits come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// The nearest to the words first.
    #[default]
    Relevance,
    /// By a number or time, the smallest first.
    Ascending(&'static str),
    /// By a number or time, the greatest first.
    Descending(&'static str),
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facet {
    /// The commonest values of a keyword or boolean field, at most so many; the commonest first, then by value.
    Values(&'static str, usize),
    /// How many are in each of the ranges between these bounds: below the first, from each up to the next, from the last on; also
    /// ranges in which there are none. A document without the field is in none of them.
    Ranges(&'static str, Vec<Value>),
    /// How many meet this: one count, of the value `true`.
    Meeting(Filter),
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// How many documents match.
    pub total: u64,
    /// The hits of this page.
    pub hits: Vec<Hit>,
    /// For each facet that was asked for, in that order.
    pub facets: Vec<Vec<FacetCount>>,
    /// Where the next page starts; none after the last.
    pub next: Option<Cursor>,
}

/// A document that matches.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: String,
    /// How near it is to the words; 0 where none were given or another order was asked for.
    pub score: f32,
    /// All of it.
    pub document: Document,
    /// By field, a piece of its text as HTML in which everything is escaped and what matched stands in `<em>`; of those fields that
    /// were asked for and in which something matched.
    pub highlights: Vec<(&'static str, String)>,
}

/// How many documents there are of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetCount {
    /// The value, or where the range begins; none for the range below the first bound. Values that no document has are not counted.
    pub value: Option<Value>,
    /// How many of everything that matches.
    pub documents: u64,
}
