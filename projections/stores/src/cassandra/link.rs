//! The connection: how requests are made, and that the keyspace with Chimera's own tables is there.
//!
//! The driver may try another node within the time limit of a request; everything longer is the caller's to repeat, who
//! sees the error and counts it.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::DeserializeRow;
use scylla::policies::retry::DefaultRetryPolicy;
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared::Statement;
use scylla::statement::{Consistency, SerialConsistency};

use super::{CassandraOptions, ddl, errors};
use crate::error::StoreError;

/// Longer than any request should take, shorter than a reader waits.
const REQUEST: Duration = Duration::from_secs(4);
/// Making or dropping a table, which all nodes have to agree to.
const CHANGE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);
/// How often the driver asks whether all nodes have the same tables.
const AGREEMENT: Duration = Duration::from_millis(20);
/// So that a connection on which nothing comes back is given up.
const ALIVE: Duration = Duration::from_secs(5);

/// An open session on one keyspace.
pub(super) struct Link {
    pub(super) session: Session,
    pub(super) keyspace: String,
}

impl Link {
    /// Connects, and makes the keyspace and the tables in [`ddl::OWN_TABLES`] where they are missing.
    pub(super) async fn open(options: &CassandraOptions) -> Result<Self, StoreError> {
        ddl::check_name("keyspace", &options.keyspace)?;
        let session = builder(options).build().await.map_err(errors::of_start)?;
        let link = Self { session, keyspace: options.keyspace.clone() };
        link.make_keyspace(options.replication).await?;
        link.make_own_tables().await?;
        Ok(link)
    }

    async fn make_keyspace(&self, replication: u16) -> Result<(), StoreError> {
        let known = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
        if !self.names(known, &self.keyspace).await?.is_empty() {
            return Ok(());
        }
        self.change(&ddl::create_keyspace(&self.keyspace, replication)).await
    }

    async fn make_own_tables(&self) -> Result<(), StoreError> {
        let there = self.tables().await?;
        for (name, columns) in ddl::OWN_TABLES {
            if !there.iter().any(|table| table == name) {
                self.change(&ddl::create_own_table(&self.keyspace, name, columns)).await?;
            }
        }
        Ok(())
    }

    /// The tables of the keyspace.
    pub(super) async fn tables(&self) -> Result<Vec<String>, StoreError> {
        let tables = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?";
        self.names(tables, &self.keyspace).await
    }

    async fn names(&self, statement: &str, of: &str) -> Result<Vec<String>, StoreError> {
        let found: Vec<(String,)> = self.ask(statement, (of,)).await?;
        Ok(found.into_iter().map(|(name,)| name).collect())
    }

    /// Asks something that is asked seldom, and whose answer is short.
    pub(super) async fn ask<R>(
        &self,
        statement: &str,
        values: impl SerializeRow,
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let mut statement = Statement::new(statement);
        statement.set_is_idempotent(true);
        let found = self.session.query_unpaged(statement, values).await;
        lines(found.map_err(errors::of_request)?)
    }

    /// As [`Link::ask`], for what must not be done twice.
    pub(super) async fn decide(
        &self,
        statement: &str,
        values: impl SerializeRow,
    ) -> Result<(), StoreError> {
        let decided = self.session.query_unpaged(statement, values).await;
        decided.map(|_| ()).map_err(errors::of_request)
    }

    /// Makes or drops something, and waits until all nodes know.
    pub(super) async fn change(&self, statement: &str) -> Result<(), StoreError> {
        let mut statement = Statement::new(statement);
        statement.set_request_timeout(Some(CHANGE));
        self.session.query_unpaged(statement, ()).await.map(|_| ()).map_err(errors::of_request)
    }

    pub(super) async fn prepare(&self, statement: &str) -> Result<PreparedStatement, StoreError> {
        let prepared = self.session.prepare(statement).await;
        let mut prepared = prepared.map_err(|error| errors::of_request(error.into()))?;
        prepared.set_is_idempotent(true);
        Ok(prepared)
    }
}

/// The lines of an answer.
pub(super) fn lines<R>(answer: QueryResult) -> Result<Vec<R>, StoreError>
where
    R: for<'frame> DeserializeRow<'frame, 'frame>,
{
    let unread = |error: &dyn std::fmt::Display| {
        StoreError::Fatal(format!("an answer of Cassandra is not readable: {error}"))
    };
    let answer = answer.into_rows_result().map_err(|error| unread(&error))?;
    let mut lines = Vec::with_capacity(answer.rows_num());
    for line in answer.rows::<R>().map_err(|error| unread(&error))? {
        lines.push(line.map_err(|error| unread(&error))?);
    }
    Ok(lines)
}

fn builder(options: &CassandraOptions) -> SessionBuilder {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .serial_consistency(Some(SerialConsistency::LocalSerial))
        .request_timeout(Some(REQUEST))
        .retry_policy(Arc::new(DefaultRetryPolicy::new()))
        .speculative_execution_policy(None)
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&options.nodes)
        .default_execution_profile_handle(profile.into_handle())
        .connection_timeout(CONNECT)
        .keepalive_timeout(ALIVE)
        .keepalive_interval(ALIVE)
        .keyspaces_to_fetch([&options.keyspace])
        .fetch_full_schema_metadata(false)
        .schema_agreement_interval(AGREEMENT)
        .schema_agreement_timeout(CHANGE);
    if let (Some(name), Some(password)) = (&options.username, &options.password) {
        builder = builder.user(name, password);
    }
    builder
}
