//! A table's shape as text, kept beside its rows: rows are stored by column number and mean nothing under another shape.

use std::fmt::Write;

use chimera_model::{Column, KvSpec, Order, TableSpec};

/// The shape of a table.
pub(crate) fn of_table(table: &TableSpec) -> String {
    let mut text = String::new();
    for (name, columns) in [
        ("partition", table.partition_key),
        ("clustering", table.clustering),
        ("columns", table.columns),
    ] {
        let _ =
            write!(text, "{name}({}) ", columns.iter().map(column).collect::<Vec<_>>().join(", "));
    }
    text.truncate(text.trim_end().len());
    text
}

/// The shape of a space.
pub(crate) fn of_space(space: &KvSpec) -> String {
    format!("parts({})", space.parts.join(", "))
}

fn column(column: &Column) -> String {
    let order = match column.order {
        Order::Ascending => "",
        Order::Descending => " descending",
    };
    format!("{} {:?}{order}", column.name, column.kind)
}
