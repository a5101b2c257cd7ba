//! A prefix of its own for each test on the real OpenSearch, and what tests write there.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use chimera_model::{SearchField, SearchKind, SearchMutation, SearchPart, SearchSpec, Value};
use chimera_stores::search::{Document, Query, SearchReader, SearchWriter};
use chimera_stores::{OpenSearch, OpenSearchOptions, Scanned, View};
use serde_json::Value as Json;

pub(crate) const VIEW: View = View::new("book_search", 1);

/// Books: what they are, what they cost, and whether there are any, each from another stream.
pub(crate) static BOOKS: SearchSpec = SearchSpec {
    index: "books",
    parts: &[
        SearchPart {
            name: "details",
            fields: &[
                field("title", SearchKind::Text { weight: 5 }),
                field("authors", SearchKind::Text { weight: 3 }),
                field("about", SearchKind::Text { weight: 1 }),
                field("author", SearchKind::Keyword),
                field("language", SearchKind::Keyword),
                field("cover", SearchKind::Stored),
            ],
        },
        SearchPart { name: "price", fields: &[field("price", SearchKind::Decimal)] },
        SearchPart {
            name: "stock",
            fields: &[
                field("in_stock", SearchKind::Boolean),
                field("available", SearchKind::Integer),
                field("counted_at", SearchKind::Timestamp),
            ],
        },
    ],
    language: Some("language"),
};

const fn field(name: &'static str, kind: SearchKind) -> SearchField {
    SearchField { name, kind }
}

/// An address and a prefix that no other test has; what was made under it is removed when this is dropped.
pub(crate) struct Stack {
    pub(crate) url: String,
    pub(crate) prefix: String,
}

impl Stack {
    /// None where no real OpenSearch is asked for.
    pub(crate) fn new() -> Option<Self> {
        if std::env::var("CHIMERA_STACK").as_deref() != Ok("1") {
            let _ =
                writeln!(std::io::stderr(), "not run: needs CHIMERA_STACK=1 and a real OpenSearch");
            return None;
        }
        let url = std::env::var("CHIMERA_STACK_OPENSEARCH").unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let prefix = format!("test-{:x}-{now:x}-", std::process::id());
        Some(Self { url, prefix })
    }

    pub(crate) fn store(&self) -> OpenSearch {
        self.store_at(&self.url)
    }

    pub(crate) fn store_at(&self, url: &str) -> OpenSearch {
        OpenSearch::new(OpenSearchOptions::at(url, &self.prefix)).unwrap()
    }

    /// A store with the books' view.
    pub(crate) async fn books(&self) -> OpenSearch {
        let store = self.store();
        store.create(VIEW, &[&BOOKS]).await.unwrap();
        store
    }

    /// A request to the real one, past the store.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let (url, prefix) = (self.url.clone(), self.prefix.clone());
        let removing = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let client = reqwest::Client::new();
                let listed = client.get(format!("{url}/_cat/indices/{prefix}*?h=index"));
                let names = listed.send().await.unwrap().text().await.unwrap();
                for name in names.lines().filter(|name| name.starts_with(&prefix)) {
                    let _ = client.delete(format!("{url}/{name}")).send().await;
                }
            });
        });
        let _ = removing.join();
    }
}

pub(crate) fn part(
    id: &str,
    part: &'static str,
    version: u64,
    fields: Option<Vec<(&'static str, Vec<Value>)>>,
) -> SearchMutation {
    SearchMutation { spec: &BOOKS, id: id.to_owned(), part, fields, version }
}

pub(crate) fn titled(id: &str, version: u64, title: &str) -> SearchMutation {
    part(id, "details", version, Some(vec![("title", vec![title.into()])]))
}

pub(crate) fn stocked(id: &str, version: u64, available: i64) -> SearchMutation {
    let fields =
        vec![("in_stock", vec![(available > 0).into()]), ("available", vec![available.into()])];
    part(id, "stock", version, Some(fields))
}

pub(crate) fn asking(text: &str) -> Query {
    Query { text: Some(text.to_owned()), limit: 10, ..Query::default() }
}

/// The ids that are found, in their order.
pub(crate) async fn found(store: &OpenSearch, query: &Query) -> Vec<String> {
    let found = store.search(VIEW, &BOOKS, query).await.unwrap();
    found.hits.into_iter().map(|hit| hit.id).collect()
}

/// Every document.
pub(crate) async fn everything(store: &OpenSearch) -> BTreeMap<String, Document> {
    let (mut all, mut after) = (BTreeMap::new(), None);
    loop {
        let page = store.scan(VIEW, &BOOKS, after.as_ref(), 100).await.unwrap();
        for scanned in page.items {
            match scanned {
                Scanned::Sound((id, document)) => assert!(all.insert(id, document).is_none()),
                Scanned::Damaged { reason, .. } => panic!("{reason}"),
            }
        }
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}
