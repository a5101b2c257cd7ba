//! `chimera bench`: what this machine does, each figure beside its raw ceiling in the same run.

use chimera_config::Config;
use chimera_domain::order::Order;
use chimera_domain::stock::Stock;
use clap::Subcommand;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::terminal::{Format, show};

mod apart;
mod connections;
mod embedded;
mod grpc;
mod hot_product;
mod kafka;
mod kafka_report;
mod open_loop;
mod raw_log;
mod reads;
mod report;
mod rest;
mod serving;
mod shards;
mod stocked;

/// What is measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Orders of 3–5 lines through place, confirm, pay, ship on the embedded log, every acknowledgement after its fsync.
    #[command(
        after_help = "Examples:\n  chimera bench embedded\n  chimera bench embedded --clients 1 --seconds 10 --format json"
    )]
    Embedded(Options),
    /// Many clients reserving one product that has fewer units than they want.
    #[command(
        after_help = "Examples:\n  chimera bench hot-product\n  chimera bench hot-product --clients 64 --format json"
    )]
    HotProduct(Options),
    /// Orders of five lines over HTTP at a fixed rate, with reads beside them.
    #[command(
        after_help = "Examples:\n  chimera bench rest\n  chimera bench rest --rate 1000 --seconds 10 --format json"
    )]
    Rest(rest::Load),
    /// How soon an event can be read, and what `after=` costs, with the log and the stores of the settings.
    #[command(
        after_help = "Examples:\n  chimera bench reads\n  chimera bench reads --rate 500 --seconds 10 --format json"
    )]
    Reads(reads::Load),
    /// Orders on Kafka beside the bare append loop; what a consumer sees of an open loop; recovery.
    #[command(
        after_help = "Examples:\n  chimera bench kafka --brokers localhost:9092\n  chimera bench kafka --clients 1,1024 --seconds 3 --format json\n  \
        chimera bench kafka --aggregates 1000000"
    )]
    Kafka(kafka::Load),
    /// Reservations over gRPC at a fixed rate, each for another order, of 500 products in turn.
    #[command(
        after_help = "Examples:\n  chimera bench grpc\n  chimera bench grpc --rate 4000 --seconds 10 --format json"
    )]
    Grpc(grpc::Load),
}

/// How it is measured.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// Closed-loop clients.
    #[arg(long, default_value_t = 64)]
    pub clients: usize,
    /// How long, in seconds, after a warm-up of one.
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// How results are shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Measures in a new directory beside the data directory, which is removed afterwards. False if something was oversold.
///
/// # Errors
/// If the shop cannot be opened.
pub async fn run(
    mut config: Config,
    bench: Bench,
    metrics: PrometheusHandle,
) -> anyhow::Result<bool> {
    let scratch = config.data_dir.with_extension(format!("bench-{}", std::process::id()));
    config.data_dir.clone_from(&scratch);
    let on_kafka =
        matches!(bench, Bench::Kafka(_)) || config.log.kind == chimera_config::LogKind::Kafka;
    apart::apart(&mut config);
    let outcome = Box::pin(measure(config.clone(), bench, metrics)).await;
    let emptied = apart::empty_stores(&config).await;
    std::fs::remove_dir_all(&scratch)?;
    let deleted = if on_kafka { apart::delete(&config).await } else { Ok(()) };
    let measured = outcome?;
    emptied?;
    deleted?;
    Ok(measured)
}

async fn measure(config: Config, bench: Bench, metrics: PrometheusHandle) -> anyhow::Result<bool> {
    match bench {
        Bench::Embedded(options) => {
            let (log, shards) = shards::start::<Order>(&config).await?;
            let measured = embedded::measure(&log, &shards.router(), options, &metrics).await;
            shards.stop().await;
            let report =
                raw_log::beside(&measured?, &config.data_dir, config.log.partitions(), options)?;
            show(&report, options.format);
            Ok(true)
        }
        Bench::HotProduct(options) => {
            let (_, shards) = shards::start::<Stock>(&config).await?;
            let report = hot_product::measure(&shards.router(), options).await;
            shards.stop().await;
            let report = report?;
            show(&report, options.format);
            Ok(report.exact())
        }
        Bench::Kafka(load) => {
            show(&kafka::measure(&config, &load).await?, load.format);
            Ok(true)
        }
        Bench::Rest(load) => {
            show(&rest::measure(config, metrics, load).await?, load.format);
            Ok(true)
        }
        Bench::Reads(load) => {
            show(&reads::measure(config, metrics, load).await?, load.format);
            Ok(true)
        }
        Bench::Grpc(load) => {
            show(&grpc::measure(config, metrics, load).await?, load.format);
            Ok(true)
        }
    }
}
