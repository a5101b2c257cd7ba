//! The binary `chimera`: arguments → settings → telemetry → command → exit code.

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match chimera::cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            let _ = usage.print();
            return ExitCode::from(if usage.use_stderr() { chimera::cli::USAGE } else { 0 });
        }
    };
    chimera::cli::run(cli)
}
