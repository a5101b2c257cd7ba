//! The replay tool.
