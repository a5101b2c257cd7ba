//! A view that this process knows: what its tables looked like when it was made, and their prepared statements.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use chimera_model::TableSpec;
use scylla::statement::prepared::PreparedStatement;

use super::ddl;
use super::link::Link;
use super::shape::{Columns, Shape};
use crate::error::StoreError;
use crate::layout;
use crate::view::View;

/// Name and layout of each table of a view.
pub(super) type Layouts = Vec<(String, String)>;

/// A view as the catalogue has it.
pub(super) struct OpenView {
    /// When it was made, in microseconds since the Unix epoch: a view of the same number made later is another one.
    pub(super) born: i64,
    pub(super) layouts: Layouts,
    tables: RwLock<BTreeMap<&'static str, Arc<Table>>>,
}

/// A table and its statements.
pub(super) struct Table {
    full_name: String,
    pub(super) row: PreparedStatement,
    pub(super) partition: PreparedStatement,
    pub(super) all: PreparedStatement,
    writes: RwLock<HashMap<Option<Columns>, PreparedStatement>>,
}

impl OpenView {
    pub(super) fn new(born: i64, layouts: Layouts) -> Self {
        Self { born, layouts, tables: RwLock::default() }
    }

    /// # Errors
    /// [`StoreError::Fatal`] if the view has no such table, or has it with another layout.
    pub(super) fn check(&self, spec: &TableSpec) -> Result<(), StoreError> {
        let name = spec.name;
        let Some((_, stored)) = self.layouts.iter().find(|(known, _)| known == name) else {
            return Err(StoreError::Fatal(format!(
                "there is no {name} in this generation; rebuild the read model with `replay run`"
            )));
        };
        let wanted = layout::of_table(spec);
        if *stored == wanted {
            return Ok(());
        }
        Err(StoreError::Fatal(format!(
            "{name} was written as {stored} and is now {wanted}; rebuild the read model with `replay run`"
        )))
    }

    /// The table of this spec; its statements are prepared once.
    pub(super) async fn table(
        &self,
        link: &Link,
        view: View,
        spec: &'static TableSpec,
    ) -> Result<Arc<Table>, StoreError> {
        let known =
            self.tables.read().unwrap_or_else(PoisonError::into_inner).get(spec.name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        self.check(spec)?;
        let table = Arc::new(Table::prepare(link, view, spec).await?);
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        Ok(tables.entry(spec.name).or_insert(table).clone())
    }
}

impl Table {
    async fn prepare(link: &Link, view: View, spec: &TableSpec) -> Result<Self, StoreError> {
        let name = ddl::table_name(view.generation, spec.name);
        let full_name = format!("\"{}\".\"{name}\"", link.keyspace);
        Ok(Self {
            row: link.prepare(&ddl::select_row(&full_name, spec)).await?,
            partition: link.prepare(&ddl::select_partition(&full_name, spec)).await?,
            all: link.prepare(&ddl::select_all(&full_name, spec)).await?,
            full_name,
            writes: RwLock::default(),
        })
    }

    /// The statement of this shape.
    pub(super) async fn write(
        &self,
        link: &Link,
        shape: Shape,
    ) -> Result<PreparedStatement, StoreError> {
        let known =
            self.writes.read().unwrap_or_else(PoisonError::into_inner).get(&shape.sets).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let text = match shape.sets {
            Some(columns) => ddl::insert(&self.full_name, shape.table, columns),
            None => ddl::delete(&self.full_name, shape.table),
        };
        let prepared = link.prepare(&text).await?;
        let mut writes = self.writes.write().unwrap_or_else(PoisonError::into_inner);
        Ok(writes.entry(shape.sets).or_insert(prepared).clone())
    }
}
