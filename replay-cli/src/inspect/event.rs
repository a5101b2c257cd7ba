//! `replay inspect event`: one event by its id, and what it has caused directly.

use serde::Serialize;
use uuid::Uuid;

use super::event_shown::EventShown;
use super::search;
use crate::failure::Failure;
use crate::open_log::OpenLog;

/// An event and its direct effects.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) event: EventShown,
    pub(crate) caused: Vec<EventShown>,
}

pub(super) async fn find(log: &OpenLog, id: Uuid) -> Result<Found, Failure> {
    let text = id.to_string();
    let (mut event, mut caused) = (None, Vec::new());
    for hit in search::holding(log, log.all_ends()?, &text).await? {
        // What cannot be decoded has no id that could be compared.
        let Ok(change) = log.decoder.decode(&hit.partition, &hit.value) else { continue };
        if change.meta().event_id == id.as_u128() {
            event = Some(EventShown::of_change(&hit, change));
        } else if *change.meta().causation_id == *text {
            let at = (change.meta().recorded_at, change.meta().event_id);
            caused.push((at, EventShown::of_change(&hit, change)));
        }
    }
    let event = event.ok_or_else(|| Failure::Failed(format!("the log has no event {id}")))?;
    caused.sort_by_key(|(at, _)| *at);
    Ok(Found { event, caused: caused.into_iter().map(|(_, event)| event).collect() })
}
