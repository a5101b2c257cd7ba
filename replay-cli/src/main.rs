//! The `replay` program: arguments, runtime, verb, exit code. Everything else is in the library.

use std::process::ExitCode;

use chimera_replay::{Cli, execute};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(execute(&cli)),
        Err(_) => ExitCode::FAILURE,
    }
}
