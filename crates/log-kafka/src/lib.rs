//! The event log on Kafka: one topic per stream, one Kafka partition per partition, transactions as the fence.
//!
//! Owns everything that is Kafka's: topics, transactional ids, headers, offsets. Never acknowledges what is not
//! committed, never gives what is not committed, and knows nothing of what a record means.

mod admin;
mod assembled;
mod bookmarks;
mod claim;
mod cluster;
mod config;
mod control;
mod directory;
mod entrance;
mod error;
mod feed;
mod follower;
mod headers;
mod log;
mod marks;
mod offsets;
mod ownership;
mod part;
mod plan;
mod poller;
mod probe;
mod producer;
mod reader;
mod recent;
mod replicas;
mod settings;
mod sharing;
mod split;
mod tail;
mod tails;
mod terms;
mod turns;
mod voice;
mod writer;

pub use bookmarks::KafkaBookmarks;
pub use control::KafkaControl;
pub use error::OpenError;
pub use log::KafkaLog;
pub use plan::{TopicPlan, TopicState, plan};
pub use settings::{Deadlines, KafkaSettings, Membership};
