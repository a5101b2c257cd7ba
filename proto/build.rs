//! Makes Rust of `proto/`: messages, clients, servers, and two descriptor sets, without a protoc on the machine.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message;

/// The contract, from the root of `proto/`. What they import comes along.
const PUBLIC: [&str; 3] = [
    "chimera/inventory/v1/inventory.proto",
    "chimera/order/v1/order.proto",
    "chimera/product/v1/product.proto",
];
/// What nodes say to each other.
const INTERNAL: [&str; 1] = ["chimera/internal/v1/forward.proto"];
/// Messages that hold personal data, payment tokens or payloads: their `Debug` is written by hand, in `src/debug.rs`.
const SECRETIVE: [&str; 6] = [
    ".chimera.order.v1.Address",
    ".chimera.order.v1.PayOrderRequest",
    ".chimera.order.v1.OrderEvent",
    ".chimera.internal.v1.ExecuteRequest",
    ".chimera.internal.v1.Receipt",
    ".chimera.internal.v1.Current",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    println!("cargo::rerun-if-changed={}", root.join("chimera").display());
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for (files, name) in [(&PUBLIC[..], "public.bin"), (&INTERNAL[..], "internal.bin")] {
        let mut set = protox::compile(files, [root])?;
        tonic_prost_build::configure()
            .emit_rerun_if_changed(false)
            // Maps in one order, so that the same message is the same bytes: idempotency keys guard a hash of them.
            .btree_map(".")
            .skip_debug(SECRETIVE)
            .compile_fds(set.clone())?;
        // Comments are for readers of proto/; nobody asks a server for them.
        set.file.iter_mut().for_each(|file| file.source_code_info = None);
        fs::write(out.join(name), set.encode_to_vec())?;
    }
    Ok(())
}
