//! A keyspace for one test in a Cassandra that others use too.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chimera_stores::{CassandraOptions, CassandraRows, RowReader, RowWriter, View};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::unprepared::Statement;

/// A node of Cassandra, if tests with real services are to run.
pub(crate) fn node() -> Option<String> {
    if std::env::var("CHIMERA_STACK").as_deref() != Ok("1") {
        eprintln!("not run: a test with a real Cassandra needs CHIMERA_STACK=1");
        return None;
    }
    Some(std::env::var("CHIMERA_STACK_CASSANDRA").expect("CHIMERA_STACK_CASSANDRA names a node"))
}

/// A keyspace that nobody else uses.
pub(crate) struct Keyspace {
    pub(crate) name: String,
    node: String,
    session: Session,
}

impl Keyspace {
    /// One that is not there yet.
    pub(crate) async fn fresh(node: &str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let name = format!("test_{}_{}", std::process::id(), since.as_nanos());
        let session = SessionBuilder::new().known_node(node).build().await.unwrap();
        Self { name, node: node.to_owned(), session }
    }

    pub(crate) fn options(&self) -> CassandraOptions {
        self.through(&self.node)
    }

    /// The same keyspace by way of another address.
    pub(crate) fn through(&self, node: &str) -> CassandraOptions {
        CassandraOptions {
            nodes: vec![node.to_owned()],
            keyspace: self.name.clone(),
            replication: 1,
            username: None,
            password: None,
        }
    }

    /// Does something behind the store's back.
    pub(crate) async fn run(&self, statement: &str) {
        let mut statement = Statement::new(statement.replace("KEYSPACE_NAME", &self.name));
        statement.set_request_timeout(Some(Duration::from_secs(60)));
        self.session.query_unpaged(statement, ()).await.unwrap();
    }

    /// To be called at the end of a test that has passed.
    pub(crate) async fn drop_it(self) {
        self.run("DROP KEYSPACE IF EXISTS KEYSPACE_NAME").await;
    }
}

/// Removes all views that the contract's rules make.
pub(crate) async fn empty(store: &CassandraRows) {
    for generation in store.generations("contract").await.unwrap() {
        store.remove(View::new("contract", generation)).await.unwrap();
    }
}
