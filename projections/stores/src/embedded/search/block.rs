//! Columns read for many documents at once: one call for a block of them costs little more than one for a single document.

use std::fmt::Debug;

use tantivy::columnar::Column;

/// How many documents are looked at together: so few that everything about them stays in the processor's cache.
pub(super) const DOCUMENTS: u32 = 1024;

/// The values of a column for the documents of a block.
#[derive(Default)]
pub(super) struct Values<T> {
    docs: Vec<u32>,
    rows: Vec<u32>,
    found: Vec<T>,
}

impl<T: PartialOrd + Copy + Debug + Default + Send + Sync + 'static> Values<T> {
    /// Each value with its document, in the order of `docs`, which is ascending. Documents without a value are not among them.
    pub(super) fn of<'a>(
        &'a mut self,
        column: &Column<T>,
        docs: &[u32],
    ) -> impl Iterator<Item = (u32, T)> + use<'a, T> {
        self.docs.clear();
        self.rows.clear();
        column.row_ids_for_docs(docs, &mut self.docs, &mut self.rows);
        self.found.resize(self.rows.len(), T::default());
        column.values.get_vals(&self.rows, &mut self.found);
        self.docs.iter().copied().zip(self.found.iter().copied())
    }
}

/// The documents of `docs` for which one of the values of a column is wanted.
pub(super) fn keep<T>(
    docs: &mut Vec<u32>,
    column: &Column<T>,
    values: &mut Values<T>,
    wanted: impl Fn(T) -> bool,
) where
    T: PartialOrd + Copy + Debug + Default + Send + Sync + 'static,
{
    let mut kept = 0;
    for (doc, value) in values.of(column, docs) {
        let is_new = kept == 0 || docs[kept - 1] != doc;
        if is_new && wanted(value) {
            // Never ahead of the document that was read.
            docs[kept] = doc;
            kept += 1;
        }
    }
    docs.truncate(kept);
}
