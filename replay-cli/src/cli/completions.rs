//! `replay completions`: what a shell needs to complete verbs and flags. Opens nothing.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Cli;

/// Shown at the end of the help page.
pub(super) const HELP: &str = "Examples:
  replay completions bash > /etc/bash_completion.d/replay
  replay completions zsh > \"${fpath[1]}/_replay\"";

/// Writes the script.
pub(crate) fn write(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "replay", &mut script);
    io::stdout().lock().write_all(&script)
}
