//! One apply, before anything is sent: every mutation checked, needless ones left out, the others put together by partition.
//!
//! Pure. What is refused is refused here, with nothing sent.

use std::collections::HashMap;

use chimera_model::{RowMutation, TableSpec, Value};
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

use super::shape::{Columns, Shape};
use super::values;
use crate::error::StoreError;
use crate::fitting::{check_kind, column, key_parts, target};

/// Cassandra warns of batches above 5 KiB, and counts some things that are only estimated here.
const BATCH_BYTES: usize = 4 * 1024;
const BATCH_ROWS: usize = 100;
/// What Cassandra counts for a row and for each of its cells, beside their values.
const ROW_BYTES: usize = 40;
const CELL_BYTES: usize = 24;
/// Half of what Cassandra takes unless told otherwise.
const LARGEST: usize = 8 * 1024 * 1024;

type Numbers<K> = HashMap<K, usize, Xxh3DefaultBuilder>;

/// One statement's values.
#[derive(Debug)]
pub(super) struct Write<'a> {
    /// Index of its shape.
    pub(super) shape: usize,
    key: &'a [Value],
    version: i64,
    /// In the table's order; none for a delete.
    cells: Option<Vec<&'a Value>>,
    bytes: usize,
}

/// What is to be sent.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    /// The kinds of statements in it.
    pub(super) shapes: Vec<Shape>,
    /// Each of one partition, and small enough for Cassandra; in no particular order.
    pub(super) batches: Vec<Vec<Write<'a>>>,
}

/// An upsert among the writes.
#[derive(Clone, Copy)]
struct Upserted {
    index: usize,
    version: i64,
    columns: Columns,
}

#[derive(Default)]
struct Planning<'a> {
    shapes: Vec<Shape>,
    tables: Vec<TablePlan>,
    /// None where a later one does the same and more.
    writes: Vec<Option<Write<'a>>>,
    /// Of each partition, which writes.
    partitions: Vec<Vec<usize>>,
}

struct TablePlan {
    table: &'static TableSpec,
    /// By the bytes of the partition key.
    partitions: Numbers<Vec<u8>>,
    /// By the bytes of the whole key.
    upserts: HashMap<Vec<u8>, Upserted, Xxh3DefaultBuilder>,
    shapes: Numbers<Option<Columns>>,
}

impl<'a> Plan<'a> {
    /// # Errors
    /// [`StoreError::Rejected`] for the first mutation that does not fit.
    pub(super) fn of(mutations: &'a [RowMutation]) -> Result<Self, StoreError> {
        let mut planning = Planning::default();
        for mutation in mutations {
            planning.add(mutation)?;
        }
        Ok(planning.finish())
    }
}

impl<'a> Planning<'a> {
    fn add(&mut self, mutation: &'a RowMutation) -> Result<(), StoreError> {
        let (table, key, version) = target(mutation)?;
        let (key_bytes, partition) = key_parts(table, key)?;
        let of_table = self.table(table);
        let mut write = Write {
            shape: 0,
            key: &key.0,
            version,
            cells: None,
            bytes: ROW_BYTES + key_bytes.len() - partition,
        };
        let mut sets = None;
        if let RowMutation::Upsert { cells, .. } = mutation {
            let columns = write.take_cells(table, cells)?;
            sets = Some(columns);
            if self.is_needless(of_table, &key_bytes, version, columns) {
                return Ok(());
            }
        }
        if write.bytes + partition > LARGEST {
            let (name, bytes) = (table.name, write.bytes);
            return Err(StoreError::Rejected(format!("a row of {name} takes {bytes} bytes")));
        }
        write.shape = self.shape(of_table, sets);
        let partition = self.partition(of_table, &key_bytes[..partition]);
        self.partitions[partition].push(self.writes.len());
        self.writes.push(Some(write));
        Ok(())
    }

    fn table(&mut self, table: &'static TableSpec) -> usize {
        // A call has few tables, mostly one.
        if let Some(known) = self.tables.iter().position(|known| known.table.name == table.name) {
            return known;
        }
        self.tables.push(TablePlan {
            table,
            partitions: Numbers::default(),
            upserts: HashMap::default(),
            shapes: Numbers::default(),
        });
        self.tables.len() - 1
    }

    fn shape(&mut self, of_table: usize, sets: Option<Columns>) -> usize {
        let plan = &mut self.tables[of_table];
        let next = self.shapes.len();
        let number = *plan.shapes.entry(sets).or_insert(next);
        if number == next {
            self.shapes.push(Shape { table: plan.table, sets });
        }
        number
    }

    fn partition(&mut self, of_table: usize, key: &[u8]) -> usize {
        let known = &mut self.tables[of_table].partitions;
        if let Some(number) = known.get(key) {
            return *number;
        }
        let number = self.partitions.len();
        known.insert(key.to_vec(), number);
        self.partitions.push(Vec::new());
        number
    }

    /// Whether an upsert does nothing beside one that is there; drops the one that is there if it is the other way round.
    fn is_needless(&mut self, of_table: usize, key: &[u8], version: i64, columns: Columns) -> bool {
        let upserted = Upserted { index: self.writes.len(), version, columns };
        let upserts = &mut self.tables[of_table].upserts;
        let Some(other) = upserts.get_mut(key) else {
            upserts.insert(key.to_vec(), upserted);
            return false;
        };
        if other.version >= version && other.columns.cover(columns) {
            return true;
        }
        if version >= other.version {
            if columns.cover(other.columns) {
                self.writes[other.index] = None;
            }
            *other = upserted;
        }
        false
    }

    fn finish(self) -> Plan<'a> {
        let (mut writes, mut batches) = (self.writes, Vec::with_capacity(self.partitions.len()));
        for partition in self.partitions {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            for write in partition.into_iter().filter_map(|index| writes[index].take()) {
                if bytes + write.bytes > BATCH_BYTES || batch.len() == BATCH_ROWS {
                    batches.push(std::mem::take(&mut batch));
                    bytes = 0;
                }
                bytes += write.bytes;
                batch.push(write);
            }
            batches.push(batch);
        }
        batches.retain(|batch| !batch.is_empty());
        Plan { shapes: self.shapes, batches }
    }
}

impl<'a> Write<'a> {
    /// Takes the cells in the table's order; of two for the same column the first.
    fn take_cells(
        &mut self,
        table: &TableSpec,
        cells: &'a [(&'static str, Value)],
    ) -> Result<Columns, StoreError> {
        let (mut columns, mut ordered) = (Columns::default(), Vec::with_capacity(cells.len()));
        for (hint, (name, value)) in cells.iter().enumerate() {
            let number = column(table, name, hint)?;
            check_kind(table, &table.columns[usize::from(number)], value)?;
            if columns.add(number)? {
                ordered.insert(columns.before(number), value);
                self.bytes += CELL_BYTES + values::size(value);
            }
        }
        self.bytes += CELL_BYTES;
        self.cells = Some(ordered);
        Ok(columns)
    }
}

impl SerializeRow for Write<'_> {
    fn serialize(
        &self,
        _context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        let version = Value::Integer(self.version);
        let Some(cells) = &self.cells else {
            values::write(writer, &version)?;
            return self.key.iter().try_for_each(|value| values::write(writer, value));
        };
        for value in self.key.iter().chain([&version]).chain(cells.iter().copied()) {
            values::write(writer, value)?;
        }
        values::write(writer, &version)
    }

    fn is_empty(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use chimera_model::{Column, Kind, RowKey};

    use super::*;

    static NOTES: TableSpec = TableSpec {
        name: "notes",
        partition_key: &[Column::new("owner", Kind::Text)],
        clustering: &[Column::new("number", Kind::Integer)],
        columns: &[Column::new("one", Kind::Text), Column::new("two", Kind::Text)],
    };

    fn key(owner: &str, number: i64) -> RowKey {
        RowKey(vec![owner.into(), number.into()])
    }

    fn upsert(key: RowKey, version: u64, columns: &[&'static str]) -> RowMutation {
        let cells = columns.iter().map(|name| (*name, Value::Text((*name).to_owned()))).collect();
        RowMutation::Upsert { table: &NOTES, key, cells, version }
    }

    /// The versions that are sent, batch by batch.
    fn versions(mutations: &[RowMutation]) -> Vec<Vec<i64>> {
        let plan = Plan::of(mutations).unwrap();
        plan.batches.iter().map(|batch| batch.iter().map(|write| write.version).collect()).collect()
    }

    #[test]
    fn a_partition_goes_together_and_each_by_itself() {
        let mutations = [
            upsert(key("a", 1), 1, &["one"]),
            upsert(key("b", 1), 2, &["one"]),
            upsert(key("a", 2), 3, &["one"]),
        ];
        assert_eq!(versions(&mutations), [vec![1, 3], vec![2]]);
    }

    #[test]
    fn what_a_newer_write_covers_is_not_sent() {
        let mutations = [
            upsert(key("a", 1), 1, &["one"]),
            upsert(key("a", 1), 3, &["two", "one"]),
            upsert(key("a", 1), 2, &["two"]),
            upsert(key("a", 1), 3, &["two", "one"]),
        ];
        assert_eq!(versions(&mutations), [vec![3]]);
    }

    #[test]
    fn what_a_newer_write_leaves_alone_is_sent() {
        let mutations = [
            upsert(key("a", 1), 1, &["one", "two"]),
            RowMutation::Delete { table: &NOTES, key: key("a", 1), version: 2 },
            upsert(key("a", 1), 3, &["one"]),
        ];
        assert_eq!(versions(&mutations), [vec![1, 2, 3]]);
    }

    #[test]
    fn cells_stand_in_the_order_of_the_table_and_once() {
        let mutations = [upsert(key("a", 1), 1, &["two", "one", "two"])];
        let plan = Plan::of(&mutations).unwrap();
        let text = |name: &str| Value::Text(name.to_owned());
        let cells = plan.batches[0][0].cells.as_ref().unwrap();
        assert_eq!(*cells, [&text("one"), &text("two")]);
    }

    #[test]
    fn a_batch_stays_below_what_cassandra_warns_of() {
        let mutations: Vec<_> = (0..300).map(|n| upsert(key("a", n), 1, &["one"])).collect();
        let plan = Plan::of(&mutations).unwrap();
        assert!(plan.batches.len() > 2);
        for batch in &plan.batches {
            let bytes: usize = batch.iter().map(|write| write.bytes).sum();
            assert!(bytes <= BATCH_BYTES && batch.len() <= BATCH_ROWS);
        }
        assert_eq!(plan.batches.iter().map(Vec::len).sum::<usize>(), 300);
    }

    #[test]
    fn a_row_that_cassandra_would_not_take_is_refused() {
        let cells = vec![("one", Value::Text("x".repeat(LARGEST)))];
        let large = RowMutation::Upsert { table: &NOTES, key: key("a", 1), cells, version: 1 };
        assert!(matches!(Plan::of(&[large]), Err(StoreError::Rejected(_))));
    }
}
