//! What one append carries: the entries of one or more commands, each command whole.
//!
//! A log may split a batch that is too large for it, but only between two commands.

use crate::record::Entry;

/// Entries of whole commands, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    entries: Vec<Entry>,
    /// Where each command ends: the index after its last entry.
    command_ends: Vec<usize>,
}

impl Batch {
    /// Adds all entries of one command; a command without entries adds nothing.
    pub fn push_command(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.entries.extend(entries);
        if self.command_ends.last().copied().unwrap_or(0) < self.entries.len() {
            self.command_ends.push(self.entries.len());
        }
    }

    /// All entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All entries, in order, given away.
    #[must_use]
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// The entries command by command.
    pub fn commands(&self) -> impl Iterator<Item = &[Entry]> {
        let starts = std::iter::once(0).chain(self.command_ends.iter().copied());
        starts.zip(&self.command_ends).map(|(start, &end)| &self.entries[start..end])
    }

    /// How many entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to append.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
