//! The gRPC contract: what `proto/` says, as messages, clients and servers, and its descriptors for reflection.
//!
//! Holds no rule and no mapping; comments and numbers live in `proto/`, and `tests/fields.txt` keeps the numbers as they are.

mod debug;

/// What several services share.
pub mod common {
    /// Version 1.
    #[allow(clippy::all, clippy::pedantic, rustdoc::all, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("chimera.common.v1");
    }
}

/// Stock.
pub mod inventory {
    /// Version 1.
    #[allow(clippy::all, clippy::pedantic, missing_docs, rustdoc::all, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("chimera.inventory.v1");
    }
}

/// Orders.
pub mod order {
    /// Version 1.
    #[allow(clippy::all, clippy::pedantic, missing_docs, rustdoc::all, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("chimera.order.v1");
    }
}

/// The catalogue.
pub mod product {
    /// Version 1.
    #[allow(clippy::all, clippy::pedantic, missing_docs, rustdoc::all, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("chimera.product.v1");
    }
}

/// What nodes say to each other; never for clients.
pub mod internal {
    /// Version 1.
    #[allow(clippy::all, clippy::pedantic, missing_docs, rustdoc::all, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("chimera.internal.v1");
    }
}

/// The contract's `FileDescriptorSet` with all that it imports: what reflection shows to clients.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("public");

/// The same of what nodes say to each other; not for reflection.
pub const INTERNAL_FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("internal");
