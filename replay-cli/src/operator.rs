//! The person at the keyboard: who it is, and asking before what cannot be taken back.

use std::io::{BufRead, IsTerminal, Write};

use crate::failure::Failure;

/// Whoever is logged in at this machine.
pub(crate) fn who() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    format!("{} (replay)", user.unwrap_or_else(|_| "somebody".to_owned()))
}

/// Asks `question`, unless the answer was given with `--yes`.
///
/// # Errors
/// If the answer is no, or nobody can be asked.
pub(crate) fn confirm(yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage("say --yes where nobody can be asked".to_owned()));
    }
    let _ = write!(std::io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(Failure::failed)?;
    match answer.trim() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Failed("nothing was done".to_owned())),
    }
}
