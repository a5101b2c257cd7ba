//! What the embedded search store keeps over a restart and under many writers, and what damage it notices.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chimera_model::{SearchField, SearchKind, SearchMutation, SearchPart, SearchSpec, Value};
use chimera_stores::search::{Query, SearchReader, SearchStore, SearchWriter};
use chimera_stores::{Checkpoint, EmbeddedStores, StoreError, View};

static NOTES: SearchSpec = SearchSpec {
    index: "notes",
    language: None,
    parts: &[SearchPart {
        name: "note",
        fields: &[SearchField { name: "title", kind: SearchKind::Text { weight: 1 } }],
    }],
};
static OTHER_SHAPE: SearchSpec = SearchSpec { language: Some("title"), ..NOTES };
const VIEW: View = View::new("notes", 3);

fn note(id: &str, version: u64) -> SearchMutation {
    let title = Value::Text(format!("note {id} in version {version}"));
    let fields = Some(vec![("title", vec![title])]);
    SearchMutation { spec: &NOTES, id: id.to_owned(), part: "note", fields, version }
}

fn checkpoint(partition: u32, sequence: u64) -> Checkpoint {
    Checkpoint { stream: "notes".into(), partition, sequence }
}

async fn found(store: &dyn SearchStore, words: &str) -> u64 {
    let query = Query { text: Some(words.to_owned()), limit: 1, ..Query::default() };
    store.search(VIEW, &NOTES, &query).await.unwrap().total
}

async fn filled(dir: &Path) -> EmbeddedStores {
    let stores = EmbeddedStores::open(dir).unwrap();
    stores.search().create(VIEW, &[&NOTES]).await.unwrap();
    stores.search().apply(VIEW, &[note("a", 1), note("b", 1)], &[checkpoint(0, 2)]).await.unwrap();
    stores
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_checkpoints_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        drop(filled(dir.path()).await);
        let stores = EmbeddedStores::open(dir.path()).unwrap();
        assert_eq!(stores.search().checkpoints(VIEW).await.unwrap(), [checkpoint(0, 2)]);
        assert_eq!(found(&*stores.search(), "note").await, 2);
        assert_eq!(stores.search().generations("notes").await.unwrap(), [3]);
    }
}

/// As a process leaves it that was killed after it wrote the files of a commit, and before that one counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_was_cut_off_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let committed = dir.path().join("search/notes.3/notes/meta.json");
    let before = fs::read(&committed).unwrap();
    for _ in 0..3 {
        let stores = EmbeddedStores::open(dir.path()).unwrap();
        stores.search().apply(VIEW, &[note("a", 2)], &[checkpoint(0, 3)]).await.unwrap();
        assert_eq!(found(&*stores.search(), "version 2").await, 1);
        drop(stores);
        fs::write(&committed, &before).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_once_lose_nothing_and_all_see_what_they_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let stores = filled(dir.path()).await;
    let mut writing = vec![];
    for partition in 1..=8 {
        let store = stores.search();
        writing.push(tokio::spawn(async move {
            for sequence in 1..=10 {
                let id = format!("p{partition}n{sequence}");
                let applied = [note(&id, 1), note("shared", u64::from(partition) * 100 + sequence)];
                store.apply(VIEW, &applied, &[checkpoint(partition, sequence)]).await.unwrap();
                assert_eq!(found(&*store, &id).await, 1, "{id}");
            }
        }));
    }
    for writer in writing {
        writer.await.unwrap();
    }
    let search = stores.search();
    assert_eq!(found(&*search, "note").await, 2 + 80 + 1);
    assert_eq!(found(&*search, "shared 810").await, 1, "the newest version is what is left");
    let checkpoints = search.checkpoints(VIEW).await.unwrap();
    assert!((1..=8).all(|partition| checkpoints.contains(&checkpoint(partition, 10))));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_another_shape_is_refused_until_it_is_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    let stores = filled(dir.path()).await;
    let refused = stores.search().create(VIEW, &[&OTHER_SHAPE]).await;
    assert!(matches!(&refused, Err(StoreError::Fatal(text)) if text.contains("replay run")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_noticed_before_everything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let files = fs::read_dir(dir.path().join("search/notes.3/notes")).unwrap();
    let store = files
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "store"))
        .unwrap();
    let mut bytes = fs::read(&store).unwrap();
    bytes[10] ^= 4;
    fs::write(&store, bytes).unwrap();
    let stores = EmbeddedStores::open(dir.path()).unwrap();
    let scanned = stores.search().scan(VIEW, &NOTES, None, 10).await;
    assert!(matches!(&scanned, Err(StoreError::Fatal(text)) if text.contains("damaged")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_half_made_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let left = dir.path().join("search/unfinished.notes.4");
    fs::create_dir_all(left.join("notes")).unwrap();
    let stores = EmbeddedStores::open(dir.path()).unwrap();
    assert!(!left.exists());
    let store: Arc<dyn SearchStore> = stores.search();
    assert_eq!(store.generations("notes").await.unwrap(), [3]);
}
