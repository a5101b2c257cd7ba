//! `/products`.

pub(crate) mod id;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod search;
