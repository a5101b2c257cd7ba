//! Forty questions to a catalogue of books, and what each must find: the same of every engine.
//!
//! Of words, only what is beyond dispute is asked: which book comes first. Filters, counts and orders are compared with what a look
//! at every book gives.

mod questions;
mod shelf;

use std::collections::BTreeMap;

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::product_search_index::PRODUCTS;
use chimera_model::{SearchMutation, Value};

use super::Store;
use crate::search::{Facet, Filter, Found, Query, Sort};
use crate::view::View;

pub use shelf::shelf;

/// A book of a catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// Its SKU.
    pub id: String,
    /// Its title.
    pub title: String,
    /// In the order of the title page.
    pub authors: Vec<String>,
    /// Two letters.
    pub language: Option<String>,
}

/// Fills the view with these books and asks everything; fails with every question that was answered wrongly.
pub async fn are_found(store: &Store, view: View, books: &[Book]) {
    store.create(view, &[&PRODUCTS]).await.unwrap();
    for some in books.chunks(1_000) {
        let mutations: Vec<SearchMutation> = some.iter().flat_map(mutations).collect();
        store.apply(view, &mutations, &[]).await.unwrap();
    }
    let asking = Asking { store, view, books };
    let mut wrong = Vec::new();
    for (words, expected) in questions::WORDS {
        wrong.extend(asking.about(words, expected).await);
    }
    asking.filters_sorts_and_counts_agree_with_a_look_at_every_book().await;
    assert!(wrong.is_empty(), "{} of the questions:\n{}", wrong.len(), wrong.join("\n"));
}

/// Made up of the place of the book's id, so that prices and stocks are spread.
fn price(book: &Book) -> Amount {
    Amount::from_ten_thousandths(10_000 * i64::from(number(book) % 40) + 9_900)
}

fn in_stock(book: &Book) -> bool {
    !number(book).is_multiple_of(8)
}

fn number(book: &Book) -> u32 {
    book.id.bytes().fold(7, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
}

fn mutations(book: &Book) -> Vec<SearchMutation> {
    let authors: Vec<Value> = book.authors.iter().map(Value::from).collect();
    let details = vec![
        ("title", vec![Value::from(&book.title)]),
        ("authors", authors.clone()),
        ("author", authors),
        ("language", book.language.iter().map(Value::from).collect()),
    ];
    let created = Timestamp(i64::from(number(book)));
    let part = |part, fields| SearchMutation {
        spec: &PRODUCTS,
        id: book.id.clone(),
        part,
        fields: Some(fields),
        version: 1,
    };
    vec![
        part("product", vec![("created_at", vec![created.into()])]),
        part("details", details),
        part("price", vec![("price", vec![price(book).into()])]),
        part("stock", vec![("in_stock", vec![in_stock(book).into()])]),
    ]
}

struct Asking<'a> {
    store: &'a Store,
    view: View,
    books: &'a [Book],
}

impl Asking<'_> {
    async fn ask(&self, query: &Query) -> Found {
        self.store.search(self.view, &PRODUCTS, query).await.unwrap()
    }

    /// What is wrong with the answer, if anything.
    async fn about(&self, words: &str, expected: &str) -> Option<String> {
        let text = Some(words.to_owned());
        let found = self.ask(&Query { text, limit: 3, ..Query::default() }).await;
        let titles: Vec<&str> = found.hits.iter().map(|hit| title(&hit.document)).collect();
        let right = titles.first().is_some_and(|title| title.starts_with(expected));
        (!right).then(|| format!("{words:?} must find {expected:?} first, and found {titles:?}"))
    }

    async fn filters_sorts_and_counts_agree_with_a_look_at_every_book(&self) {
        let author = &self.commonest_author();
        let (least, most) = ("5".parse().unwrap(), "20".parse().unwrap());
        let of_author = Filter::AnyOf("author", vec![author.into()]);
        let in_french = Filter::AnyOf("language", vec!["fr".into()]);
        let priced =
            Filter::Within("price", Some(Value::Decimal(least)), Some(Value::Decimal(most)));
        let there = Filter::AnyOf("in_stock", vec![true.into()]);
        let is_priced = |book: &Book| (least..=most).contains(&price(book));
        self.agrees(vec![of_author.clone()], |book| book.authors.contains(author)).await;
        self.agrees(vec![in_french], |book| book.language.as_deref() == Some("fr")).await;
        self.agrees(vec![priced.clone()], is_priced).await;
        self.agrees(vec![there.clone()], in_stock).await;
        self.agrees(vec![of_author, priced, there], |book| {
            book.authors.contains(author) && is_priced(book) && in_stock(book)
        })
        .await;
    }

    fn commonest_author(&self) -> String {
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for author in self.books.iter().flat_map(|book| &book.authors) {
            *counts.entry(author).or_default() += 1;
        }
        counts.iter().max_by_key(|(_, count)| **count).map(|(name, _)| (*name).clone()).unwrap()
    }

    /// The dearest first, page by page, with the number of all and how many of them are in stock.
    async fn agrees(&self, filters: Vec<Filter>, fits: impl Fn(&Book) -> bool) {
        let mut fitting: Vec<&Book> = self.books.iter().filter(|book| fits(book)).collect();
        fitting.sort_by(|left, right| price(right).cmp(&price(left)).then(left.id.cmp(&right.id)));
        let there = fitting.iter().filter(|book| in_stock(book)).count() as u64;
        let expected: Vec<&String> = fitting.iter().take(250).map(|book| &book.id).collect();
        let facets = vec![Facet::Values("in_stock", 2)];
        let sort = Sort::Descending("price");
        let mut query = Query { filters, facets, sort, limit: 50, ..Query::default() };
        let mut found = Vec::new();
        while found.len() < expected.len() {
            let answer = self.ask(&query).await;
            assert_eq!(answer.total, fitting.len() as u64, "{:?}", query.filters);
            let counted = answer.facets[0].iter().find(|count| count.value == Some(true.into()));
            assert_eq!(counted.map_or(0, |count| count.documents), there, "{:?}", query.filters);
            found.extend(answer.hits.into_iter().map(|hit| hit.id));
            query.after = answer.next;
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(found.iter().take(250).collect::<Vec<_>>(), expected, "{:?}", query.filters);
    }
}

fn title(document: &crate::search::Document) -> &str {
    match document.values("title") {
        [Value::Text(title)] => title,
        _ => "",
    }
}
