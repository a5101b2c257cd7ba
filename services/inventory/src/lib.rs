//! Stock endpoints.
