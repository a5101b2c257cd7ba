//! `chimera demo`: a seeded shop with orders of every outcome, made through the real commands and processes.
//!
//! The same seed makes the same shop; seeding a shop again appends nothing.

use std::fmt;
use std::net::SocketAddr;

use chimera_config::Config;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use crate::serve;
use crate::shop::errand::{in_the_shop, ready};
use crate::terminal::{Format, say, show};

mod catalogue;
mod customers;
mod story;
mod tally;

pub use tally::Outcomes;

/// What the demo shall be like.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// The same seed makes the same shop.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// How many orders are placed.
    #[arg(long, default_value_t = 20_000)]
    pub orders: u32,
    /// How many products the catalogue has.
    #[arg(long, default_value_t = 2_000)]
    pub products: u32,
    /// How many customers place them.
    #[arg(long, default_value_t = 500)]
    pub customers: u32,
    /// End after seeding instead of serving.
    #[arg(long)]
    pub once: bool,
    /// How the summary is shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// What the demo has made.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Of the shop.
    pub seed: u64,
    /// In the catalogue.
    pub products: u32,
    /// Who placed orders.
    pub customers: u32,
    /// Placed.
    pub orders: u32,
    /// What became of them.
    pub outcomes: Outcomes,
    /// Events appended by this run; 0 when the shop was there already.
    pub events: u64,
    /// Sold less credited, as `daily_revenue` says.
    pub net_revenue: chimera_domain::money::Amount,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// What to try next.
    pub try_next: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (products, customers, orders) = (self.products, self.customers, self.orders);
        writeln!(
            f,
            "{products} products, {customers} customers, {orders} orders (seed {})",
            self.seed
        )?;
        write!(f, "{}", self.outcomes)?;
        let (seconds, millis) = (self.millis / 1000, self.millis % 1000);
        writeln!(
            f,
            "{} new events in {seconds}.{millis:03} s; net revenue {} GBP",
            self.events, self.net_revenue
        )?;
        writeln!(f, "\nTry next:")?;
        for line in &self.try_next {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// Seeds the shop and, unless told to end, serves it.
///
/// # Errors
/// If the shop cannot be opened or take the commands.
pub async fn demo(
    config: Config,
    metrics: PrometheusHandle,
    options: Options,
) -> anyhow::Result<bool> {
    let address = config.http.address;
    if options.once {
        let seed = async move |shop| Ok(story::seed(&shop, options, address).await?);
        show(&in_the_shop(config, seed).await?, options.format);
        return Ok(true);
    }
    let open = serve::open(config, metrics).await?;
    let (shop, health) = (open.shop.clone(), open.health.clone());
    let (address, grpc) = (open.address, open.grpc);
    tokio::spawn(async move {
        ready(&health).await;
        match story::seed(&shop, options, address).await {
            Ok(summary) => {
                show(&summary, options.format);
                say(&format!(
                    "Listening on http://{address} and for gRPC on {grpc}; the page to try it is http://{address}/docs. Ctrl-C ends it."
                ));
            }
            Err(stuck) => say(&format!("chimera: {stuck}")),
        }
    });
    Ok(open.run().await)
}

/// Commands that show the shop from outside.
fn try_next(address: SocketAddr, product: &str, order: &str, customer: &str) -> Vec<String> {
    let api = format!("http://{address}/api/v1");
    vec![
        format!("curl {api}/products/{product}"),
        format!("curl {api}/orders/{order}/timeline"),
        format!("curl '{api}/orders/{order}?at=2'"),
        format!("curl '{api}/orders?customerId={customer}&limit=5'"),
        format!("curl '{api}/analytics/daily-revenue?from=2026-01-01&to=2026-01-07'"),
        format!(
            "curl {api}/orders -H 'Idempotency-Key: try-1' -H 'Prefer: wait=5' -H 'Content-Type: application/json' \
             -d '{{\"customerId\":\"{customer}\",\"lines\":[{{\"productId\":\"{product}\",\"quantity\":1}}],\"shippingAddress\":{{\"country\":\"GB\"}}}}'"
        ),
    ]
}
