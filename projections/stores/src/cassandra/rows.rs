//! The port for rows on Cassandra.

use std::sync::Arc;

use async_trait::async_trait;
use chimera_model::{Row, RowKey, RowMutation, TableSpec, Value};
use futures_util::TryStreamExt;
use futures_util::stream::FuturesOrdered;
use scylla::errors::ExecutionError;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter as ValueWriter;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::Row as FoundRow;

use super::catalogue::Catalogue;
use super::cursor::{self, Of};
use super::link::{Link, lines};
use super::plan::Plan;
use super::values::{self, Damage};
use super::view::{OpenView, Table};
use super::{CassandraOptions, batches, errors};
use crate::error::StoreError;
use crate::fitting::{can_be_stored, key_bytes, partition_bytes};
use crate::page::{Cursor, Page, Scanned};
use crate::rows::{Listing, RowReader, RowWriter};
use crate::text::key_text;
use crate::view::{Checkpoint, View};

/// Rows asked for at once.
const READS_AT_ONCE: usize = 64;
/// Rows in one answer of Cassandra, at most: emptied cells count as tombstones, of which an answer may have 100,000.
const PAGE: usize = 1_000;

/// The row store of one keyspace. Safe to use from many tasks and many processes.
pub struct CassandraRows {
    link: Arc<Link>,
    catalogue: Catalogue,
    checkpoint: PreparedStatement,
}

/// A key, bound to a statement.
struct Key<'a>(&'a [Value]);

/// A selection from a view.
struct Asked<'a> {
    view: View,
    open: &'a OpenView,
    statement: &'a PreparedStatement,
    key: &'a [Value],
}

/// Lines of a selection, and whether there are more.
type Lines = (Vec<FoundRow>, PagingStateResponse);

impl CassandraRows {
    /// Connects to a keyspace, and makes it if it is missing.
    ///
    /// # Errors
    /// [`StoreError::Transient`] if no node answers; [`StoreError::Fatal`] if the settings cannot work or entry is refused.
    pub async fn connect(options: &CassandraOptions) -> Result<Self, StoreError> {
        let link = Arc::new(Link::open(options).await?);
        let checkpoint = batches::prepare_checkpoint(&link).await?;
        Ok(Self { catalogue: Catalogue::new(link.clone()), link, checkpoint })
    }

    /// The table, for a reader that may have missed a swap.
    async fn table(
        &self,
        view: View,
        open: &OpenView,
        table: &'static TableSpec,
    ) -> Result<Arc<Table>, StoreError> {
        match open.table(&self.link, view, table).await {
            Err(StoreError::Fatal(_)) if self.catalogue.has_lost(view, open).await => {
                Err(gone(view))
            }
            found => found,
        }
    }

    /// One answer of at most `size` lines.
    async fn lines(
        &self,
        asked: &Asked<'_>,
        from: PagingState,
        size: usize,
    ) -> Result<Lines, StoreError> {
        let mut statement = asked.statement.clone();
        statement.set_page_size(i32::try_from(size.clamp(1, PAGE)).unwrap_or(i32::MAX));
        let session = &self.link.session;
        match session.execute_single_page(&statement, Key(asked.key), from).await {
            Ok((found, next)) => Ok((lines(found)?, next)),
            Err(error) => Err(self.read_failed(asked, error).await),
        }
    }

    /// Whether anything follows; Cassandra does not know where a page ends exactly at the end.
    async fn goes_on(
        &self,
        asked: &Asked<'_>,
        next: &PagingStateResponse,
    ) -> Result<bool, StoreError> {
        let PagingStateResponse::HasMorePages { state } = next else {
            return Ok(false);
        };
        let (found, _) = self.lines(asked, state.clone(), 1).await?;
        Ok(!found.is_empty())
    }

    /// What a failed read of a view means.
    async fn read_failed(&self, asked: &Asked<'_>, error: ExecutionError) -> StoreError {
        if errors::doubts_the_page(&error) {
            return cursor::refused();
        }
        let view = asked.view;
        if errors::doubts_the_table(&error) && self.catalogue.has_lost(view, asked.open).await {
            return gone(view);
        }
        errors::of_request(error)
    }

    async fn write_failed(
        &self,
        view: View,
        open: &OpenView,
        failed: batches::Failed,
    ) -> StoreError {
        if errors::doubts_the_table(&failed.error) && self.catalogue.has_lost(view, open).await {
            return StoreError::Fatal(format!("{view} was removed while it was written"));
        }
        errors::of_write(failed.table, failed.error)
    }
}

#[async_trait]
impl RowReader for CassandraRows {
    async fn get(
        &self,
        view: View,
        table: &'static TableSpec,
        key: &RowKey,
    ) -> Result<Option<Row>, StoreError> {
        let open = self.catalogue.readable(view).await?;
        key_bytes(table, key)?;
        if !can_be_stored(table, &key.0) {
            return Ok(None);
        }
        let statement = &self.table(view, &open, table).await?.row;
        let asked = Asked { view, open: &open, statement, key: &key.0 };
        let (found, _) = self.lines(&asked, PagingState::start(), 1).await?;
        match found.into_iter().next() {
            None => Ok(None),
            Some(line) => values::row(table, line.columns).map_err(|why| damaged(table, &why)),
        }
    }

    async fn get_many(
        &self,
        view: View,
        table: &'static TableSpec,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        for some in keys.chunks(READS_AT_ONCE) {
            let waiting: FuturesOrdered<_> =
                some.iter().map(|key| self.get(view, table, key)).collect();
            let found: Vec<Option<Row>> = waiting.try_collect().await?;
            rows.extend(found);
        }
        Ok(rows)
    }

    async fn list(&self, view: View, listing: Listing<'_>) -> Result<Page<Row>, StoreError> {
        let Listing { table, partition_key: key, after, limit } = listing;
        let open = self.catalogue.readable(view).await?;
        let partition = partition_bytes(table, key)?;
        let of = Of { table, partition: &partition };
        let from = of.start(after)?;
        if !can_be_stored(table, key) {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let statement = &self.table(view, &open, table).await?.partition;
        let asked = Asked { view, open: &open, statement, key };
        let (found, next) = self.lines(&asked, from, limit).await?;
        let goes_on = self.goes_on(&asked, &next).await?;
        let next = of.next(&next).filter(|_| goes_on);
        let mut items = Vec::with_capacity(found.len());
        for line in found {
            items.extend(values::row(table, line.columns).map_err(|why| damaged(table, &why))?);
        }
        Ok(Page { items, next })
    }

    async fn scan(
        &self,
        view: View,
        table: &'static TableSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<RowKey, Row>>, StoreError> {
        let open = self.catalogue.readable(view).await?;
        let of = Of { table, partition: &[] };
        let from = of.start(after)?;
        let statement = &self.table(view, &open, table).await?.all;
        let asked = Asked { view, open: &open, statement, key: &[] };
        let (found, next) = self.lines(&asked, from, limit).await?;
        let mut items = Vec::with_capacity(found.len());
        for line in found {
            match values::row(table, line.columns) {
                Ok(row) => items.extend(row.map(Scanned::Sound)),
                Err(Damage { key, reason }) => items.push(Scanned::Damaged { key, reason }),
            }
        }
        Ok(Page { items, next: of.next(&next) })
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        self.catalogue.checkpoints(view).await
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        self.catalogue.generations(model).await
    }
}

#[async_trait]
impl RowWriter for CassandraRows {
    async fn create(&self, view: View, tables: &[&'static TableSpec]) -> Result<(), StoreError> {
        self.catalogue.create(view, tables).await
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[RowMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        let open = self.catalogue.writable(view).await?;
        let plan = Plan::of(mutations)?;
        batches::check_checkpoints(checkpoints)?;
        let statements = batches::statements(&self.link, view, &open, &plan).await?;
        if let Err(failed) = batches::send(&self.link, plan, &statements).await {
            return Err(self.write_failed(view, &open, failed).await);
        }
        let of_view = (view, &open);
        batches::send_checkpoints(&self.link, &self.checkpoint, of_view, checkpoints).await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.catalogue.remove(view).await
    }
}

impl SerializeRow for Key<'_> {
    fn serialize(
        &self,
        _context: &RowSerializationContext<'_>,
        writer: &mut ValueWriter<'_>,
    ) -> Result<(), SerializationError> {
        self.0.iter().try_for_each(|value| values::write(writer, value))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn gone(view: View) -> StoreError {
    StoreError::Transient(format!("{view} is gone; ask which one is live"))
}

fn damaged(table: &TableSpec, damage: &Damage) -> StoreError {
    let (name, reason) = (table.name, &damage.reason);
    let key = damage.key.as_ref().map_or_else(|| "?".to_owned(), key_text);
    StoreError::Fatal(format!(
        "row {key} of {name} is damaged: {reason}; rebuild the read model with `replay run`"
    ))
}
