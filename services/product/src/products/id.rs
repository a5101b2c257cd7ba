//! `/products/{id}`.

pub(crate) mod discontinue;
pub(crate) mod get;
pub(crate) mod patch;
pub(crate) mod price;
pub(crate) mod price_history;
pub(crate) mod relist;
