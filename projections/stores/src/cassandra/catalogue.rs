//! Which views there are. What this process has seen of them is remembered until something speaks against it.
//!
//! A view's tables are made before the catalogue names them, and the catalogue forgets a view after its tables are gone: a view
//! it names without all tables was lost, or is on its way out, and counts for nothing.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use chimera_model::TableSpec;
use tokio::sync::Mutex;

use super::ddl::{self, Described};
use super::link::Link;
use super::view::{Layouts, OpenView};
use crate::error::StoreError;
use crate::layout;
use crate::view::{Checkpoint, View};

pub(super) struct Catalogue {
    link: Arc<Link>,
    known: RwLock<HashMap<View, Arc<OpenView>>>,
    /// Held while this process makes or removes views.
    changing: Mutex<()>,
}

impl Catalogue {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self { link, known: RwLock::default(), changing: Mutex::default() }
    }

    fn own(&self, table: &str) -> String {
        format!("\"{}\".\"{table}\"", self.link.keyspace)
    }

    /// The view, for a reader that may have missed a swap.
    pub(super) async fn readable(&self, view: View) -> Result<Arc<OpenView>, StoreError> {
        self.find(view).await?.ok_or_else(|| {
            StoreError::Transient(format!("{view} is not there; ask which one is live"))
        })
    }

    /// The view, for the worker that has made it.
    pub(super) async fn writable(&self, view: View) -> Result<Arc<OpenView>, StoreError> {
        self.find(view)
            .await?
            .ok_or_else(|| StoreError::Fatal(format!("{view} is not there; create it first")))
    }

    async fn find(&self, view: View) -> Result<Option<Arc<OpenView>>, StoreError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&view).cloned();
        match known {
            Some(open) => Ok(Some(open)),
            None => self.look(view).await,
        }
    }

    /// Looks the view up, whatever is remembered.
    async fn look(&self, view: View) -> Result<Option<Arc<OpenView>>, StoreError> {
        let statement = format!(
            "SELECT born, layout FROM {} WHERE model = ? AND generation = ?",
            self.own("chimera_views")
        );
        let values = (view.model, i64::from(view.generation));
        let found: Vec<(i64, String)> = self.link.ask(&statement, values).await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Some((born, stored)) = found.into_iter().next() else {
            known.remove(&view);
            return Ok(None);
        };
        if let Some(open) = known.get(&view).filter(|open| open.born == born) {
            return Ok(Some(open.clone()));
        }
        let layouts: Layouts = serde_json::from_str(&stored).map_err(|error| {
            StoreError::Fatal(format!("the entry of {view} is damaged: {error}"))
        })?;
        let open = Arc::new(OpenView::new(born, layouts));
        known.insert(view, open.clone());
        Ok(Some(open))
    }

    /// Whether the view is no longer the one that was opened.
    pub(super) async fn has_lost(&self, view: View, open: &OpenView) -> bool {
        let found = self.look(view).await;
        found.is_ok_and(|found| found.is_none_or(|found| found.born != open.born))
    }

    /// Those that are there. One that has lost a table and not its checkpoints, which go first where a view is removed, is lost.
    pub(super) async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        let views = self.own("chimera_views");
        let statement = format!("SELECT generation, born, layout FROM {views} WHERE model = ?");
        let found: Vec<(i64, i64, String)> = self.link.ask(&statement, (model,)).await?;
        let there = self.link.tables().await?;
        let mut generations = Vec::new();
        for (number, born, stored) in found {
            let Ok(generation) = u32::try_from(number) else { continue };
            let layouts: Layouts = serde_json::from_str(&stored).unwrap_or_default();
            let mut names = layouts.iter().map(|(name, _)| ddl::table_name(generation, name));
            let is_whole = names.all(|name| there.contains(&name));
            if is_whole || !self.has_checkpoints(model, number, born).await? {
                generations.push(generation);
            }
        }
        Ok(generations)
    }

    async fn has_checkpoints(
        &self,
        model: &str,
        generation: i64,
        born: i64,
    ) -> Result<bool, StoreError> {
        let statement = format!(
            "SELECT sequence FROM {} WHERE model = ? AND generation = ? AND born = ? LIMIT 1",
            self.own("chimera_checkpoints")
        );
        let found: Vec<(i64,)> = self.link.ask(&statement, (model, generation, born)).await?;
        Ok(!found.is_empty())
    }

    pub(super) async fn create(
        &self,
        view: View,
        tables: &[&'static TableSpec],
    ) -> Result<(), StoreError> {
        let _changing = self.changing.lock().await;
        if let Some(open) = self.look(view).await? {
            if self.has_all_tables(view, &open).await? {
                return self.check(view, &open, tables).await;
            }
            tracing::error!(%view, "a part of a read model is lost; it is built anew from the log");
            self.forget(view, &open).await?;
        }
        let mut layouts = Layouts::new();
        for table in tables {
            let name = ddl::table_name(view.generation, table.name);
            ddl::check_name("table", &name)?;
            self.link.change(&ddl::create_table(&self.link.keyspace, &name, table)).await?;
            self.check_columns(view, table).await?;
            layouts.push((table.name.to_owned(), layout::of_table(table)));
        }
        self.enter(view, &layouts).await?;
        // Another process may have been first.
        let open = self.writable(view).await?;
        tables.iter().try_for_each(|table| open.check(table))
    }

    async fn enter(&self, view: View, layouts: &Layouts) -> Result<(), StoreError> {
        let stored =
            serde_json::to_string(layouts).map_err(|e| StoreError::Fatal(e.to_string()))?;
        let statement = format!(
            "INSERT INTO {} (model, generation, born, layout) VALUES (?, ?, ?, ?) IF NOT EXISTS",
            self.own("chimera_views")
        );
        let values = (view.model, i64::from(view.generation), now(), stored);
        self.link.decide(&statement, values).await
    }

    async fn has_all_tables(&self, view: View, open: &OpenView) -> Result<bool, StoreError> {
        let there = self.link.tables().await?;
        let mut names = open.layouts.iter().map(|(name, _)| ddl::table_name(view.generation, name));
        Ok(names.all(|name| there.contains(&name)))
    }

    async fn check(
        &self,
        view: View,
        open: &OpenView,
        tables: &[&'static TableSpec],
    ) -> Result<(), StoreError> {
        for table in tables {
            open.check(table)?;
            self.check_columns(view, table).await?;
        }
        Ok(())
    }

    /// Whether a table has the columns that its spec wants.
    async fn check_columns(&self, view: View, table: &TableSpec) -> Result<(), StoreError> {
        let name = ddl::table_name(view.generation, table.name);
        let statement = "SELECT column_name, type, kind, position, clustering_order FROM system_schema.columns \
             WHERE keyspace_name = ? AND table_name = ?";
        let mut found: Vec<Described> =
            self.link.ask(statement, (&self.link.keyspace, &name)).await?;
        found.sort();
        let Some(difference) = difference(&found, &ddl::described(table)) else {
            return Ok(());
        };
        let (keyspace, model) = (&self.link.keyspace, view.model);
        Err(StoreError::Fatal(format!(
            "table {keyspace}.{name} is not as this program makes it: {difference}; rebuild the read model with \
             `replay run {model}`, drop the table if nothing uses it, or set another cassandra.keyspace"
        )))
    }

    pub(super) async fn remove(&self, view: View) -> Result<(), StoreError> {
        let _changing = self.changing.lock().await;
        match self.look(view).await? {
            Some(open) => self.forget(view, &open).await,
            None => Ok(()),
        }
    }

    async fn forget(&self, view: View, open: &OpenView) -> Result<(), StoreError> {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&view);
        let (model, generation) = (view.model, i64::from(view.generation));
        let of_view = "WHERE model = ? AND generation = ? AND born = ?";
        let checkpoints = format!("DELETE FROM {} {of_view}", self.own("chimera_checkpoints"));
        self.link.decide(&checkpoints, (model, generation, open.born)).await?;
        for (name, _) in &open.layouts {
            let name = ddl::table_name(view.generation, name);
            self.link.change(&ddl::drop_table(&self.link.keyspace, &name)).await?;
        }
        let views = self.own("chimera_views");
        let entry = format!("DELETE FROM {views} WHERE model = ? AND generation = ? IF born = ?");
        self.link.decide(&entry, (model, generation, open.born)).await?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&view);
        Ok(())
    }

    /// How far the view is true, looked up anew: whoever asks goes on from there.
    pub(super) async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        let Some(open) = self.look(view).await? else {
            return self.readable(view).await.map(|_| Vec::new());
        };
        let statement = format!(
            "SELECT stream, partition, sequence FROM {} WHERE model = ? AND generation = ? AND born = ?",
            self.own("chimera_checkpoints")
        );
        let values = (view.model, i64::from(view.generation), open.born);
        let found: Vec<(String, i64, i64)> = self.link.ask(&statement, values).await?;
        let mut checkpoints = Vec::with_capacity(found.len());
        for (stream, partition, sequence) in found {
            checkpoints.push(checkpoint(view, stream, partition, sequence)?);
        }
        Ok(checkpoints)
    }
}

fn checkpoint(
    view: View,
    stream: String,
    partition: i64,
    sequence: i64,
) -> Result<Checkpoint, StoreError> {
    match (u32::try_from(partition), u64::try_from(sequence)) {
        (Ok(partition), Ok(sequence)) => {
            Ok(Checkpoint { stream: stream.into(), partition, sequence })
        }
        _ => Err(StoreError::Fatal(format!(
            "a checkpoint of {view} is damaged; rebuild the read model with `replay run {}`",
            view.model
        ))),
    }
}

/// What is other than expected, in words; both in order.
fn difference(found: &[Described], expected: &[Described]) -> Option<String> {
    for column in expected {
        if !found.contains(column) {
            let like = found.iter().find(|other| other.0 == column.0);
            let there = like.map_or("missing".to_owned(), described);
            return Some(format!(
                "column {} is {there} instead of {}",
                column.0,
                described(column)
            ));
        }
    }
    let surplus = found.iter().find(|column| !expected.contains(column))?;
    Some(format!("it has a column {}, {}", surplus.0, described(surplus)))
}

fn described((_, of_type, kind, position, order): &Described) -> String {
    match kind.as_str() {
        "regular" => of_type.clone(),
        _ => format!("{of_type} ({kind} {position} {order})"),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
