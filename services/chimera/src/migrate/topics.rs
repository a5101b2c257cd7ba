//! The topics: how they are, and making those that are missing.

use chimera_config::Config;
use chimera_log::{EventLog, StreamSpec};
use chimera_log_kafka::{KafkaLog, KafkaSettings, TopicPlan, TopicState};
use tokio::task::spawn_blocking;

use super::{Line, State};
use chimera_wiring::{STREAMS, kafka};

/// A line for each topic as it is.
pub(super) async fn plan(config: &Config) -> anyhow::Result<Vec<Line>> {
    let (settings, streams) = (settings(config), streams(config));
    let plans = spawn_blocking(move || chimera_log_kafka::plan(&settings, &streams)).await??;
    Ok(plans.iter().map(line).collect())
}

/// Makes what is missing.
pub(super) async fn create(config: &Config) -> anyhow::Result<()> {
    let (settings, streams) = (settings(config), streams(config));
    spawn_blocking(move || anyhow::Ok(KafkaLog::open(settings)?.ensure_streams(&streams)?)).await?
}

/// As the log's own, but without a part in sharing the partitions, and no place for others to reach.
fn settings(config: &Config) -> KafkaSettings {
    KafkaSettings { membership: None, ..kafka::log_settings(config, "") }
}

fn streams(config: &Config) -> Vec<StreamSpec> {
    let partitions = config.log.partitions();
    STREAMS.map(|name| StreamSpec { name: name.into(), partitions }).into()
}

fn line(plan: &TopicPlan) -> Line {
    let partitions = match plan.partitions {
        1 => "1 partition".to_owned(),
        more => format!("{more} partitions"),
    };
    let (state, detail) = match &plan.state {
        TopicState::Missing => (State::Missing, partitions),
        TopicState::Present => (State::Present, partitions),
        TopicState::Wrong(reason) => (State::InTheWay, reason.clone()),
    };
    Line { kind: "topic", name: plan.topic.clone(), state, detail }
}
