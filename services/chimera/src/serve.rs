//! `chimera serve`: the shop behind its REST and gRPC APIs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chimera_codec::StreamCodec;
use chimera_config::{AuthMode, Config};
use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::time::MINUTE;
use chimera_inventory::Inventory;
use chimera_kit::auth::{Authenticator, JwtKey};
use chimera_kit::grpc;
use chimera_kit::health::Health;
use chimera_kit::lifecycle::{Ended, Lifecycle, Stage};
use chimera_kit::server::{self, Edge};
use chimera_order::{History, Orders, Terms};
use chimera_product::Products;
use chimera_query::Analytics;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tonic::service::Routes;
use utoipa_axum::router::OpenApiRouter;

use crate::shop::{Opening, Shop};
use chimera_wiring::schemas;

/// A shop that serves, until [`Open::run`] returns.
pub struct Open {
    /// The shop.
    pub shop: Shop,
    /// Whether its parts are ready.
    pub health: Health,
    /// Its tasks.
    pub lifecycle: Lifecycle,
    /// Where it listens for REST.
    pub address: SocketAddr,
    /// Where it listens for gRPC.
    pub grpc: SocketAddr,
}

/// What both APIs are made of.
#[derive(Clone)]
struct Services {
    products: Products,
    inventory: Inventory,
    orders: Orders,
    analytics: Analytics,
}

/// Runs the shop until a signal comes. False if a part of it broke.
///
/// # Errors
/// If it cannot be opened, or an address is taken.
pub async fn serve(config: Config, metrics: PrometheusHandle) -> anyhow::Result<bool> {
    let open = open(config, metrics).await?;
    tracing::info!(address = %open.address, grpc = %open.grpc, "listening; see /docs");
    Ok(open.run().await)
}

/// Opens the shop and listens.
///
/// # Errors
/// If it cannot be opened, or an address is taken.
pub async fn open(config: Config, metrics: PrometheusHandle) -> anyhow::Result<Open> {
    let (rest, grpc) = (bind(config.http.address).await?, bind(config.grpc.address).await?);
    let (address, grpc_address) = (rest.local_addr()?, grpc.local_addr()?);
    let health = Health::default();
    let patience = Duration::from_secs(config.limits.shutdown_seconds);
    let mut lifecycle = Lifecycle::new(&health, patience);
    let schemas = schemas::ids(&config).await?;
    let opening =
        Opening { config: &config, schemas: &schemas, lifecycle: &mut lifecycle, health: &health };
    let shop = Shop::open(opening).await?;
    let services = services(&shop, &config)?;
    let edge = Edge {
        authenticator: authenticator(&config)?,
        health: health.clone(),
        metrics: Some(metrics),
        body_bytes: config.limits.body_bytes,
    };
    listen_for_calls(grpc, services.clone(), &edge, &mut lifecycle)?;
    let (leaving, stopping) =
        (lifecycle.stopping(Stage::HandOver), lifecycle.stopping(Stage::Intake));
    let application = server::application(services.routes(), edge);
    let serving = server::serve(rest, application, leaving, stopping);
    lifecycle.spawn(Stage::Intake, "http", serving);
    Ok(Open { shop, health, lifecycle, address, grpc: grpc_address })
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("{address} cannot be listened on"))
}

/// gRPC, behind the same edge as REST.
fn listen_for_calls(
    listener: TcpListener,
    services: Services,
    edge: &Edge,
    lifecycle: &mut Lifecycle,
) -> anyhow::Result<()> {
    let stopping = lifecycle.stopping(Stage::Intake);
    let around = grpc::Edge {
        authenticator: edge.authenticator.clone(),
        health: edge.health.clone(),
        stopping: stopping.clone(),
    };
    let methods = services.methods(edge.body_bytes);
    let application = grpc::application(methods, around).map_err(anyhow::Error::msg)?;
    lifecycle.spawn(Stage::Intake, "grpc", grpc::serve(listener, application, stopping));
    Ok(())
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

impl Services {
    /// Their methods over gRPC; messages have at most `body_bytes`.
    fn methods(self, body_bytes: usize) -> Routes {
        Routes::new(chimera_product::service(self.products, body_bytes))
            .add_service(chimera_inventory::service(self.inventory, body_bytes))
            .add_service(chimera_order::service(self.orders, body_bytes))
    }

    /// Their addresses over REST.
    fn routes(self) -> [OpenApiRouter; 4] {
        [
            chimera_product::routes(self.products),
            chimera_inventory::routes(self.inventory),
            chimera_order::routes(self.orders),
            chimera_query::routes(self.analytics),
        ]
    }
}

fn services(shop: &Shop, config: &Config) -> anyhow::Result<Services> {
    let reads = shop.reads();
    let products = Products::new(shop.products.clone(), reads.clone());
    let inventory = Inventory::new(shop.stock.clone(), reads.clone());
    let codec = Arc::new(StreamCodec::new(Order::STREAM, &shop.schemas)?);
    let history = History { log: shop.log.clone(), codec };
    let orders = Orders {
        commands: shop.orders.clone(),
        prices: Arc::clone(&shop.prices),
        reads: reads.clone(),
        history,
        terms: terms(config),
    };
    Ok(Services { products, inventory, orders, analytics: Analytics { reads } })
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
