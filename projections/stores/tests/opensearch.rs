//! The search store on a real OpenSearch; runs only with `CHIMERA_STACK=1`, at the address in `CHIMERA_STACK_OPENSEARCH`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

#[path = "opensearch/faults.rs"]
mod faults;
#[path = "opensearch/indices.rs"]
mod indices;
#[path = "opensearch/questions.rs"]
mod questions;
#[path = "opensearch/stack.rs"]
mod stack;
#[path = "opensearch/writers.rs"]
mod writers;
