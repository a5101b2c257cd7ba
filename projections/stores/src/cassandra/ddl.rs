//! Every table in Cassandra, as CQL: those of read models derived from their specs, and Chimera's own three.
//!
//! Names are quoted throughout, so that a column may be called as it likes. Only texts are made here; nothing is sent.

use std::fmt::Write;

use chimera_model::{Column, Kind, Order, TableSpec};

use super::shape::Columns;
use crate::error::StoreError;

/// Holds the version of the newest write of a row; a row without it is none.
pub(super) const VERSION: &str = "v_";
/// Of a keyspace or a table, as Cassandra has it in the names of files.
const LONGEST_NAME: usize = 48;

/// Which views there are and of which shape; how far each is true.
pub(super) const OWN_TABLES: [(&str, &str); 2] = [
    (
        "chimera_views",
        "model text, generation bigint, born bigint, layout text, PRIMARY KEY (model, generation)",
    ),
    (
        "chimera_checkpoints",
        "model text, generation bigint, born bigint, stream text, partition bigint, sequence bigint, \
         PRIMARY KEY ((model, generation, born), stream, partition)",
    ),
];

/// Whether Cassandra takes a keyspace or a table of this name.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), StoreError> {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let begins = name.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
    if letters && begins && name.len() <= LONGEST_NAME {
        return Ok(());
    }
    Err(StoreError::Fatal(format!(
        "Cassandra has no {what} named {name:?}; it takes up to {LONGEST_NAME} lower-case letters, digits and \
         underscores, and a letter first"
    )))
}

pub(super) fn create_keyspace(keyspace: &str, replication: u16) -> String {
    format!(
        "CREATE KEYSPACE IF NOT EXISTS \"{keyspace}\" WITH replication = \
         {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replication}}}"
    )
}

pub(super) fn create_own_table(keyspace: &str, name: &str, columns: &str) -> String {
    format!("CREATE TABLE IF NOT EXISTS \"{keyspace}\".\"{name}\" ({columns})")
}

/// The name of a table of one generation.
pub(super) fn table_name(generation: u32, table: &str) -> String {
    format!("{table}_g{generation}")
}

pub(super) fn create_table(keyspace: &str, name: &str, table: &TableSpec) -> String {
    let mut columns = String::new();
    for column in table.partition_key.iter().chain(table.clustering) {
        let _ = write!(columns, "\"{}\" {}, ", column.name, cql_type(column.kind));
    }
    let _ = write!(columns, "\"{VERSION}\" bigint, ");
    for column in table.columns {
        let _ = write!(columns, "\"{}\" {}, ", column.name, cql_type(column.kind));
    }
    let mut key = format!("({})", names(table.partition_key));
    let mut order = Vec::new();
    for column in table.clustering {
        let _ = write!(key, ", \"{}\"", column.name);
        order.push(format!("\"{}\" {}", column.name, direction(column.order)));
    }
    let order = match order.as_slice() {
        [] => String::new(),
        columns => format!(" WITH CLUSTERING ORDER BY ({})", columns.join(", ")),
    };
    format!(
        "CREATE TABLE IF NOT EXISTS \"{keyspace}\".\"{name}\" ({columns}PRIMARY KEY ({key})){order}"
    )
}

pub(super) fn drop_table(keyspace: &str, name: &str) -> String {
    format!("DROP TABLE IF EXISTS \"{keyspace}\".\"{name}\"")
}

/// Bound to the key, the version, the cells in the table's order, and the version again.
pub(super) fn insert(full_name: &str, table: &TableSpec, columns: Columns) -> String {
    let mut into = format!("{}, \"{VERSION}\"", names(&key_columns(table)));
    let mut places = table.partition_key.len() + table.clustering.len() + 1;
    for column in columns.of(table) {
        let _ = write!(into, ", \"{}\"", column.name);
        places += 1;
    }
    let marks = vec!["?"; places].join(", ");
    format!("INSERT INTO {full_name} ({into}) VALUES ({marks}) USING TIMESTAMP ?")
}

/// Bound to the version and the key.
pub(super) fn delete(full_name: &str, table: &TableSpec) -> String {
    let all = key_columns(table);
    format!("DELETE FROM {full_name} USING TIMESTAMP ? WHERE {}", equal(&all))
}

/// Bound to a whole key. All selections have the key's columns first, then the version, then the others.
pub(super) fn select_row(full_name: &str, table: &TableSpec) -> String {
    format!("{} WHERE {}", select_all(full_name, table), equal(&key_columns(table)))
}

/// Bound to a partition key.
pub(super) fn select_partition(full_name: &str, table: &TableSpec) -> String {
    format!("{} WHERE {}", select_all(full_name, table), equal(table.partition_key))
}

/// Bound to nothing.
pub(super) fn select_all(full_name: &str, table: &TableSpec) -> String {
    let mut columns = format!("{}, \"{VERSION}\"", names(&key_columns(table)));
    for column in table.columns {
        let _ = write!(columns, ", \"{}\"", column.name);
    }
    format!("SELECT {columns} FROM {full_name}")
}

/// A column as `system_schema.columns` has it: name, type, kind, position, order.
pub(super) type Described = (String, String, String, i32, String);

/// What `system_schema.columns` holds for a table that [`create_table`] has made, by name.
pub(super) fn described(table: &TableSpec) -> Vec<Described> {
    let describe = |column: &Column, kind: &str, place: usize, order: &str| {
        let place = i32::try_from(place).unwrap_or(i32::MAX);
        let place = if kind == "regular" { -1 } else { place };
        (
            column.name.to_owned(),
            cql_type(column.kind).to_owned(),
            kind.to_owned(),
            place,
            order.to_owned(),
        )
    };
    let mut all = vec![describe(&Column::new(VERSION, Kind::Integer), "regular", 0, "none")];
    for (place, column) in table.partition_key.iter().enumerate() {
        all.push(describe(column, "partition_key", place, "none"));
    }
    for (place, column) in table.clustering.iter().enumerate() {
        all.push(describe(column, "clustering", place, &direction(column.order).to_lowercase()));
    }
    for column in table.columns {
        all.push(describe(column, "regular", 0, "none"));
    }
    all.sort();
    all
}

/// Cassandra's timestamp has milliseconds only, so a time is the number of its microseconds.
fn cql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Integer | Kind::Timestamp => "bigint",
        Kind::Decimal => "decimal",
        Kind::Text | Kind::Json => "text",
    }
}

fn direction(order: Order) -> &'static str {
    match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    }
}

fn key_columns(table: &TableSpec) -> Vec<Column> {
    [table.partition_key, table.clustering].concat()
}

fn names(columns: &[Column]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    quoted.join(", ")
}

fn equal(columns: &[Column]) -> String {
    let each: Vec<String> =
        columns.iter().map(|column| format!("\"{}\" = ?", column.name)).collect();
    each.join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::*;

    static ORDERS: TableSpec = TableSpec {
        name: "orders",
        partition_key: &[Column::new("shop", Kind::Text), Column::new("year", Kind::Integer)],
        clustering: &[Column::descending("at", Kind::Timestamp), Column::new("id", Kind::Text)],
        columns: &[Column::new("total", Kind::Decimal), Column::new("paid", Kind::Boolean)],
    };

    #[test]
    fn a_table_is_made_as_its_spec_says() {
        let created = create_table("shop", &table_name(3, "orders"), &ORDERS);
        let expected = "CREATE TABLE IF NOT EXISTS \"shop\".\"orders_g3\" (\"shop\" text, \"year\" bigint, \
             \"at\" bigint, \"id\" text, \"v_\" bigint, \"total\" decimal, \"paid\" boolean, \
             PRIMARY KEY ((\"shop\", \"year\"), \"at\", \"id\")) \
             WITH CLUSTERING ORDER BY (\"at\" DESC, \"id\" ASC)";
        assert_eq!(created, expected);
    }

    #[test]
    fn a_statement_names_the_columns_it_writes_and_no_others() {
        let mut columns = Columns::default();
        columns.add(1).unwrap();
        let expected = "INSERT INTO t (\"shop\", \"year\", \"at\", \"id\", \"v_\", \"paid\") \
             VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
        assert_eq!(insert("t", &ORDERS, columns), expected);
    }

    #[test]
    fn names_that_cassandra_would_refuse_are_refused_first() {
        for name in ["chimera", "a_1"] {
            assert_eq!(check_name("keyspace", name), Ok(()));
        }
        for name in ["", "Chimera", "1a", "a-b", "a\"b", &"a".repeat(49)] {
            assert!(matches!(check_name("keyspace", name), Err(StoreError::Fatal(_))), "{name}");
        }
    }
}
