//! How fast products are indexed, and how long questions of each kind take: seeded products, one question at a time and two at once.
//!
//! `cargo run --release --example search_speed -- DIRECTORY [PRODUCTS]`; what is in the directory already is asked as it is. In place of
//! a directory the URL of an OpenSearch, where the indices begin with `speed-` and are left for the next time.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, for a person")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::product_search_index::PRODUCTS;
use chimera_model::{SearchMutation, Value};
use chimera_stores::search::{Facet, Filter, Query, SearchStore, Sort};
use chimera_stores::{EmbeddedStores, OpenSearch, OpenSearchOptions, View};

const VIEW: View = View::new("product_search_index", 1);
const BATCH: u64 = 5_000;
const WORDS: u64 = 60_000;
const QUESTIONS: u64 = 200;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().unwrap();
    let products: u64 = arguments.next().map_or(1_000_000, |count| count.parse().unwrap());
    let store: Arc<dyn SearchStore> = if place.starts_with("http") {
        Arc::new(OpenSearch::new(OpenSearchOptions::at(&place, "speed-")).unwrap())
    } else {
        EmbeddedStores::open(&PathBuf::from(place)).unwrap().search()
    };
    index(&*store, products).await;
    for at_once in [1, 2] {
        println!("{at_once} at once            p50 ms  p95 ms  worst  found");
        for (name, ask) in KINDS {
            measure(&store, (name, ask), at_once).await;
        }
    }
}

async fn index(store: &dyn SearchStore, products: u64) {
    store.create(VIEW, &[&PRODUCTS]).await.unwrap();
    let there = store.search(VIEW, &PRODUCTS, &Query::default()).await.unwrap().total;
    let started = Instant::now();
    let mut at = there;
    while at < products {
        let upto = (at + BATCH).min(products);
        let mutations: Vec<SearchMutation> = (at..upto).flat_map(product).collect();
        store.apply(VIEW, &mutations, &[]).await.unwrap();
        at = upto;
    }
    let (count, seconds) = (products.saturating_sub(there), started.elapsed().as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "shown to a person")]
    let rate = count as f64 / seconds;
    println!("{count} products indexed in {seconds:.1} s, {rate:.0} a second");
}

/// The same for the same number, and spread evenly.
fn mixed(number: u64, salt: u64) -> u64 {
    let mut x =
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

const SYLLABLES: [&str; 20] = [
    "ba", "cor", "den", "fil", "gra", "hem", "is", "jo", "kal", "lor", "mi", "nor", "os", "pel",
    "qui", "rast", "sen", "tor", "ul", "ven",
];

/// A word: some are very common, most are rare, as in a language.
fn word(seed: u64) -> String {
    let scale = 1 << (mixed(seed, 1) % 17);
    let number = mixed(seed, 2) % scale % WORDS;
    let mut text = String::new();
    let mut rest = number + 20;
    while rest > 0 {
        text.push_str(SYLLABLES[usize::try_from(rest % 20).unwrap()]);
        rest /= 20;
    }
    text
}

fn text(seed: u64, words: u64) -> String {
    let words: Vec<String> = (0..words).map(|place| word(mixed(seed, 100 + place))).collect();
    words.join(" ")
}

fn author(seed: u64) -> String {
    format!("{} {}", word(mixed(seed, 7) % 2_000), word(mixed(seed, 8) % 20_000))
}

fn product(number: u64) -> Vec<SearchMutation> {
    let part = |part, fields| SearchMutation {
        spec: &PRODUCTS,
        id: format!("SKU-{number}"),
        part,
        fields: Some(fields),
        version: 1,
    };
    let of = |salt| mixed(number, salt);
    let signed = |number: u64| number.cast_signed();
    let authors = vec![Value::Text(author(of(3) % 50_000))];
    let categories = vec![Value::Text(format!("Category {}", of(4) % 300 % (1 + of(5) % 300)))];
    let title = text(of(6), 2 + of(7) % 6);
    let format =
        ["HARDCOVER", "PAPERBACK", "EBOOK", "AUDIOBOOK"][usize::try_from(of(8) % 4).unwrap()];
    let price = Amount::from_ten_thousandths(signed(of(9) % 1_000_000));
    let available = signed(of(10) % 50);
    let details = vec![
        ("title", vec![title.into_value()]),
        ("authors", authors.clone()),
        ("author", authors),
        ("description", vec![text(of(12), 30).into_value()]),
        ("categories", categories.clone()),
        ("category", categories),
        ("format", vec![format.into()]),
        ("language", vec!["en".into()]),
    ];
    let created = Timestamp(signed(of(11) % 1_000_000_000));
    vec![
        part(
            "product",
            vec![("created_at", vec![created.into()]), ("stock_tracked", vec![true.into()])],
        ),
        part("details", details),
        part("price", vec![("price", vec![price.into()]), ("currency", vec!["GBP".into()])]),
        part("listing", vec![("discontinued", vec![false.into()])]),
        part(
            "stock",
            vec![("available", vec![available.into()]), ("in_stock", vec![(available > 0).into()])],
        ),
    ]
}

trait IntoValue {
    fn into_value(self) -> Value;
}

impl IntoValue for String {
    fn into_value(self) -> Value {
        Value::Text(self)
    }
}

type Ask = fn(u64) -> Query;

/// What a shop's page asks, with all its counts.
fn page(words: Option<String>) -> Query {
    let in_stock = Filter::AnyOf("in_stock", vec![true.into()]);
    let bounds =
        [5_i64, 10, 20, 50].map(|bound| Value::from(Amount::from_ten_thousandths(bound * 10_000)));
    Query {
        text: words,
        filters: vec![Filter::AnyOf("discontinued", vec![false.into()])],
        facets: vec![
            Facet::Values("category", 20),
            Facet::Values("author", 20),
            Facet::Values("format", 10),
            Facet::Ranges("price", bounds.into()),
            Facet::Meeting(in_stock),
        ],
        highlight: vec!["title", "authors", "description"],
        limit: 20,
        ..Query::default()
    }
}

/// Two words of the title of some product.
fn known(seed: u64) -> String {
    text(mixed(mixed(seed, 50) % 100_000, 6), 2)
}

const KINDS: [(&str, Ask); 7] = [
    ("one common word", |_| page(Some(word(3)))),
    ("two words", |seed| page(Some(known(seed)))),
    ("typing error", |seed| {
        let mut words = known(seed);
        words.replace_range(1..2, "x");
        page(Some(words))
    }),
    ("beginning", |seed| page(Some(word(seed).chars().take(3).collect()))),
    ("author, filtered", |seed| {
        let filter = Filter::AnyOf("format", vec!["EBOOK".into()]);
        let mut query = page(Some(author(seed % 50_000)));
        query.filters.push(filter);
        query
    }),
    ("everything", |_| page(None)),
    ("by price", |seed| {
        let category = Value::Text(format!("Category {}", seed % 100));
        let mut query = page(None);
        query.filters.push(Filter::AnyOf("category", vec![category]));
        Query { sort: Sort::Ascending("price"), ..query }
    }),
];

async fn measure(store: &Arc<dyn SearchStore>, (name, ask): (&str, Ask), at_once: u64) {
    let (mut asking, mut times, mut found) = (vec![], vec![], 0);
    for client in 0..at_once {
        let store = store.clone();
        asking.push(tokio::spawn(async move {
            let mut answers = vec![];
            for number in 0..QUESTIONS / at_once {
                let query = ask(mixed(number, client));
                let started = Instant::now();
                let total = store.search(VIEW, &PRODUCTS, &query).await.unwrap().total;
                answers.push((started.elapsed(), total));
            }
            answers
        }));
    }
    for client in asking {
        for (time, total) in client.await.unwrap() {
            times.push(time);
            found += total;
        }
    }
    times.sort_unstable();
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    let at = |share: usize| millis(times[(times.len() - 1) * share / 100]);
    println!("{name:<20} {:7.1} {:7.1} {:6.1} {:6}", at(50), at(95), at(100), found / QUESTIONS);
}
