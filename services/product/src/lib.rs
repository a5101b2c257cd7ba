//! Catalogue endpoints.
