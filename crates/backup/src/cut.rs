//! Where a restore point ends in each partition, so that no effect is in it without its cause.
//!
//! The ends are noted one after the other, while others write. What was committed meanwhile is looked through: an event that
//! names as its cause one that came too late is left out, with all behind it, until nothing more has to be.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chimera_codec::{CodecError, GlanceReader};
use chimera_log::{EventLog, Partition, RawRecord};

use crate::error::BackupError;
use crate::schemas::SchemasMet;

/// The last sequence of each partition.
pub(crate) type Ends = BTreeMap<Partition, u64>;

/// An event near the cut.
pub(crate) struct Near {
    pub(crate) sequence: u64,
    pub(crate) id: String,
    pub(crate) cause: String,
}

/// A consistent cut at this moment. `settle` is how long the log may take until everybody sees what is committed.
pub(crate) async fn consistent(
    log: &dyn EventLog,
    schemas: &SchemasMet,
    settle: Duration,
) -> Result<Ends, BackupError> {
    let before = ends(log)?;
    wait(settle).await;
    let cut = ends(log)?;
    wait(settle).await;
    let after = ends(log)?;
    let mut near = BTreeMap::new();
    for (partition, last) in &after {
        let from = before.get(partition).copied().unwrap_or(0) + 1;
        near.insert(partition.clone(), window(log, partition, (from, *last), schemas).await?);
    }
    Ok(without_orphans(cut, &near))
}

async fn wait(settle: Duration) {
    if !settle.is_zero() {
        tokio::time::sleep(settle).await;
    }
}

/// Where every partition ends now.
pub(crate) fn ends(log: &dyn EventLog) -> Result<Ends, BackupError> {
    Ok(chimera_log::ends(log, &log.streams()?)?)
}

async fn window(
    log: &dyn EventLog,
    partition: &Partition,
    (from, last): (u64, u64),
    schemas: &SchemasMet,
) -> Result<Vec<Near>, BackupError> {
    let mut near = Vec::new();
    if from > last {
        return Ok(near);
    }
    let (mut reader, mut glances) = (log.read(partition, from)?, GlanceReader::default());
    while reader.position() <= last {
        for record in reader.next().await?.records {
            if record.sequence <= last {
                near.extend(seen(&record, &mut glances, schemas).await?);
            }
        }
    }
    Ok(near)
}

/// What an event says of itself; none if it cannot be read.
async fn seen(
    record: &RawRecord,
    glances: &mut GlanceReader,
    schemas: &SchemasMet,
) -> Result<Option<Near>, BackupError> {
    if let Err(CodecError::UnknownSchemaId(id)) = glances.look(&record.value)
        && let Some(asked) = schemas.get(id).await?
    {
        // A schema that does not parse leaves its events unread, as one that nobody knows.
        let _ = glances.learn(id, &asked.text);
    }
    let glance = glances.look(&record.value).ok();
    Ok(glance.map(|glance| Near {
        sequence: record.sequence,
        id: glance.event_id.to_owned(),
        cause: glance.causation_id.to_owned(),
    }))
}

/// The greatest cut within this one that holds no event of which the cause is left out.
pub(crate) fn without_orphans(mut cut: Ends, near: &BTreeMap<Partition, Vec<Near>>) -> Ends {
    let mut left_out: HashSet<&str> = HashSet::new();
    for (partition, events) in near {
        let end = cut.get(partition).copied().unwrap_or(0);
        left_out.extend(events.iter().filter(|event| event.sequence > end).map(|event| &*event.id));
    }
    loop {
        let mut changed = false;
        for (partition, events) in near {
            let Some(end) = cut.get_mut(partition) else { continue };
            let within = events.iter().filter(|event| event.sequence <= *end);
            let orphan = within.map(|event| (event.sequence, &*event.cause));
            let first =
                orphan.filter(|(_, cause)| left_out.contains(cause)).map(|(at, _)| at).min();
            if let Some(first) = first {
                let gone = events.iter().filter(|event| event.sequence >= first);
                left_out.extend(gone.map(|event| &*event.id));
                (*end, changed) = (first - 1, true);
            }
        }
        if !changed {
            return cut;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(events: &[(u64, &str, &str)]) -> Vec<Near> {
        let near = |(sequence, id, cause): &(u64, &str, &str)| Near {
            sequence: *sequence,
            id: (*id).to_owned(),
            cause: (*cause).to_owned(),
        };
        events.iter().map(near).collect()
    }

    fn of(orders: u64, stock: u64, payments: u64) -> Ends {
        let names = ["orders", "stock", "payments"].map(|stream| Partition::new(stream, 0));
        names.into_iter().zip([orders, stock, payments]).collect()
    }

    #[test]
    fn an_effect_goes_with_its_cause_and_what_follows_from_it_too() {
        let [orders, stock, payments] =
            ["orders", "stock", "payments"].map(|stream| Partition::new(stream, 0));
        let events = BTreeMap::from([
            (orders, near(&[(10, "placed", "request"), (11, "confirmed", "reserved")])),
            (
                stock,
                near(&[(5, "received", "else"), (6, "reserved", "placed"), (7, "moved", "else")]),
            ),
            (payments, near(&[(2, "opened", "confirmed"), (3, "charged", "opened")])),
        ]);
        // Everything is there, or nothing of it: nothing has to go.
        assert_eq!(without_orphans(of(11, 7, 3), &events), of(11, 7, 3));
        assert_eq!(without_orphans(of(9, 5, 1), &events), of(9, 5, 1));
        // `placed` came too late for the cut, its effects did not.
        assert_eq!(without_orphans(of(9, 7, 3), &events), of(9, 5, 1));
        assert_eq!(without_orphans(of(10, 7, 3), &events), of(10, 7, 1));
        assert_eq!(without_orphans(of(11, 5, 3), &events), of(10, 5, 1));
    }
}
