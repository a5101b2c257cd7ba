//! `/inventory/{productId}`.

pub(crate) mod adjustments;
pub(crate) mod get;
