//! The nodes of one installation to each other: a command or a question goes to the owner of its partition, once, over gRPC
//! (`chimera.internal.v1`).
//!
//! Owns connections, deadlines and what nodes show each other. Holds no rule; never sends anything on, and nothing twice.

mod client;
mod from_wire;
mod secret;
mod server;
mod to_wire;

pub use client::GrpcPeers;
pub use secret::ClusterSecret;
pub use server::{ServeError, serve};
