//! Topics that have fewer replicas than are set: somebody with other settings has made them. They are told, never changed.

use crate::admin::Topic;

/// A line for each of the topics called `names` that has fewer replicas than `set`.
pub(crate) fn fewer(topics: &[Topic], names: &[String], set: i32) -> Vec<String> {
    let set = usize::try_from(set).unwrap_or(0);
    let ours = topics.iter().filter(|topic| names.contains(&topic.name));
    let mut lines = Vec::new();
    for Topic { name, replicas, .. } in ours.filter(|topic| topic.replicas < set) {
        let counted = if *replicas == 1 { "replica" } else { "replicas" };
        lines.push(format!("its topic {name} has {replicas} {counted}, {set} are set"));
    }
    lines
}

/// Tells an operator.
pub(crate) fn warn_of_fewer(topics: &[Topic], names: &[String], set: i32) {
    for reason in fewer(topics, names, set) {
        tracing::warn!(
            reason,
            "what is written may be lost with a broker; give the topic more replicas, see docs/kafka.md"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_with_fewer_replicas_than_are_set_is_named() {
        let topic = |name: &str, replicas| Topic { name: name.into(), partitions: 1, replicas };
        let topics = [topic("chimera.ownership", 1), topic("orders", 2), topic("other", 1)];
        let ours = ["chimera.ownership".to_owned(), "orders".to_owned()];
        let said = [
            "its topic chimera.ownership has 1 replica, 3 are set",
            "its topic orders has 2 replicas, 3 are set",
        ];
        assert_eq!(fewer(&topics, &ours, 3), said);
        assert_eq!(fewer(&topics, &ours, 2).len(), 1);
        assert!(fewer(&topics, &ours, 1).is_empty());
    }
}
