//! Which topics the log would find and which it would create. Looks, and changes nothing.

use chimera_log::StreamSpec;

use crate::admin::Admin;
use crate::cluster::Streams;
use crate::control::CONTROL;
use crate::entrance::enter;
use crate::error::OpenError;
use crate::log::is_missing;
use crate::settings::KafkaSettings;
use crate::terms::OWNERSHIP;

/// A topic that the log needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPlan {
    /// Its name.
    pub topic: String,
    /// The partitions that it should have.
    pub partitions: u32,
    /// How it is.
    pub state: TopicState,
}

/// How a topic is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicState {
    /// It is not there and would be created.
    Missing,
    /// It is there as it should be.
    Present,
    /// It is there and will not do, in words; nobody but an operator changes it.
    Wrong(String),
}

/// How the topics of these streams are, and those of terms and decisions, which come first.
///
/// # Errors
/// If Kafka does not answer or a setting is not valid.
pub fn plan(settings: &KafkaSettings, streams: &[StreamSpec]) -> Result<Vec<TopicPlan>, OpenError> {
    let failed = |reason: String| OpenError { brokers: settings.brokers.clone(), reason };
    enter(settings)?;
    let admin = Admin::new(settings).map_err(|error| failed(error.to_string()))?;
    let present = admin.topics().map_err(|error| failed(error.to_string()))?;
    let present: Streams =
        present.into_iter().map(|topic| (topic.name.into(), topic.partitions)).collect();
    let mut plans: Vec<TopicPlan> =
        [OWNERSHIP, CONTROL].map(|own| compacted(settings, own, &present)).into();
    for stream in streams {
        let (topic, partitions) = (settings.topic(&stream.name), stream.partitions);
        let state = state_of(&admin, &topic, partitions, &present);
        plans.push(TopicPlan { topic, partitions, state });
    }
    Ok(plans)
}

fn compacted(settings: &KafkaSettings, own: &str, present: &Streams) -> TopicPlan {
    let topic = settings.topic(own);
    let is_there = present.contains_key(&*topic);
    let state = if is_there { TopicState::Present } else { TopicState::Missing };
    TopicPlan { topic, partitions: 1, state }
}

fn state_of(admin: &Admin, topic: &str, partitions: u32, present: &Streams) -> TopicState {
    let wanted = StreamSpec { name: topic.into(), partitions };
    let kept = || admin.check_kept(topic).map(|()| TopicState::Present);
    let state = match is_missing(&wanted, present) {
        Ok(true) => Ok(TopicState::Missing),
        Ok(false) => kept(),
        Err(reason) => Err(reason),
    };
    state.unwrap_or_else(TopicState::Wrong)
}
