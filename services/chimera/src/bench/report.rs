//! What a benchmark shows.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Latencies in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Latency {
    /// Median.
    pub p50: u64,
    /// 95 of 100 are below.
    pub p95: u64,
    /// 99 of 100 are below.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

impl Latency {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: histogram.max() }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p95, p99, max } = self;
        write!(f, "p50 {p50} µs, p95 {p95} µs, p99 {p99} µs, max {max} µs")
    }
}

/// Commands through router and shards.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Embedded {
    /// Closed-loop clients.
    pub clients: usize,
    /// Acknowledged commands a second.
    pub commands_per_second: u64,
    /// From sending to the acknowledgement.
    pub latency: Latency,
    /// Bytes of an event in the log, on average.
    pub event_bytes: u64,
    /// Events of one append, on average.
    pub batch_events: f64,
    /// The bare log with records and batches of the same size: records a second.
    pub raw_records_per_second: u64,
    /// Commands beside raw records.
    pub ratio: f64,
}

impl fmt::Display for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (clients, rate) = (self.clients, self.commands_per_second);
        writeln!(f, "{clients} clients: {rate} commands/s; {}", self.latency)?;
        let (raw, batch, bytes) =
            (self.raw_records_per_second, self.batch_events, self.event_bytes);
        writeln!(
            f,
            "bare log, same records and batches ({bytes} bytes, {batch:.1} a batch): {raw} records/s; ratio {:.2}",
            self.ratio
        )
    }
}

/// A product that everybody wants.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HotProduct {
    /// Closed-loop clients.
    pub clients: usize,
    /// On the shelf.
    pub units: u64,
    /// Acknowledged as held.
    pub sold: u64,
    /// Held in the end, as the aggregate says.
    pub held: u64,
    /// Answers a second, refusals included.
    pub reservations_per_second: u64,
    /// Acknowledged reservations a second until nothing was left.
    pub sold_per_second: u64,
    /// From sending to the answer.
    pub latency: Latency,
}

impl HotProduct {
    /// Whether exactly what was there was sold.
    #[must_use]
    pub(super) fn exact(&self) -> bool {
        self.sold == self.units && self.held == self.units
    }
}

impl fmt::Display for HotProduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clients, units, sold, held, .. } = self;
        writeln!(f, "{clients} clients, {units} units: {sold} sold, {held} held")?;
        writeln!(
            f,
            "{} reservations/s until sold out, {} answers/s in all; {}",
            self.sold_per_second, self.reservations_per_second, self.latency
        )
    }
}

/// The REST API under an open-loop load.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rest {
    /// Orders a second.
    pub rate: u32,
    /// How long.
    pub seconds: u64,
    /// Orders placed.
    pub posts: u64,
    /// From when an order was due until its answer was there.
    pub post: Latency,
    /// Reads.
    pub gets: u64,
    /// From when a read was due until its answer was there.
    pub get: Latency,
}

/// How soon events can be read.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reads {
    /// Events a second.
    pub rate: u32,
    /// How long.
    pub seconds: u64,
    /// Events.
    pub events: u64,
    /// From an event's acknowledgement until the row that it changed was read.
    pub readable: Latency,
    /// A read over HTTP beside the load.
    pub plain: Latency,
    /// The same, with `after=` the position of an event acknowledged right before.
    pub after: Latency,
}

impl fmt::Display for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, seconds, events, readable, plain, after } = self;
        writeln!(f, "{events} events at {rate}/s for {seconds} s, until readable: {readable}")?;
        writeln!(f, "a read beside them: {plain}")?;
        writeln!(f, "the same with after=: {after}")
    }
}

/// The gRPC API under an open-loop load.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grpc {
    /// Reservations a second.
    pub rate: u32,
    /// How long.
    pub seconds: u64,
    /// Reservations made.
    pub calls: u64,
    /// From when a reservation was due until its answer was there.
    pub call: Latency,
}

impl fmt::Display for Grpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, seconds, calls, call } = self;
        writeln!(f, "{calls} reservations at {rate}/s for {seconds} s: {call}")
    }
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} orders at {}/s for {} s: {}",
            self.posts, self.rate, self.seconds, self.post
        )?;
        writeln!(f, "{} reads beside them: {}", self.gets, self.get)
    }
}
