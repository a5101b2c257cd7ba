//! Read endpoints.
