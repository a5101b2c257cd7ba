//! `replay inspect causes`: all that followed from one request, as a tree.
//!
//! An event hangs under the event that caused it. What no event has caused stands at the top, under the command that asked for it.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::event_shown::EventShown;
use super::search;
use crate::failure::Failure;
use crate::open_log::OpenLog;

/// The events of one correlation.
#[derive(Debug, Serialize)]
pub(crate) struct Causes {
    pub(crate) correlation_id: String,
    pub(crate) causes: Vec<Cause>,
}

/// An event, and what it has caused.
#[derive(Debug, Serialize)]
pub(crate) struct Cause {
    pub(crate) event: EventShown,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) effects: Vec<Cause>,
}

pub(super) async fn find(log: &OpenLog, correlation: &str) -> Result<Causes, Failure> {
    let mut links = Vec::new();
    for hit in search::holding(log, log.all_ends()?, correlation).await? {
        let Ok(change) = log.decoder.decode(&hit.partition, &hit.value) else { continue };
        let meta = change.meta();
        if *meta.correlation_id != *correlation {
            continue;
        }
        let id = Uuid::from_u128(meta.event_id).to_string();
        let (cause, at) = (meta.causation_id.to_string(), meta.recorded_at);
        links.push(Link { id, cause, at, item: EventShown::of_change(&hit, change) });
    }
    if links.is_empty() {
        return Err(Failure::Failed(format!("the log has no event of the request {correlation}")));
    }
    let causes = tree(links).into_iter().map(cause).collect();
    Ok(Causes { correlation_id: correlation.to_owned(), causes })
}

fn cause(branch: Branch<EventShown>) -> Cause {
    Cause { event: branch.item, effects: branch.effects.into_iter().map(cause).collect() }
}

/// Something with an id, and the id of what caused it.
struct Link<T> {
    id: String,
    cause: String,
    at: Timestamp,
    item: T,
}

struct Branch<T> {
    item: T,
    effects: Vec<Branch<T>>,
}

/// Each under its cause, the oldest first. None is lost, whatever they say of each other.
fn tree<T>(mut links: Vec<Link<T>>) -> Vec<Branch<T>> {
    links.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    let all: BTreeSet<String> = links.iter().map(|link| link.id.clone()).collect();
    let (mut roots, mut by_cause) = (Vec::new(), BTreeMap::<String, Vec<Link<T>>>::new());
    for link in links {
        if all.contains(&link.cause) {
            by_cause.entry(link.cause.clone()).or_default().push(link);
        } else {
            roots.push(link);
        }
    }
    let mut branches: Vec<Branch<T>> =
        roots.into_iter().map(|root| branch(root, &mut by_cause)).collect();
    // What is left has caused itself in a circle; it begins anywhere.
    while let Some((_, circle)) = by_cause.pop_first() {
        branches.extend(circle.into_iter().map(|link| branch(link, &mut by_cause)));
    }
    branches
}

fn branch<T>(link: Link<T>, by_cause: &mut BTreeMap<String, Vec<Link<T>>>) -> Branch<T> {
    let effects = by_cause.remove(&link.id).unwrap_or_default();
    let effects = effects.into_iter().map(|effect| branch(effect, by_cause)).collect();
    Branch { item: link.item, effects }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(id: &str, cause: &str, at: i64) -> Link<String> {
        Link { id: id.into(), cause: cause.into(), at: Timestamp(at), item: id.into() }
    }

    fn shape(branches: &[Branch<String>]) -> String {
        let each = branches.iter().map(|branch| match &branch.effects[..] {
            [] => branch.item.clone(),
            effects => format!("{}({})", branch.item, shape(effects)),
        });
        each.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_event_hangs_under_its_cause_and_the_oldest_comes_first() {
        let links = vec![
            link("paid", "request-2", 6),
            link("confirmed", "reserved-b", 5),
            link("reserved-b", "created", 4),
            link("reserved-a", "created", 3),
            link("created", "request", 2),
        ];
        assert_eq!(shape(&tree(links)), "created(reserved-a reserved-b(confirmed)) paid");
    }

    #[test]
    fn events_that_claim_to_have_caused_each_other_are_shown_too() {
        let links = vec![link("a", "b", 1), link("b", "a", 2), link("c", "c", 3), link("d", "", 4)];
        assert_eq!(shape(&tree(links)), "d b(a) c");
    }
}
