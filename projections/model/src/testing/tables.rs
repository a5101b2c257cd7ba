//! A store that is a plain map: every guard of the contract, nothing else.

use std::collections::BTreeMap;

use crate::{
    Change, KvMutation, Mutation, Projection, ReadModel, Row, RowKey, RowMutation, SearchMutation,
    TableSpec, Value,
};

/// The cells of one row, each with the version that wrote it.
type Cells = BTreeMap<&'static str, (u64, Value)>;

/// The fields of a part that have values.
type Fields = BTreeMap<&'static str, Vec<Value>>;

/// Version and fields of each part of a document; none for one that was deleted.
type Document = BTreeMap<&'static str, (u64, Option<Fields>)>;

/// Rows, key-values and documents in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables {
    rows: BTreeMap<(&'static str, RowKey), Cells>,
    deleted: BTreeMap<(&'static str, RowKey), u64>,
    parts: BTreeMap<(&'static str, String, &'static str), (u64, Option<String>)>,
    documents: BTreeMap<(&'static str, String), Document>,
}

impl Tables {
    /// The store after these changes, in this order.
    #[must_use]
    pub fn after<'a>(model: &ReadModel, changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut tables = Self::default();
        for change in changes {
            tables.project(model, change);
        }
        tables
    }

    /// Projects one change, which a fold's row refuses if it holds it already.
    pub fn project(&mut self, model: &ReadModel, change: &Change) {
        match model.projection {
            Projection::Project(project) => {
                for mutation in project(change) {
                    self.apply(&mutation);
                }
            }
            Projection::Fold { table, key, fold } => {
                let Some(key) = key(change) else { return };
                let before = self.row(table, &key);
                if before.as_ref().is_some_and(|row| row.version >= change.meta().sequence) {
                    return;
                }
                if let Some(row) = fold(before.as_ref(), change) {
                    self.apply_row(&RowMutation::replacing(table, row));
                }
            }
        }
    }

    /// Applies one mutation.
    pub fn apply(&mut self, mutation: &Mutation) {
        match mutation {
            Mutation::Row(row) => self.apply_row(row),
            Mutation::Kv(part) => self.apply_kv(part),
            Mutation::Search(part) => self.apply_search(part),
        }
    }

    /// Applies a change of a row.
    pub fn apply_row(&mut self, mutation: &RowMutation) {
        match mutation {
            RowMutation::Upsert { table, key, cells, version } => {
                let at = (table.name, key.clone());
                if self.deleted.get(&at).is_some_and(|deleted| deleted >= version) {
                    return;
                }
                let row = self.rows.entry(at).or_default();
                for (column, value) in cells {
                    if row.get(column).is_none_or(|(written, _)| written < version) {
                        row.insert(column, (*version, value.clone()));
                    }
                }
            }
            RowMutation::Delete { table, key, version } => {
                let at = (table.name, key.clone());
                if let Some(row) = self.rows.get_mut(&at) {
                    row.retain(|_, (written, _)| *written > *version);
                }
                let deleted = self.deleted.entry(at).or_default();
                *deleted = (*deleted).max(*version);
            }
        }
    }

    /// Applies a change of a key-value.
    pub fn apply_kv(&mut self, mutation: &KvMutation) {
        let at = (mutation.space.space, mutation.id.clone(), mutation.part);
        if self.parts.get(&at).is_none_or(|(written, _)| *written < mutation.version) {
            self.parts.insert(at, (mutation.version, mutation.value.clone()));
        }
    }

    /// Applies a change of a document.
    pub fn apply_search(&mut self, mutation: &SearchMutation) {
        let document =
            self.documents.entry((mutation.spec.index, mutation.id.clone())).or_default();
        if document.get(mutation.part).is_none_or(|(written, _)| *written < mutation.version) {
            let fields = mutation.fields.as_ref().map(|fields| {
                fields.iter().filter(|(_, values)| !values.is_empty()).cloned().collect()
            });
            document.insert(mutation.part, (mutation.version, fields));
        }
    }

    /// The parts of a document with their versions.
    #[must_use]
    pub fn document(&self, index: &str, id: &str) -> BTreeMap<&'static str, (u64, Fields)> {
        let mut parts = BTreeMap::new();
        for ((in_index, of_id), document) in &self.documents {
            if *in_index == index && of_id == id {
                for (part, (version, fields)) in document {
                    if let Some(fields) = fields {
                        parts.insert(*part, (*version, fields.clone()));
                    }
                }
            }
        }
        parts
    }

    /// The row of this key.
    #[must_use]
    pub fn row(&self, table: &TableSpec, key: &RowKey) -> Option<Row> {
        let cells = self.rows.get(&(table.name, key.clone()))?;
        let version = cells.values().map(|(version, _)| *version).max()?;
        let present = cells.iter().filter(|(_, (_, value))| *value != Value::Null);
        let cells = present.map(|(name, (_, value))| ((*name).to_owned(), value.clone()));
        Some(Row { key: key.clone(), cells: cells.collect(), version })
    }

    /// Every row of a table, by key.
    #[must_use]
    pub fn rows(&self, table: &TableSpec) -> Vec<Row> {
        let keys = self.rows.keys().filter(|(name, _)| *name == table.name);
        keys.filter_map(|(_, key)| self.row(table, key)).collect()
    }

    /// The row whose key is made of these values.
    #[must_use]
    pub fn at<const N: usize>(&self, table: &TableSpec, key: [Value; N]) -> Option<Row> {
        self.row(table, &RowKey(key.into()))
    }

    /// The parts of a key-value with their versions.
    #[must_use]
    pub fn parts(&self, space: &str, id: &str) -> BTreeMap<String, (u64, String)> {
        let mut parts = BTreeMap::new();
        for ((in_space, of_id, part), (version, content)) in &self.parts {
            if let Some(content) = content.as_ref().filter(|_| *in_space == space && of_id == id) {
                parts.insert((*part).to_owned(), (*version, content.clone()));
            }
        }
        parts
    }

    /// One part of a key-value, empty where there is none.
    #[must_use]
    pub fn part(&self, space: &str, id: &str, part: &str) -> String {
        self.parts(space, id).remove(part).map(|(_, content)| content).unwrap_or_default()
    }

    /// Whether nothing was ever written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.parts.is_empty() && self.documents.is_empty()
    }
}

/// One cell of a row, null where it has no value.
impl std::ops::Index<&str> for Row {
    type Output = Value;

    fn index(&self, column: &str) -> &Value {
        self.cells.get(column).unwrap_or(&Value::Null)
    }
}
