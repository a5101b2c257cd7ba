//! Read models: a table and a pure function each.
