//! Read models: one file each, holding its tables and its pure function from events to changes of rows.
//!
//! A read model is a function of the log alone. Never reads a store, a clock or another read model.

mod change;
pub mod daily_revenue;
pub mod inventory_snapshot;
#[cfg(test)]
mod laws;
mod mutation;
pub mod order_details;
pub mod order_status;
pub mod orders_by_customer;
pub mod product_cache;
pub mod product_catalogue;
pub mod product_price_history;
pub mod product_search_index;
mod read_model;
mod search;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod value;

pub use change::Change;
pub use mutation::{KvMutation, Mutation, RowMutation};
pub use read_model::{Projection, ReadModel};
pub use search::{SearchField, SearchKind, SearchMutation, SearchPart, SearchSpec};
pub use table::{Column, Kind, KvSpec, Order, TableSpec};
pub use value::{Row, RowKey, Value};

/// Every read model of the platform; a new one is one file and one line here.
pub const ALL: &[&ReadModel] = &[
    &orders_by_customer::MODEL,
    &order_details::MODEL,
    &inventory_snapshot::MODEL,
    &product_cache::MODEL,
    &product_catalogue::MODEL,
    &product_search_index::MODEL,
    &order_status::MODEL,
    &product_price_history::MODEL,
    &daily_revenue::MODEL,
];
