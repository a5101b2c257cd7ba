//! Rows and key-value stores.
