//! How a batch becomes transactions: cut only between two commands. Knows nothing of Kafka but its limits.

use std::ops::Range;

use chimera_log::{Batch, Entry};

use crate::headers;

/// What a transaction and a record may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Records of one transaction, unless one command alone has more.
    pub(crate) records: usize,
    /// Bytes of one transaction, unless one command alone has more.
    pub(crate) bytes: usize,
    /// Bytes of one record: the topic's `max.message.bytes`.
    pub(crate) record: usize,
    /// Records of one command: what librdkafka queues.
    pub(crate) command: usize,
}

impl Limits {
    /// The limits on a topic whose records may have `record` bytes.
    pub(crate) fn of_topic(record: usize) -> Self {
        Self { records: 20_000, bytes: 32 * 1024 * 1024, record, command: 900_000 }
    }
}

/// The entries of each transaction.
///
/// # Errors
/// What cannot be written at all, in words for an operator.
pub(crate) fn transactions(batch: &Batch, limits: Limits) -> Result<Vec<Range<usize>>, String> {
    let mut found = Vec::new();
    let (mut current, mut bytes) = (0..0, 0);
    for command in batch.commands() {
        let size = checked(command, limits)?;
        let full = current.len() + command.len() > limits.records || bytes + size > limits.bytes;
        if full && !current.is_empty() {
            found.push(current.clone());
            (current, bytes) = (current.end..current.end, 0);
        }
        current.end += command.len();
        bytes += size;
    }
    if !current.is_empty() {
        found.push(current);
    }
    Ok(found)
}

/// The bytes of a command whose every record can be written.
fn checked(command: &[Entry], limits: Limits) -> Result<usize, String> {
    if command.len() > limits.command {
        let (count, most) = (command.len(), limits.command);
        return Err(format!("a command has {count} events and {most} are the most that can be"));
    }
    let mut bytes = 0;
    for entry in command {
        let size = headers::size(entry);
        if size > limits.record {
            return Err(format!(
                "the event {} of {} may take {size} bytes and the topic takes {}; raise its \
                 max.message.bytes, or make the event smaller",
                entry.event_type, entry.key, limits.record
            ));
        }
        bytes += size;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits { records: 10, bytes: 10_000, record: 5_000, command: 20 };

    fn entry(bytes: usize) -> Entry {
        Entry { key: "k".into(), event_type: "t".into(), traceparent: None, value: vec![0; bytes] }
    }

    fn batch(commands: &[(usize, usize)]) -> Batch {
        let mut batch = Batch::default();
        for (records, bytes) in commands {
            batch.push_command(vec![entry(*bytes); *records]);
        }
        batch
    }

    #[test]
    fn what_fits_is_one_transaction() {
        let whole = transactions(&batch(&[(3, 1), (4, 1), (3, 1)]), SMALL).unwrap();
        assert_eq!((whole.len(), &whole[0]), (1, &(0..10)));
        assert_eq!(transactions(&Batch::default(), SMALL), Ok(vec![]));
    }

    #[test]
    fn a_cut_is_made_between_commands_only() {
        let cut = transactions(&batch(&[(6, 1), (5, 1), (5, 1), (1, 1)]), SMALL);
        assert_eq!(cut, Ok(vec![0..6, 6..16, 16..17]));
    }

    #[test]
    fn bytes_are_a_limit_too() {
        let cut = transactions(&batch(&[(1, 4_000), (1, 4_000), (1, 4_000)]), SMALL);
        assert_eq!(cut, Ok(vec![0..2, 2..3]));
    }

    #[test]
    fn a_large_command_stays_whole() {
        let cut = transactions(&batch(&[(1, 1), (15, 1), (1, 1)]), SMALL);
        assert_eq!(cut, Ok(vec![0..1, 1..16, 16..17]));
    }

    #[test]
    fn a_record_or_command_beyond_the_limit_is_refused() {
        let refused = transactions(&batch(&[(1, 1), (1, 5_000)]), SMALL);
        assert!(refused.is_err_and(|reason| reason.contains("max.message.bytes")));
        assert!(transactions(&batch(&[(21, 1)]), SMALL).is_err());
    }
}
