//! What statements are told apart by: a table, and which of its columns are written.

use chimera_model::{Column, TableSpec};

use crate::error::StoreError;

/// A set of a table's columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Columns(u128);

impl Columns {
    /// Adds a column by its number; says whether it was not among them.
    pub(super) fn add(&mut self, number: u16) -> Result<bool, StoreError> {
        let Some(bit) = 1_u128.checked_shl(u32::from(number)) else {
            let most = u128::BITS;
            return Err(StoreError::Fatal(format!(
                "a table in Cassandra has up to {most} columns"
            )));
        };
        let added = self.0 & bit == 0;
        self.0 |= bit;
        Ok(added)
    }

    /// Whether all of `other` are among them.
    pub(super) fn cover(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// How many of them have a smaller number.
    pub(super) fn before(self, number: u16) -> usize {
        let below = 1_u128.checked_shl(u32::from(number)).map_or(u128::MAX, |bit| bit - 1);
        (self.0 & below).count_ones() as usize
    }

    /// The columns, in the order of the table.
    pub(super) fn of(self, table: &TableSpec) -> Vec<&'static Column> {
        let numbered = table.columns.iter().enumerate();
        numbered.filter(|(number, _)| self.0 >> number & 1 == 1).map(|(_, column)| column).collect()
    }
}

/// A kind of statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) table: &'static TableSpec,
    /// Which columns an upsert sets; none for a delete.
    pub(super) sets: Option<Columns>,
}
