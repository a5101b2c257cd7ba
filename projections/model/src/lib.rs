//! Read models: one file each, holding its tables and its pure function from events to changes of rows.
//!
//! A read model is a function of the log alone. Never reads a store, a clock or another read model.

mod change;
mod mutation;
mod read_model;
mod table;
mod value;

pub use change::Change;
pub use mutation::{KvMutation, Mutation, RowMutation};
pub use read_model::{Projection, ReadModel};
pub use table::{Column, Kind, KvSpec, Order, TableSpec};
pub use value::{Row, RowKey, Value};

/// Every read model of the platform; a new one is one file and one line here.
pub const ALL: &[&ReadModel] = &[];
