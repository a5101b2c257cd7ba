//! An append that failed, and what a reader of the log says of it.

use std::collections::BTreeMap;

use chimera_log::{EventLog, Partition, ReadError};

use crate::work::Command;

/// An append that was not acknowledged.
pub(crate) struct Doubt {
    pub(crate) commands: Vec<Command>,
    /// The sequence that it would have begun with.
    pub(crate) from: u64,
    /// Whether the log said that it may be there; otherwise it said that nothing was written.
    pub(crate) is_open: bool,
}

impl Doubt {
    /// Its commands that are in the log, which ends before `next`. A claim came first, so nothing more can come.
    ///
    /// # Errors
    /// What there is that must not be.
    pub(crate) fn present(
        &self,
        log: &dyn EventLog,
        partition: &Partition,
        next: u64,
    ) -> Result<Vec<Command>, String> {
        let found = found(log, partition, self.from, next)?;
        let mut present = Vec::new();
        for command in &self.commands {
            let Some((events, count)) = found.get(&command.id) else { continue };
            if events != count {
                return Err(format!("{events} of the {count} events of {}", command.id));
            }
            present.push(command.clone());
        }
        if !self.is_open && !present.is_empty() {
            return Err(format!("{} is there, but was said not to be", present[0].id));
        }
        Ok(present)
    }
}

/// How many events of each command there are, and how many there should be.
fn found(
    log: &dyn EventLog,
    partition: &Partition,
    from: u64,
    next: u64,
) -> Result<BTreeMap<String, (usize, usize)>, String> {
    let mut found = BTreeMap::new();
    if from > next {
        return Err(format!("the log ends before {next}, and once ended before {from}"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let mut reader = log.read(partition, from).map_err(|error| error.to_string())?;
    while reader.position() < next {
        let batch = match runtime.block_on(reader.next()) {
            Ok(batch) => batch,
            // Kafka may be gone once more.
            Err(ReadError::Unavailable { .. }) => continue,
            Err(error) => return Err(error.to_string()),
        };
        for record in batch.records {
            let text = String::from_utf8_lossy(&record.value).into_owned();
            let mut words = text.split(' ').skip(2);
            let count = words.next().and_then(|count| count.parse().ok());
            let count = count.ok_or_else(|| format!("no event of ours: {}", record.sequence))?;
            let id = String::from_utf8_lossy(&record.key).into_owned();
            found.entry(id).or_insert((0, count)).0 += 1;
        }
    }
    Ok(found)
}
