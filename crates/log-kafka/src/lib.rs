//! The event log on Kafka: one topic per stream, one Kafka partition per partition, transactions as the fence.
//!
//! Owns everything that is Kafka's: topics, transactional ids, headers, offsets. Never acknowledges what is not
//! committed, never gives what is not committed, and knows nothing of what a record means.

mod admin;
mod bookmarks;
mod claim;
mod cluster;
mod config;
mod directory;
mod entrance;
mod error;
mod feed;
mod headers;
mod log;
mod offsets;
mod ownership;
mod plan;
mod poller;
mod probe;
mod producer;
mod reader;
mod replicas;
mod settings;
mod split;
mod terms;
mod voice;
mod watermarks;
mod writer;

pub use bookmarks::KafkaBookmarks;
pub use error::OpenError;
pub use log::KafkaLog;
pub use plan::{TopicPlan, TopicState, plan};
pub use settings::{Deadlines, KafkaSettings, Membership};
