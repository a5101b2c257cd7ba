//! The command line: what can be asked of the binary, and the settings that flags lay over file and environment.

use std::path::PathBuf;
use std::process::ExitCode;

use chimera_config::{Config, ConfigError};
use chimera_kit::telemetry;
use clap::{Args, Parser, Subcommand};

use crate::terminal::{Format, say};
use crate::{bench, demo, import, migrate, serve};

/// Exit code for wrong usage and wrong settings.
pub const USAGE: u8 = 64;

/// An event-sourced shop whose only truth is its log.
#[derive(Debug, Parser)]
#[command(name = "chimera", version, about)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 64 wrong usage or settings.")]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// Settings for every command.
#[derive(Debug, Args)]
struct Settings {
    /// Settings file (TOML).
    #[arg(long, global = true, env = "CHIMERA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the log, the checkpoints and the read stores.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port of the REST API.
    #[arg(long, global = true, value_name = "ADDR")]
    http: Option<String>,
    /// Address and port of the gRPC API.
    #[arg(long, global = true, value_name = "ADDR")]
    grpc: Option<String>,
    /// Where the log is: embedded (in the data directory) or kafka.
    #[arg(long, global = true, value_name = "KIND")]
    log: Option<String>,
    /// Kafka's brokers, with --log kafka.
    #[arg(long, global = true, value_name = "HOST:PORT,…")]
    brokers: Option<String>,
    /// URL of the schema registry, with --log kafka.
    #[arg(long, global = true, value_name = "URL")]
    registry: Option<String>,
    /// What this node does: all, or some of orders, inventory, products, payments, queries, projector.
    #[arg(long, global = true, value_name = "ROLE,…")]
    roles: Option<String>,
    /// How many partitions of each stream that others own this node follows, to take them over sooner.
    #[arg(long, global = true, value_name = "N")]
    standby: Option<u32>,
    /// Partitions of each stream; fixed once the streams exist.
    #[arg(long, global = true, value_name = "N")]
    partitions: Option<u32>,
    #[arg(
        long,
        global = true,
        value_name = "KEY=VALUE",
        help = "Any other setting, such as orders.shipping_fee=2.50; may be repeated"
    )]
    set: Vec<String>,
    /// Print the settings in force, secrets hidden, and end.
    #[arg(long, global = true)]
    print_config: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the shop.
    #[command(after_help = "Examples:\n  chimera serve --data ./data\n  \
        CHIMERA_AUTH_MODE=jwt CHIMERA_AUTH_JWT_SECRET=… chimera serve --http 0.0.0.0:8080")]
    Serve,
    /// Fill a shop with seeded products, customers and orders of every outcome, then run it.
    #[command(
        after_help = "Examples:\n  chimera demo\n  chimera demo --once --format json --seed 7 --orders 1000"
    )]
    Demo(demo::Options),
    /// Import another system's file; safe to repeat and to interrupt.
    #[command(subcommand)]
    Import(Import),
    /// Make topics and schemas ready on Kafka and in the registry, with an account that may; safe to repeat.
    #[command(
        after_help = "Examples:\n  chimera migrate --log kafka --brokers kafka:9092 --registry http://registry:8081 --dry-run\n  \
        chimera migrate --config shop.toml --format json"
    )]
    Migrate(migrate::Options),
    /// Measure this machine, each figure beside its raw ceiling.
    #[command(subcommand)]
    Bench(bench::Bench),
}

#[derive(Debug, Subcommand)]
enum Import {
    /// A catalogue of books: a header with `title`, `authors`, `isbn13`, `language_code`, price, stock and more, in any order.
    #[command(
        after_help = "Examples:\n  chimera import books catalogue.csv.zst --data ./books\n  \
        zcat catalogue.csv.gz | chimera import books - --format json"
    )]
    Books {
        /// A .csv or .csv.zst file, or - for standard input.
        file: String,
        /// How the summary is shown.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// The public "Online Retail" invoice file.
    #[command(
        after_help = "Examples:\n  chimera import online-retail retail.csv.zst --data ./retail\n  \
        zcat retail.csv.gz | chimera import online-retail - --format json"
    )]
    OnlineRetail {
        /// A .csv or .csv.zst file, or - for standard input.
        file: String,
        /// Only the first so many invoices of the file.
        #[arg(long, value_name = "N")]
        invoices: Option<usize>,
        /// How the summary is shown.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

/// Runs a command to its end.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let quiet = !matches!(cli.command, Command::Serve);
    let config = match load(&cli.settings, quiet) {
        Ok(config) => config,
        Err(error) => {
            say(&format!("chimera: {error}"));
            return ExitCode::from(USAGE);
        }
    };
    if cli.settings.print_config {
        use std::io::Write;
        let _ = std::io::stdout().write_all(config.print().as_bytes());
        return ExitCode::SUCCESS;
    }
    match execute(cli.command, config) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("chimera: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn load(settings: &Settings, quiet: bool) -> Result<Config, ConfigError> {
    let mut flags = Vec::new();
    let mut flag = |key: &str, value: Option<String>| {
        flags.extend(value.map(|value| (key.to_owned(), value)));
    };
    flag("data_dir", settings.data.as_ref().map(|path| path.display().to_string()));
    flag("http.address", settings.http.clone());
    flag("grpc.address", settings.grpc.clone());
    flag("log.kind", settings.log.clone());
    flag("kafka.brokers", settings.brokers.clone());
    flag("registry.url", settings.registry.clone());
    flag("node.roles", settings.roles.clone());
    flag("node.standby", settings.standby.map(|count| count.to_string()));
    flag("log.partitions", settings.partitions.map(|count| count.to_string()));
    for pair in &settings.set {
        let Some((key, value)) = pair.split_once('=') else {
            let reason = "must be KEY=VALUE".to_owned();
            return Err(ConfigError::Setting { key: pair.clone(), reason });
        };
        flag(key, Some(value.to_owned()));
    }
    let mut config = Config::load(settings.config.as_deref(), std::env::vars(), &flags)?;
    if quiet && config.telemetry == chimera_config::Telemetry::default() {
        // A person is looking at the progress and the summary.
        "warn".clone_into(&mut config.telemetry.level);
        config.telemetry.format = chimera_config::LogFormat::Text;
    }
    Ok(config)
}

fn execute(command: Command, config: Config) -> anyhow::Result<bool> {
    let metrics = telemetry::init(&config.telemetry)?;
    chimera_engine::metric_names::describe();
    chimera_worker::describe_metrics();
    chimera_query::describe_metrics();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        match command {
            Command::Serve => serve::serve(config, metrics).await,
            Command::Demo(options) => demo::demo(config, metrics, options).await,
            Command::Import(Import::OnlineRetail { file, invoices, format }) => {
                import::online_retail(config, &file, invoices, format).await
            }
            Command::Import(Import::Books { file, format }) => {
                import::books::books(config, &file, format).await
            }
            Command::Migrate(options) => migrate::migrate(config, options).await,
            Command::Bench(bench) => bench::run(config, bench, metrics).await,
        }
    })
}
