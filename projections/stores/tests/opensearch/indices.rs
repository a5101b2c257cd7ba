//! Indices: made once, compared with what is there, never made by writing, shown to people by an alias.

use std::sync::Arc;

use chimera_model::{SearchField, SearchKind, SearchPart, SearchSpec};
use chimera_stores::search::{Query, SearchReader, SearchWriter};
use chimera_stores::{Checkpoint, StoreError, View};
use serde_json::json;

use crate::stack::{BOOKS, Stack, VIEW, everything, titled};

static OTHER_BOOKS: SearchSpec = SearchSpec {
    index: "books",
    parts: &[SearchPart {
        name: "details",
        fields: &[SearchField { name: "title", kind: SearchKind::Keyword }],
    }],
    language: None,
};

fn at(sequence: u64) -> Checkpoint {
    Checkpoint { stream: Arc::from("ecommerce.product.product"), partition: 0, sequence }
}

#[tokio::test]
async fn an_index_of_another_shape_is_refused_and_the_message_says_what_to_do() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &[titled("emma", 1, "Emma")], &[at(7)]).await.unwrap();
    stack.books().await;
    let refused = stack.store().create(VIEW, &[&OTHER_BOOKS]).await;
    let Err(StoreError::Fatal(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("replay run book_search"), "{reason}");
    assert_eq!(everything(&store).await.len(), 1, "what is there was left alone");
    assert_eq!(store.checkpoints(VIEW).await.unwrap(), [at(7)]);
    let mut other = titled("emma", 2, "Emma");
    other.spec = &OTHER_BOOKS;
    let refused = store.apply(VIEW, &[other], &[]).await;
    assert!(matches!(refused, Err(StoreError::Fatal(_))), "{refused:?}");
}

#[tokio::test]
async fn an_index_that_is_not_ours_is_refused() {
    let Some(stack) = Stack::new() else { return };
    let name = format!("/{}books-g1", stack.prefix);
    assert_eq!(stack.ask("PUT", &name, Some(json!({}))).await.0, 200);
    let refused = stack.store().create(VIEW, &[&BOOKS]).await;
    let Err(StoreError::Fatal(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("not Chimera's"), "{reason}");
}

#[tokio::test]
async fn an_index_taken_away_by_somebody_is_not_made_again_by_writing() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &[titled("emma", 1, "Emma")], &[at(1)]).await.unwrap();
    let name = format!("/{}books-g1", stack.prefix);
    stack.ask("DELETE", &name, None).await;
    let refused = store.apply(VIEW, &[titled("emma", 2, "Emma")], &[at(2)]).await;
    assert!(matches!(refused, Err(StoreError::Fatal(_))), "{refused:?}");
    let refused = store.apply(VIEW, &[titled("new", 1, "New")], &[at(2)]).await;
    assert!(matches!(refused, Err(StoreError::Fatal(_))), "{refused:?}");
    assert_eq!(stack.ask("GET", &name, None).await.0, 404);
    assert_eq!(store.checkpoints(VIEW).await.unwrap(), [at(1)]);
    let refused = stack.store().create(VIEW, &[&BOOKS]).await;
    assert!(matches!(refused, Err(StoreError::Fatal(_))), "its checkpoints say that it is full");
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![]), "it counts as lost");
    let asked = store.search(VIEW, &BOOKS, &Query::default()).await;
    assert!(matches!(asked, Err(StoreError::Transient(_))), "{asked:?}");
    let read = store.get(VIEW, &BOOKS, "emma").await;
    assert!(matches!(read, Err(StoreError::Transient(_))), "{read:?}");
    store.remove(VIEW).await.unwrap();
    stack.store().create(VIEW, &[&BOOKS]).await.unwrap();
    assert_eq!(stack.store().checkpoints(VIEW).await.unwrap(), []);
}

#[tokio::test]
async fn people_see_one_generation_whole_until_it_is_removed() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    let next = View::new(VIEW.model, 2);
    store.create(next, &[&BOOKS]).await.unwrap();
    let alias = format!("/_alias/{}books", stack.prefix);
    let seen = async || {
        let (_, json) = stack.ask("GET", &alias, None).await;
        json.as_object().map(|names| names.keys().cloned().collect::<Vec<_>>()).unwrap()
    };
    assert_eq!(seen().await, [format!("{}books-g1", stack.prefix)]);
    assert_eq!(stack.store().generations(VIEW.model).await, Ok(vec![1, 2]));
    assert_eq!(stack.store().generations("book").await, Ok(vec![]));
    store.remove(VIEW).await.unwrap();
    assert_eq!(seen().await, [format!("{}books-g2", stack.prefix)]);
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![2]));
    store.remove(VIEW).await.unwrap();
    store.remove(next).await.unwrap();
    assert_eq!(store.generations(VIEW.model).await, Ok(vec![]));
}

#[tokio::test]
async fn checkpoints_start_anew_with_a_generation_of_the_same_number() {
    let Some(stack) = Stack::new() else { return };
    let store = stack.books().await;
    store.apply(VIEW, &[titled("emma", 1, "Emma")], &[at(9)]).await.unwrap();
    store.apply(VIEW, &[], &[at(3)]).await.unwrap();
    assert_eq!(store.checkpoints(VIEW).await.unwrap(), [at(9)]);
    store.remove(VIEW).await.unwrap();
    let refused = store.apply(VIEW, &[], &[]).await;
    assert!(matches!(refused, Err(StoreError::Fatal(_))), "{refused:?}");
    store.create(VIEW, &[&BOOKS]).await.unwrap();
    assert!(store.checkpoints(VIEW).await.unwrap().is_empty());
    assert!(everything(&store).await.is_empty());
    store.apply(VIEW, &[titled("emma", 1, "Emma")], &[at(3)]).await.unwrap();
    assert_eq!(store.checkpoints(VIEW).await.unwrap(), [at(3)]);
}
