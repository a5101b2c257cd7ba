//! What the benchmark of Kafka shows.

use std::fmt;

use serde::Serialize;

use super::kafka::Measured;
use super::report::Latency;

/// All of it; what was not measured is left out.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kafka {
    /// Closed loops.
    pub closed: Vec<Closed>,
    /// The open loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<Open>,
    /// From the log alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// From checkpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
}

/// Commands through router and shards beside the bare append loop.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Closed {
    /// Closed-loop clients.
    pub clients: usize,
    /// Acknowledged commands a second.
    pub commands_per_second: u64,
    /// From sending to the acknowledgement.
    pub latency: Latency,
    /// The writers alone with the same records and as many clients: records a second.
    pub bare_records_per_second: u64,
    /// Of the writers alone.
    pub bare_latency: Latency,
    /// Commands beside bare records.
    pub ratio: f64,
}

impl Closed {
    pub(super) fn beside(clients: usize, ours: &Measured, bare: &Measured) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let ratio = ours.per_second as f64 / bare.per_second.max(1) as f64;
        Self {
            clients,
            commands_per_second: ours.per_second,
            latency: ours.latency,
            bare_records_per_second: bare.per_second,
            bare_latency: bare.latency,
            ratio,
        }
    }
}

/// Orders at a fixed rate.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Open {
    /// Orders a second.
    pub rate: u32,
    /// How long.
    pub seconds: u64,
    /// From when an order was due until its acknowledgement.
    pub acknowledged: Latency,
    /// From when an order was due until a read-committed consumer had its event.
    pub visible: Latency,
}

/// One partition, without a checkpoint.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recovery {
    /// Events of the partition.
    pub events: u64,
    /// From the start to serving, claim included.
    pub seconds: f64,
    /// Events a second of the one thread that folds.
    pub events_per_second: f64,
}

/// All partitions, from checkpoints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Restart {
    /// Orders in the checkpoints.
    pub aggregates: usize,
    /// Placing them.
    pub fill_seconds: f64,
    /// From the start until all partitions served.
    pub serving_seconds: f64,
    /// From the start until each partition had accepted a command.
    pub accepted_seconds: f64,
}

impl fmt::Display for Kafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for closed in &self.closed {
            write!(f, "{closed}")?;
        }
        if let Some(open) = &self.open {
            writeln!(
                f,
                "{} orders/s for {} s, acknowledged: {}",
                open.rate, open.seconds, open.acknowledged
            )?;
            writeln!(f, "visible to a read-committed consumer: {}", open.visible)?;
        }
        if let Some(Recovery { events, seconds, events_per_second }) = &self.recovery {
            writeln!(
                f,
                "recovery of one partition without a checkpoint: {events} events in {seconds:.2} s, {events_per_second:.0} events/s"
            )?;
        }
        if let Some(Restart { aggregates, fill_seconds, serving_seconds, accepted_seconds }) =
            &self.restart
        {
            writeln!(
                f,
                "{aggregates} orders placed in {fill_seconds:.1} s; restart from checkpoints: serving after {serving_seconds:.2} s, a command accepted on each partition after {accepted_seconds:.2} s"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (clients, rate) = (self.clients, self.commands_per_second);
        writeln!(f, "{clients} clients: {rate} commands/s; {}", self.latency)?;
        let (bare, ratio) = (self.bare_records_per_second, self.ratio);
        writeln!(f, "  bare append loop: {bare} records/s; {}; ratio {ratio:.2}", self.bare_latency)
    }
}
