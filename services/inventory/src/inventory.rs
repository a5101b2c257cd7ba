//! `/inventory`.

pub(crate) mod product_id;
