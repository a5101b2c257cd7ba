//! The rules of filters, facets, sorts, pages and highlights.

use chimera_model::{SearchMutation, Value};

use super::Store;
use super::notes::{
    NOTES, about, all, apply, at, created, found, note, price, rating, search, text, titled,
};
use crate::contract::VIEW;
use crate::error::StoreError;
use crate::page::Cursor;
use crate::search::{Facet, FacetCount, Filter, Query, Sort};

/// Four notes: tags, stars, prices and times.
async fn some_notes(store: &Store) {
    created(store).await;
    let tagged = |id: &str, tags: &[&str]| {
        let tags = tags.iter().map(|tag| text(tag)).collect();
        note(id, vec![("title", vec![text("a note")]), ("tag", tags)])
    };
    let rated = |id: &str, good: bool, stars: i64, amount: &str| -> SearchMutation {
        let fields = vec![
            ("good", vec![good.into()]),
            ("stars", vec![stars.into()]),
            ("price", vec![price(amount)]),
            ("at", vec![at(stars * 1_000)]),
        ];
        rating(id, 1, fields)
    };
    apply(
        store,
        &[
            tagged("a", &["red", "blue"]),
            tagged("b", &["red"]),
            tagged("c", &["Red"]),
            tagged("d", &[]),
            rated("a", true, 5, "10"),
            rated("b", false, 3, "9.9999"),
            rated("c", true, 3, "10.0001"),
        ],
    )
    .await;
}

async fn filtered(store: &Store, filters: &[Filter]) -> Vec<String> {
    let mut ids = found(store, &Query { filters: filters.to_vec(), ..all() }).await;
    ids.sort();
    ids
}

/// By value and by range; a value is as it is.
pub(super) async fn filters_must_all_hold(store: Store) {
    some_notes(&store).await;
    let tag = |tags: &[&str]| Filter::AnyOf("tag", tags.iter().map(|tag| text(tag)).collect());
    assert_eq!(filtered(&store, &[tag(&["red"])]).await, ["a", "b"]);
    assert_eq!(filtered(&store, &[tag(&["blue", "Red"])]).await, ["a", "c"]);
    assert!(filtered(&store, &[tag(&["green"])]).await.is_empty());
    assert!(filtered(&store, &[tag(&[])]).await.is_empty());
    let good = Filter::AnyOf("good", vec![true.into()]);
    assert_eq!(filtered(&store, &[tag(&["red"]), good]).await, ["a"]);
    let stars = |from: Option<i64>, to: Option<i64>| {
        Filter::Within("stars", from.map(Value::from), to.map(Value::from))
    };
    assert_eq!(filtered(&store, &[stars(Some(3), Some(4))]).await, ["b", "c"]);
    assert_eq!(filtered(&store, &[stars(Some(5), None)]).await, ["a"]);
    assert_eq!(filtered(&store, &[stars(None, None)]).await, ["a", "b", "c"]);
    let three = Filter::AnyOf("stars", vec![3_i64.into()]);
    assert_eq!(filtered(&store, &[three]).await, ["b", "c"]);
    let found = found(&store, &Query { filters: vec![tag(&["blue"])], ..about("note") }).await;
    assert_eq!(found, ["a"]);
}

/// Also inside each other.
pub(super) async fn one_of_several_filters_is_enough_where_it_says_so(store: Store) {
    some_notes(&store).await;
    let blue = Filter::AnyOf("tag", vec![text("blue")]);
    let bad = Filter::AnyOf("good", vec![false.into()]);
    assert_eq!(
        filtered(&store, &[Filter::Either(vec![blue.clone(), bad.clone()])]).await,
        ["a", "b"]
    );
    let inside = Filter::Either(vec![bad, Filter::Either(vec![blue])]);
    assert_eq!(filtered(&store, &[inside]).await, ["a", "b"]);
    assert!(filtered(&store, &[Filter::Either(vec![])]).await.is_empty());
}

/// No bound is rounded.
pub(super) async fn amounts_are_exact_to_four_places(store: Store) {
    some_notes(&store).await;
    let within = |from: &str, to: &str| Filter::Within("price", Some(price(from)), Some(price(to)));
    assert_eq!(filtered(&store, &[within("9.9999", "9.9999")]).await, ["b"]);
    assert_eq!(filtered(&store, &[within("10", "10.0001")]).await, ["a", "c"]);
    assert!(filtered(&store, &[within("10.0002", "11")]).await.is_empty());
    let large = "900000000000000.0001";
    apply(&store, &[rating("d", 1, vec![("price", vec![price(large)])])]).await;
    assert_eq!(filtered(&store, &[within(large, large)]).await, ["d"]);
    assert!(filtered(&store, &[within("900000000000000", "900000000000000")]).await.is_empty());
}

fn count(value: impl Into<Option<Value>>, documents: u64) -> FacetCount {
    FacetCount { value: value.into(), documents }
}

/// Not only what is on the page.
pub(super) async fn facets_count_everything_that_matches(store: Store) {
    some_notes(&store).await;
    let bounds = vec![price("10"), price("10.0001"), price("20")];
    let facets = vec![
        Facet::Values("tag", 2),
        Facet::Values("good", 5),
        Facet::Ranges("price", bounds.clone()),
        Facet::Meeting(Filter::Within("stars", Some(4_i64.into()), None)),
    ];
    let query = Query { facets, limit: 1, ..about("note") };
    let answer = search(&store, &query).await;
    assert_eq!((answer.total, answer.hits.len()), (4, 1));
    assert_eq!(answer.facets[0], [count(text("red"), 2), count(text("Red"), 1)]);
    assert_eq!(answer.facets[1], [count(Value::from(true), 2), count(Value::from(false), 1)]);
    let [ten, more, twenty] = bounds.try_into().unwrap();
    assert_eq!(answer.facets[2], [count(None, 1), count(ten, 1), count(more, 1), count(twenty, 0)]);
    assert_eq!(answer.facets[3], [count(Value::from(true), 1)]);
    let good = Filter::AnyOf("good", vec![true.into()]);
    let answer = search(&store, &Query { filters: vec![good], ..query }).await;
    assert_eq!(answer.facets[0], [count(text("Red"), 1), count(text("blue"), 1)]);
    assert_eq!(answer.facets[1], [count(Value::from(true), 2)]);
}

/// What has no value comes last, both ways.
pub(super) async fn sorts_go_both_ways_and_equals_come_by_id(store: Store) {
    some_notes(&store).await;
    let sorted = |sort| Query { sort, ..all() };
    assert_eq!(found(&store, &sorted(Sort::Ascending("stars"))).await, ["b", "c", "a", "d"]);
    assert_eq!(found(&store, &sorted(Sort::Descending("stars"))).await, ["a", "b", "c", "d"]);
    assert_eq!(found(&store, &sorted(Sort::Ascending("price"))).await, ["b", "a", "c", "d"]);
    assert_eq!(found(&store, &sorted(Sort::Descending("at"))).await, ["a", "b", "c", "d"]);
    assert_eq!(found(&store, &sorted(Sort::Relevance)).await, ["a", "b", "c", "d"]);
    assert_eq!(found(&store, &about("note")).await, ["a", "b", "c", "d"]);
}

/// In every order, in pages of every size.
pub(super) async fn a_cursor_leads_through_everything_once(store: Store) {
    created(&store).await;
    let mut mutations = Vec::new();
    for number in 0..23_i64 {
        let id = format!("n{number:02}");
        let title = if number % 4 == 0 { "wizards meet" } else { "a wizard alone" };
        mutations.push(titled(&id, 1, title));
        if number % 5 > 0 {
            mutations.push(rating(&id, 1, vec![("stars", vec![(number % 3).into()])]));
        }
    }
    for batch in mutations.chunks(10) {
        apply(&store, batch).await;
    }
    let sorts = [Sort::Relevance, Sort::Ascending("stars"), Sort::Descending("stars")];
    for query in sorts.map(|sort| Query { sort, ..about("wizard") }).into_iter().chain([all()]) {
        let whole = found(&store, &query).await;
        assert_eq!(whole.len(), 23);
        for limit in [1, 5, 22, 23] {
            assert_eq!(paged(&store, &query, limit).await, whole, "{query:?} by {limit}");
        }
    }
}

async fn paged(store: &Store, query: &Query, limit: usize) -> Vec<String> {
    let (mut ids, mut query) = (Vec::new(), Query { limit, ..query.clone() });
    loop {
        let answer = search(store, &query).await;
        assert!(answer.hits.len() <= limit, "a page is bounded");
        assert_eq!(answer.total, 23);
        ids.extend(answer.hits.into_iter().map(|hit| hit.id));
        query.after = answer.next;
        if query.after.is_none() {
            return ids;
        }
    }
}

/// It came by way of a client.
pub(super) async fn a_cursor_of_another_question_is_refused(store: Store) {
    some_notes(&store).await;
    let next = search(&store, &Query { limit: 1, ..about("note") }).await.next;
    assert!(next.is_some());
    let made_up = Some(Cursor::from_bytes(b"made up".to_vec()));
    let others = [
        Query { after: next.clone(), ..about("notes") },
        Query { after: next.clone(), ..all() },
        Query { after: next.clone(), sort: Sort::Ascending("stars"), ..about("note") },
        Query { after: next, filters: vec![Filter::Either(vec![])], ..about("note") },
        Query { after: made_up, ..about("note") },
    ];
    for query in others {
        let answer = store.search(VIEW, &NOTES, &query).await;
        assert!(matches!(answer, Err(StoreError::Rejected(_))), "{answer:?}");
    }
}

/// Of the fields asked for in which something matched.
pub(super) async fn highlights_are_escaped_and_marked(store: Store) {
    created(&store).await;
    let fields = vec![
        ("title", vec![text("Wizards & <script>")]),
        ("body", vec![text("nothing of the kind")]),
        ("names", vec![text("Someone"), text("A. Wizard")]),
    ];
    apply(&store, &[note("a", fields)]).await;
    let highlight = vec!["title", "body", "names"];
    let answer = search(&store, &Query { highlight, ..about("wizard") }).await;
    let marked: Vec<(&str, String)> = answer.hits[0].highlights.clone();
    let expected = [
        ("title", "<em>Wizards</em> &amp; &lt;script&gt;".to_owned()),
        ("names", "A. <em>Wizard</em>".to_owned()),
    ];
    assert_eq!(marked, expected);
}

/// Before anything is read.
pub(super) async fn a_question_that_does_not_fit_is_refused(store: Store) {
    created(&store).await;
    let unfit = [
        Query { filters: vec![Filter::AnyOf("nothing", vec![])], ..all() },
        Query { filters: vec![Filter::AnyOf("title", vec![text("a")])], ..all() },
        Query { filters: vec![Filter::Within("tag", None, None)], ..all() },
        Query { filters: vec![Filter::AnyOf("stars", vec![text("3")])], ..all() },
        Query { facets: vec![Facet::Values("stars", 3)], ..all() },
        Query { facets: vec![Facet::Ranges("stars", vec![2_i64.into(), 1_i64.into()])], ..all() },
        Query { sort: Sort::Ascending("title"), ..all() },
        Query { highlight: vec!["tag"], ..all() },
        Query { limit: 100_000, ..all() },
        about(&"word ".repeat(33)),
    ];
    for query in unfit {
        let answer = store.search(VIEW, &NOTES, &query).await;
        assert!(matches!(answer, Err(StoreError::Rejected(_))), "{answer:?}");
    }
}
