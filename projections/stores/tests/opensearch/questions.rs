//! Finding, counting, ordering and marking; what every engine must do alike is in the contract suite.

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::{SearchMutation, Value};
use chimera_stores::StoreError;
use chimera_stores::search::{Facet, Filter, Query, SearchReader, SearchWriter, Sort};

use crate::stack::{BOOKS, Stack, VIEW, asking, found, part, stocked};

fn book(id: &str, title: &str, author: &str, about: &str, language: &str) -> SearchMutation {
    let text = |text: &str| vec![Value::from(text)];
    let fields = vec![
        ("title", text(title)),
        ("authors", text(author)),
        ("about", text(about)),
        ("author", text(author)),
        ("language", text(language)),
        ("cover", text("https://covers/1.jpg")),
    ];
    part(id, "details", 1, Some(fields))
}

fn priced(id: &str, price: &str) -> SearchMutation {
    let price: Amount = price.parse().unwrap();
    part(id, "price", 1, Some(vec![("price", vec![price.into()])]))
}

fn shelf() -> Vec<SearchMutation> {
    vec![
        book("emma", "Emma", "Jane Austen", "A young woman plays at making matches.", "eng"),
        book(
            "fire",
            "Harry Potter and the Goblet of Fire",
            "J.K. Rowling",
            "A tournament.",
            "en-US",
        ),
        book(
            "stone",
            "Harry Potter and the Sorcerer's Stone",
            "J.K. Rowling",
            "Running from an aunt.",
            "eng",
        ),
        book("haus", "Die Häuser der Gelehrten", "Anna Müller", "Bücher <und> mehr", "ger"),
        book("essai", "Écrits intimes", "Émile Zola", "Journal", "fre"),
        priced("emma", "5.9900"),
        priced("fire", "12.5"),
        priced("stone", "922337203685477.5807"),
        stocked("emma", 1, 3),
        stocked("fire", 1, 0),
    ]
}

#[tokio::test]
async fn words_are_found_as_written_by_stem_as_a_beginning_and_with_errors() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &shelf(), &[]).await.unwrap();
    for (text, expected) in [
        ("emma", vec!["emma"]),
        ("EMMA austen", vec!["emma"]),
        ("harry poter", vec!["fire", "stone"]),
        ("hary pottr stone", vec!["stone"]),
        ("rowling goblet", vec!["fire"]),
        ("sorcer", vec!["stone"]),
        ("sorcerers", vec!["stone"]),
        ("match", vec!["emma"]),
        ("ran", vec![]),
        ("runs aunt", vec!["stone"]),
        ("haus", vec!["haus"]),
        ("buch", vec!["haus"]),
        ("muller", vec!["haus"]),
        ("ecrit", vec!["essai"]),
        ("zola zola emma", vec![]),
        ("?!", vec![]),
        (&"emma ".repeat(32), vec!["emma"]),
        (&"emmas ".repeat(14), vec!["emma"]),
    ] {
        assert_eq!(found(&store, &asking(text)).await, expected, "{text}");
    }
}

#[tokio::test]
async fn filters_and_orders_are_exact() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &shelf(), &[]).await.unwrap();
    let amount = |text: &str| Value::Decimal(text.parse().unwrap());
    let everything = Query { limit: 10, ..Query::default() };
    assert_eq!(found(&store, &everything).await, ["emma", "essai", "fire", "haus", "stone"]);
    for (filter, expected) in [
        (Filter::AnyOf("author", vec!["Jane Austen".into()]), vec!["emma"]),
        (Filter::AnyOf("in_stock", vec![false.into()]), vec!["fire"]),
        (Filter::Within("price", Some(amount("5.99")), Some(amount("12.5"))), vec!["emma", "fire"]),
        (Filter::Within("price", Some(amount("922337203685477.5807")), None), vec!["stone"]),
        (Filter::Within("price", None, Some(amount("5.9899"))), vec![]),
        (
            Filter::Either(vec![
                Filter::AnyOf("in_stock", vec![true.into()]),
                Filter::AnyOf("author", vec!["Anna Müller".into()]),
            ]),
            vec!["emma", "haus"],
        ),
    ] {
        let query = Query { filters: vec![filter], ..everything.clone() };
        assert_eq!(found(&store, &query).await, expected);
    }
    let dearest = Query { sort: Sort::Descending("price"), ..everything.clone() };
    assert_eq!(found(&store, &dearest).await, ["stone", "fire", "emma", "essai", "haus"]);
}

#[tokio::test]
async fn facets_are_exact() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &shelf(), &[]).await.unwrap();
    let amount = |text: &str| Value::Decimal(text.parse().unwrap());
    let facets = vec![
        Facet::Values("author", 2),
        Facet::Values("in_stock", 5),
        Facet::Ranges("price", vec![amount("5.99"), amount("100"), amount("922337203685477.5807")]),
        Facet::Meeting(Filter::Within("available", Some(1.into_value()), None)),
    ];
    let query = Query { facets, limit: 0, ..Query::default() };
    let answer = store.search(VIEW, &BOOKS, &query).await.unwrap();
    let counts: Vec<Vec<(Option<Value>, u64)>> = answer
        .facets
        .into_iter()
        .map(|facet| facet.into_iter().map(|count| (count.value, count.documents)).collect())
        .collect();
    assert_eq!(answer.total, 5);
    assert_eq!(counts[0], [(Some("J.K. Rowling".into()), 2), (Some("Anna Müller".into()), 1)]);
    assert_eq!(counts[1], [(Some(false.into()), 1), (Some(true.into()), 1)]);
    let ranges: Vec<u64> = counts[2].iter().map(|(_, documents)| *documents).collect();
    assert_eq!(ranges, [0, 2, 0, 1]);
    assert_eq!(counts[3], [(Some(true.into()), 1)]);
}

trait IntoValue {
    fn into_value(self) -> Value;
}

impl IntoValue for i64 {
    fn into_value(self) -> Value {
        Value::Integer(self)
    }
}

#[tokio::test]
async fn what_matched_is_marked_by_word_stem_beginning_and_error() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &shelf(), &[]).await.unwrap();
    for (text, field, expected) in [
        ("hary sorcer", "title", "<em>Harry</em> Potter and the <em>Sorcerer</em>&#39;s Stone"),
        ("run aunt", "about", "<em>Running</em> from an <em>aunt</em>."),
        ("buch", "about", "<em>Bücher</em> &lt;und&gt; mehr"),
        ("haus", "title", "Die <em>Häuser</em> der Gelehrten"),
    ] {
        let query = Query { highlight: vec![field], ..asking(text) };
        let answer = store.search(VIEW, &BOOKS, &query).await.unwrap();
        assert_eq!(answer.hits[0].highlights, [(field, expected.to_owned())], "{text}");
    }
}

/// Twenty-five of one title, not all of which are stocked.
fn alike() -> Vec<SearchMutation> {
    let mut mutations = Vec::new();
    for number in 0..25_i64 {
        let id = format!("{number:02}");
        mutations.push(book(&id, "The same title", "Somebody", "", "en"));
        if number % 3 > 0 {
            mutations.push(stocked(&id, 1, number % 4));
        }
    }
    mutations
}

#[tokio::test]
async fn pages_follow_each_other_through_everything_and_belong_to_one_question() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &alike(), &[]).await.unwrap();
    let question = |text: Option<&str>, sort| Query {
        text: text.map(str::to_owned),
        sort,
        limit: 4,
        ..Query::default()
    };
    for question in [
        question(Some("same"), Sort::Relevance),
        question(None, Sort::Relevance),
        question(None, Sort::Ascending("available")),
        question(Some("title"), Sort::Descending("available")),
    ] {
        let (mut ids, mut asked) = (Vec::new(), question.clone());
        loop {
            let page = store.search(VIEW, &BOOKS, &asked).await.unwrap();
            assert_eq!(page.total, 25);
            ids.extend(page.hits.into_iter().map(|hit| hit.id));
            asked.after = page.next;
            if asked.after.is_none() {
                break;
            }
        }
        let whole = found(&store, &Query { limit: 100, ..question.clone() }).await;
        assert_eq!(ids, whole);
        assert_eq!(ids.len(), 25);
        let first = store.search(VIEW, &BOOKS, &question).await.unwrap();
        let other = Query { after: first.next, text: Some("other".to_owned()), ..question };
        let refused = store.search(VIEW, &BOOKS, &other).await;
        assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_document_is_found_once_its_first_part_is_there_and_read_as_it_was_written() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &[stocked("emma", 1, 3)], &[]).await.unwrap();
    let everything = Query { limit: 10, ..Query::default() };
    assert!(found(&store, &everything).await.is_empty());
    let time = vec![("counted_at", vec![Timestamp(1_700_000_000_123_456).into()])];
    store
        .apply(VIEW, &[part("emma", "stock", 2, Some(time)), priced("emma", "0.0001")], &[])
        .await
        .unwrap();
    let odd = book("emma", "\"Emma\"\n\\ \u{1F600}", "Jane Austen", "\u{0}", "eng");
    store.apply(VIEW, std::slice::from_ref(&odd), &[]).await.unwrap();
    let document = store.get(VIEW, &BOOKS, "emma").await.unwrap().unwrap();
    assert_eq!(document.values("title"), [Value::from("\"Emma\"\n\\ \u{1F600}")]);
    assert_eq!(document.values("about"), [Value::from("\u{0}")]);
    assert_eq!(document.values("price"), [Value::Decimal("0.0001".parse().unwrap())]);
    assert_eq!(document.values("counted_at"), [Timestamp(1_700_000_000_123_456).into()]);
    assert!(document.values("available").is_empty());
    assert_eq!(document.parts["stock"].0, 2);
    let answer = store.search(VIEW, &BOOKS, &everything).await.unwrap();
    assert_eq!(answer.hits[0].document, document);
    store.apply(VIEW, &[part("emma", "details", 2, None)], &[]).await.unwrap();
    assert!(found(&store, &everything).await.is_empty());
    assert_eq!(store.get(VIEW, &BOOKS, "emma").await.unwrap().unwrap().parts.len(), 2);
}
