//! What a command shows: data on stdout, everything else on stderr.

use std::io::Write;

use serde::Serialize;

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; field names are stable.
    Json,
}

/// Shows a result on stdout.
pub(crate) fn show<T: Serialize + std::fmt::Display>(result: &T, format: Format) {
    let text = match format {
        Format::Text => result.to_string(),
        Format::Json => serde_json::to_string_pretty(result).unwrap_or_default() + "\n",
    };
    // Whoever closed stdout does not want it.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Says something on stderr.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
