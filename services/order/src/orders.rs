//! `/orders`.

pub(crate) mod id;
pub(crate) mod list;
pub(crate) mod new;
