//! `chimera serve`: the shop behind its REST API.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::time::MINUTE;
use chimera_inventory::Inventory;
use chimera_kit::auth::{Authenticator, JwtKey};
use chimera_kit::config::{AuthMode, Config};
use chimera_kit::health::Health;
use chimera_kit::lifecycle::{Ended, Lifecycle, Stage};
use chimera_kit::server::{self, Edge};
use chimera_order::{History, Orders, Terms};
use chimera_product::Products;
use chimera_query::Analytics;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use crate::shop::{Opening, Shop, schemas};

/// A shop that serves, until [`Open::run`] returns.
pub struct Open {
    /// The shop.
    pub shop: Shop,
    /// Whether its parts are ready.
    pub health: Health,
    /// Its tasks.
    pub lifecycle: Lifecycle,
    /// Where it listens.
    pub address: std::net::SocketAddr,
}

/// Runs the shop until a signal comes. False if a part of it broke.
///
/// # Errors
/// If it cannot be opened, or the address is taken.
pub async fn serve(config: Config, metrics: PrometheusHandle) -> anyhow::Result<bool> {
    let open = open(config, metrics).await?;
    tracing::info!(address = %open.address, "listening; see /docs");
    Ok(open.run().await)
}

/// Opens the shop and listens.
///
/// # Errors
/// If it cannot be opened, or the address is taken.
pub async fn open(config: Config, metrics: PrometheusHandle) -> anyhow::Result<Open> {
    let listener = TcpListener::bind(config.http.address)
        .await
        .with_context(|| format!("{} cannot be listened on", config.http.address))?;
    let address = listener.local_addr()?;
    let health = Health::default();
    let patience = Duration::from_secs(config.limits.shutdown_seconds);
    let mut lifecycle = Lifecycle::new(&health, patience);
    let schemas = schemas::ids(&config).await?;
    let opening =
        Opening { config: &config, schemas: &schemas, lifecycle: &mut lifecycle, health: &health };
    let shop = Shop::open(opening)?;
    let application = application(&shop, &config, &health, metrics)?;
    let stopping = lifecycle.stopping(Stage::Intake);
    lifecycle.spawn(Stage::Intake, "http", server::serve(listener, application, stopping));
    Ok(Open { shop, health, lifecycle, address })
}

impl Open {
    /// Serves until a signal comes or a part breaks; closes everything in order. False if a part broke.
    pub async fn run(self) -> bool {
        drop(self.shop);
        match self.lifecycle.run().await {
            Ended::Signal(_) => true,
            Ended::Task(task, reason) => {
                tracing::error!(task, reason, "the process has ended because of this task");
                false
            }
        }
    }
}

fn application(
    shop: &Shop,
    config: &Config,
    health: &Health,
    metrics: PrometheusHandle,
) -> anyhow::Result<Router> {
    let reads = shop.reads();
    let products = Products::new(shop.products.clone(), reads.clone());
    let inventory = Inventory { commands: shop.stock.clone(), reads: reads.clone() };
    let codec = Arc::new(StreamCodec::new(Order::STREAM, &shop.schemas)?);
    let history = History { log: shop.log.clone(), codec };
    let orders = Orders {
        commands: shop.orders.clone(),
        prices: Arc::clone(&shop.prices),
        reads: reads.clone(),
        history,
        terms: terms(config),
    };
    let services = [
        chimera_product::routes(products),
        chimera_inventory::routes(inventory),
        chimera_order::routes(orders),
        chimera_query::routes(Analytics { reads }),
    ];
    let edge = Edge {
        authenticator: authenticator(config)?,
        health: health.clone(),
        metrics: Some(metrics),
        body_bytes: config.limits.body_bytes,
    };
    Ok(server::application(services, edge))
}

fn terms(config: &Config) -> Terms {
    Terms {
        payment_window: i64::from(config.orders.payment_window_minutes) * MINUTE,
        currency: config.orders.currency,
        tax_percent: config.orders.tax_percent,
        shipping_fee: config.orders.shipping_fee,
    }
}

fn authenticator(config: &Config) -> anyhow::Result<Authenticator> {
    match config.auth.mode {
        AuthMode::Open => Ok(Authenticator::Open),
        AuthMode::Jwt => {
            let secret = config.auth.jwt_secret.as_ref().context("auth.jwt_secret is missing")?;
            Ok(Authenticator::Jwt(Arc::new(JwtKey::new(secret.expose()))))
        }
    }
}
