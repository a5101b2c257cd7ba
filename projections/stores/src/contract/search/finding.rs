//! The rules of what is found by which words, and in which order.

use super::Store;
use super::notes::{about, all, apply, created, found, note, rating, set, text, titled};

/// Without waiting.
pub(super) async fn what_was_applied_is_found_by_the_next_search(store: Store) {
    created(&store).await;
    for number in 1..=10 {
        let title = format!("edition {number}");
        apply(&store, &[titled("a", number, &title)]).await;
        assert_eq!(found(&store, &about(&title)).await, ["a"]);
    }
    assert!(found(&store, &about("edition 9")).await.is_empty(), "what it was is not found");
}

/// A rating of nothing is no note.
pub(super) async fn a_document_is_found_once_its_first_part_is_there(store: Store) {
    created(&store).await;
    apply(&store, &[rating("a", 1, vec![("stars", vec![5_i64.into()])])]).await;
    assert!(found(&store, &all()).await.is_empty());
    apply(&store, &[titled("a", 1, "there")]).await;
    assert_eq!(found(&store, &all()).await, ["a"]);
}

/// In any of the texts.
pub(super) async fn every_word_must_be_somewhere(store: Store) {
    created(&store).await;
    let both = vec![("title", vec![text("The Stand")]), ("names", vec![text("Stephen King")])];
    let one = vec![("title", vec![text("King Lear")]), ("names", vec![text("Shakespeare")])];
    apply(&store, &[note("both", both), note("one", one)]).await;
    assert_eq!(found(&store, &about("king stand")).await, ["both"]);
    assert_eq!(set(&store, "king").await, ["both", "one"]);
    assert!(found(&store, &about("king stand shakespeare")).await.is_empty());
}

/// On either side.
pub(super) async fn case_and_accents_do_not_matter(store: Store) {
    created(&store).await;
    apply(&store, &[titled("a", 1, "ÉMILE Zola"), titled("b", 1, "Garcia")]).await;
    for words in ["emile", "Émile", "zOLA émile"] {
        assert_eq!(found(&store, &about(words)).await, ["a"], "{words}");
    }
    assert_eq!(found(&store, &about("garcía")).await, ["b"]);
}

/// English where none is given.
pub(super) async fn forms_of_a_word_are_found_in_the_language_of_the_document(store: Store) {
    created(&store).await;
    let said = |title: &str, language: &str| {
        vec![("title", vec![text(title)]), ("language", vec![text(language)])]
    };
    apply(
        &store,
        &[
            titled("plain", 1, "The wizards"),
            note("english", said("Connections", "en")),
            note("german", said("Die Häuser", "de")),
            note("french", said("Les chevaux", "fr")),
            note("dutch", said("Fietsen", "nl")),
            note("unknown", said("Mountains", "xx")),
        ],
    )
    .await;
    for (words, id) in [
        ("wizard", "plain"),
        ("connected", "english"),
        ("hausern", "german"),
        ("cheval", "french"),
        ("fiets", "dutch"),
    ] {
        assert_eq!(found(&store, &about(words)).await, [id], "{words}");
    }
    let stems = found(&store, &about("mountaineering x")).await;
    assert!(stems.is_empty(), "{stems:?}");
}

/// From two letters on; no other word may.
pub(super) async fn the_last_word_may_be_a_beginning(store: Store) {
    created(&store).await;
    apply(&store, &[titled("a", 1, "The Silmarillion illustrated")]).await;
    for words in ["si", "silma", "the silm", "silmarillion illu"] {
        assert_eq!(found(&store, &about(words)).await, ["a"], "{words}");
    }
    for words in ["s", "silma the", "marillion"] {
        assert!(found(&store, &about(words)).await.is_empty(), "{words}");
    }
}

/// None up to 3 letters and in numbers, one up to 7, two from 8 on; the first letter may be wrong, too.
pub(super) async fn typing_errors_are_forgiven_by_length(store: Store) {
    created(&store).await;
    apply(&store, &[titled("a", 1, "emu tolkien mockingbird 1984")]).await;
    for words in
        ["tolkein", "tolken", "polkien", "ttolkien", "tolkien", "mokcingbrd", "nockingbirt"]
    {
        assert_eq!(found(&store, &about(words)).await, ["a"], "{words}");
    }
    for words in ["enu", "tolk1en", "polkein", "mokcingbr", "1985"] {
        assert!(found(&store, &about(&format!("{words} emu"))).await.is_empty(), "{words}");
    }
}

/// In any form of them, but neither by their beginnings nor with errors.
pub(super) async fn in_a_long_text_whole_words_are_found(store: Store) {
    created(&store).await;
    let body = vec![("title", vec![text("plain")]), ("body", vec![text("of mockingbirds")])];
    apply(&store, &[note("long", body), titled("name", 1, "Mockingjay")]).await;
    assert_eq!(found(&store, &about("mockingbird")).await, ["long"]);
    assert_eq!(found(&store, &about("mocking")).await, ["name"]);
    assert!(found(&store, &about("mokcingbirds plain")).await.is_empty());
}

/// As written, then another form, then as a beginning, then with one error, then with two.
pub(super) async fn the_nearer_word_comes_first(store: Store) {
    created(&store).await;
    let titles = [
        ("5", "connecrios"),
        ("4", "connectios"),
        ("3", "connectionless"),
        ("2", "connecting"),
        ("1", "connection"),
    ];
    for (id, title) in titles {
        apply(&store, &[titled(id, 1, title)]).await;
    }
    assert_eq!(found(&store, &about("connection")).await, ["1", "2", "3", "4", "5"]);
}

/// With the same word.
pub(super) async fn the_weightier_field_comes_first(store: Store) {
    created(&store).await;
    let body = vec![("title", vec![text("something")]), ("body", vec![text("dragon")])];
    let names = vec![("title", vec![text("something")]), ("names", vec![text("dragon")])];
    let title = vec![("title", vec![text("dragon")])];
    apply(&store, &[note("1", body), note("2", names), note("3", title)]).await;
    assert_eq!(found(&store, &about("dragon")).await, ["3", "2", "1"]);
}

/// Nor does one of signs only find everything.
pub(super) async fn a_text_without_words_finds_nothing(store: Store) {
    created(&store).await;
    apply(&store, &[titled("a", 1, "what?")]).await;
    for words in ["", " ", "?!"] {
        assert!(found(&store, &about(words)).await.is_empty(), "{words:?}");
    }
    assert_eq!(found(&store, &all()).await, ["a"]);
}
