//! The whole shop in one process, over a log in memory: for tests that ask it as clients do.

#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test ends where its shop cannot open")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::money::{Amount, Currency, Money};
use chimera_domain::order::Order;
use chimera_domain::payment::{Charge, Payment};
use chimera_domain::product::{Offer, Product};
use chimera_domain::settlement::GatewayAnswer;
use chimera_domain::stock::Stock;
use chimera_domain::time::MINUTE;
use chimera_engine::{
    Engine, EngineOptions, MemoryCheckpoints, Position, Process, ProcessOptions, ProcessRunner,
    Router as Commands, Shards, SystemClock,
};
use chimera_inventory::Inventory;
use chimera_kit::auth::{Authenticator, JwtKey};
use chimera_kit::grpc;
use chimera_kit::health::Health;
use chimera_kit::lifecycle::{Lifecycle, Stage};
use chimera_kit::position::Applied;
use chimera_kit::server::{Edge, application};
use chimera_log::{EventLog, MemoryControl, MemoryLog, Partition, StreamSpec};
use chimera_model::ReadModel;
use chimera_order::{Fulfilment, History, Orders, Prices, Terms};
use chimera_payment::{
    GatewayError, OrderSettlement, PaymentGateway, PaymentSettlement, Settlement, SimulatedGateway,
};
use chimera_product::Products;
use chimera_query::{Analytics, Reads};
use chimera_stores::{EmbeddedStores, Generations};
use chimera_worker::{Feeder, Limits, Positions, Stores, Worker};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::service::Routes;
use tower::ServiceExt;

mod asking;
mod cache;
mod finder;

pub(crate) use asking::{Answer, Ask, ask, get, order, post};
pub(crate) use cache::Cache;
pub(crate) use finder::Finder;

pub(crate) const PARTITIONS: u32 = 2;
pub(crate) const SECRET: &str = "a secret of at least thirty-two bytes";

pub(crate) struct Shop {
    app: Router,
    /// What the gRPC server serves.
    pub(crate) methods: Routes,
    pub(crate) health: Health,
    /// Holds the server's life; a test that ends it takes it.
    pub(crate) lifecycle: Mutex<Option<Lifecycle>>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) processes: Processes,
    pub(crate) cache: Arc<Cache>,
    pub(crate) finder: Arc<Finder>,
    /// How the services read, and which generations of read models are live.
    pub(crate) reads: Reads,
    /// What the worker feeds.
    pub(crate) stores: EmbeddedStores,
    _tasks: JoinSet<()>,
    _dir: TempDir,
}

/// The processes of the shop, and how far each has come.
pub(crate) struct Processes {
    pub(crate) fulfilment: Arc<Fulfilment>,
    pub(crate) order_settlement: Arc<OrderSettlement>,
    pub(crate) payment_settlement: Arc<PaymentSettlement>,
    pub(crate) positions: Vec<(Partition, watch::Receiver<u64>)>,
}

/// The simulator, counting; it cannot give back [`Gateway::KEPT`].
#[derive(Default)]
pub(crate) struct Gateway {
    simulated: SimulatedGateway,
    pub(crate) calls: AtomicU64,
}

impl Gateway {
    /// What three units at 10.00 come to.
    const KEPT: &str = "37.50";
}

#[async_trait]
impl PaymentGateway for Gateway {
    async fn charge(&self, charge: &Charge) -> Result<GatewayAnswer, GatewayError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.simulated.charge(charge).await
    }

    async fn refund(&self, payment_id: &str, money: Money) -> Result<GatewayAnswer, GatewayError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if money.amount.to_string() == Self::KEPT {
            return Ok(GatewayAnswer::Declined { reason: "account_closed".into() });
        }
        self.simulated.refund(payment_id, money).await
    }
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Authenticator::Open).await
    }

    pub(crate) async fn with_tokens() -> Self {
        Self::with(Authenticator::Jwt(Arc::new(JwtKey::new(SECRET)))).await
    }

    async fn with(authenticator: Authenticator) -> Self {
        let engine = engine();
        let mut tasks = JoinSet::new();
        let (orders, stocks) = (start::<Order>(&engine).await, start::<Stock>(&engine).await);
        let payments = start::<Payment>(&engine).await;
        let gateway = Arc::new(Gateway::default());
        let routers = (orders.router(), stocks.router(), payments.router());
        let processes = processes(&engine, &mut tasks, &gateway, routers);
        let dir = TempDir::new().unwrap();
        let stores = EmbeddedStores::open(dir.path()).unwrap();
        let reads = reads(&engine.log, &stores, &mut tasks).await;
        let (reads, cache, finder) = failing(reads, &stores);
        let products = Products::new(start(&engine).await.router(), reads.clone());
        let stock = Inventory::new(stocks.router(), reads.clone());
        let prices = prices(&engine.log, &mut tasks);
        let orders = ordering(orders.router(), prices, &engine.log, reads.clone());
        let (health, body_bytes) = (Health::default(), 2 * 1024 * 1024);
        let lifecycle = Lifecycle::new(&health, Duration::from_secs(10));
        let services = (products, stock, orders);
        let around = around(&authenticator, &health, &lifecycle);
        let methods = methods(services.clone(), around, body_bytes);
        let edge = Edge { authenticator, health: health.clone(), metrics: None, body_bytes };
        let app = routed(services, reads.clone(), edge);
        let (log, lifecycle) = (engine.log, Mutex::new(Some(lifecycle)));
        Self {
            app,
            methods,
            health,
            lifecycle,
            log,
            gateway,
            processes,
            cache,
            finder,
            reads,
            stores,
            _tasks: tasks,
            _dir: dir,
        }
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        let mut request = Request::builder().method(ask.method).uri(ask.path);
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let body = ask.body.map_or_else(Body::empty, Body::from);
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Puts a product at 10.00 GBP into the catalogue, with so many on the shelf.
    pub(crate) async fn stock_up(&self, product: &str, units: i64) {
        let price = json!({"amount": "10.00", "currency": "GBP"});
        let details = json!({"title": format!("Title of {product}")});
        let body = json!({"productId": product, "details": details, "price": price});
        self.ask(post("/api/v1/products", &body).key(product)).await.is(201);
        let body = json!({"delta": units, "reason": "RECEIVED"});
        let path = format!("/api/v1/inventory/{product}/adjustments");
        self.ask(post(&path, &body).key(product)).await.is(201);
    }

    /// Places an order of customer `alice` and waits until its stock is held or missing.
    pub(crate) async fn place(&self, key: &str, product: &str, quantity: u32) -> Answer {
        let ask = post("/api/v1/orders", &order("alice", product, quantity)).key(key).wait();
        self.ask(ask).await.is(201)
    }

    /// Pays an order and waits for the outcome.
    pub(crate) async fn pay(&self, order: &str, key: &str, token: &str) -> Answer {
        let body = json!({"method": "CARD", "token": token});
        self.ask(post(&format!("/api/v1/orders/{order}/pay"), &body).key(key).wait()).await
    }
}

/// The same reads, through a cache and a finder that a test can take away.
fn failing(reads: Reads, stores: &EmbeddedStores) -> (Reads, Arc<Cache>, Arc<Finder>) {
    let (cache, finder) = (Cache::new(stores.kv()), Finder::new(stores.search()));
    let (cache, finder) = (Arc::new(cache), Arc::new(finder));
    (Reads { kv: cache.clone(), search: finder.clone(), ..reads }, cache, finder)
}

fn ordering(
    commands: Commands<Order>,
    prices: Arc<Prices>,
    log: &Arc<dyn EventLog>,
    reads: Reads,
) -> Orders {
    let codec = Arc::new(StreamCodec::bundled(Order::STREAM).unwrap());
    let history = History { log: Arc::clone(log), codec };
    Orders { commands, prices, reads, history, terms: terms() }
}

fn routed(services: (Products, Inventory, Orders), reads: Reads, edge: Edge) -> Router {
    let (products, stock, orders) = services;
    let routes = [
        chimera_product::routes(products),
        chimera_inventory::routes(stock),
        chimera_order::routes(orders),
        chimera_query::routes(Analytics { reads }),
    ];
    application(routes, edge)
}

fn around(authenticator: &Authenticator, health: &Health, lifecycle: &Lifecycle) -> grpc::Edge {
    grpc::Edge {
        authenticator: authenticator.clone(),
        health: health.clone(),
        stopping: lifecycle.stopping(Stage::Intake),
    }
}

fn methods(
    (products, stock, orders): (Products, Inventory, Orders),
    around: grpc::Edge,
    body_bytes: usize,
) -> Routes {
    let methods = Routes::new(chimera_product::service(products, body_bytes))
        .add_service(chimera_inventory::service(stock, body_bytes))
        .add_service(chimera_order::service(orders, body_bytes));
    grpc::application(methods, around).unwrap()
}

fn terms() -> Terms {
    Terms {
        payment_window: 30 * MINUTE,
        currency: Currency::GBP,
        tax_percent: Amount::from_ten_thousandths(200_000),
        shipping_fee: Amount::from_ten_thousandths(15_000),
    }
}

fn engine() -> Engine {
    let log = MemoryLog::new();
    let streams = [Product::STREAM, Stock::STREAM, Order::STREAM, Payment::STREAM];
    let specs = streams.map(|name| StreamSpec { name: name.into(), partitions: PARTITIONS });
    log.ensure_streams(&specs).unwrap();
    Engine {
        log: Arc::new(log),
        checkpoints: Arc::new(MemoryCheckpoints::default()),
        clock: Arc::new(SystemClock),
        producer: "test".into(),
        schemas: chimera_codec::SchemaIds::default(),
        options: EngineOptions::default(),
        cluster: None,
    }
}

fn processes(
    engine: &Engine,
    tasks: &mut JoinSet<()>,
    gateway: &Arc<Gateway>,
    (orders, stocks, payments): (Commands<Order>, Commands<Stock>, Commands<Payment>),
) -> Processes {
    let gateway = Arc::clone(gateway) as Arc<dyn PaymentGateway>;
    let settlement = Settlement { orders: orders.clone(), payments: payments.clone(), gateway };
    let fulfilment = Arc::new(Fulfilment { orders, stocks, payments });
    let order_settlement = Arc::new(OrderSettlement(settlement.clone()));
    let payment_settlement = Arc::new(PaymentSettlement(settlement));
    let mut positions = run(engine, tasks, &fulfilment);
    positions.extend(run(engine, tasks, &order_settlement));
    positions.extend(run(engine, tasks, &payment_settlement));
    Processes { fulfilment, order_settlement, payment_settlement, positions }
}

async fn start<A: Aggregate>(engine: &Engine) -> Shards<A> {
    let shards = engine.start::<A>(PARTITIONS).unwrap();
    shards.serving().await.unwrap();
    shards
}

fn run<P: Process>(
    engine: &Engine,
    tasks: &mut JoinSet<()>,
    process: &Arc<P>,
) -> Vec<(Partition, watch::Receiver<u64>)> {
    let mut positions = vec![];
    let codec = Arc::new(StreamCodec::bundled(P::Source::STREAM).unwrap());
    for index in 0..PARTITIONS {
        let (process, codec) = (Arc::clone(process), Arc::clone(&codec));
        let log = Arc::clone(&engine.log);
        let bookmarks = Arc::new(MemoryCheckpoints::default());
        let partition = Partition::new(P::Source::STREAM, index);
        let position = watch::Sender::new(0);
        positions.push((partition.clone(), position.subscribe()));
        tasks.spawn(async move {
            let options = ProcessOptions::default();
            let stop = watch::Sender::new(false);
            let runner = ProcessRunner {
                process,
                log,
                bookmarks,
                codec,
                partition,
                options,
                position,
                stop: stop.subscribe(),
            };
            runner.run().await.unwrap();
        });
    }
    positions
}

async fn reads(log: &Arc<dyn EventLog>, stores: &EmbeddedStores, tasks: &mut JoinSet<()>) -> Reads {
    let all = Stores { rows: stores.rows(), kv: stores.kv(), search: stores.search() };
    let feeder = Feeder::new(Arc::clone(log), all, Limits::LIVE).unwrap();
    let generations = Generations::new(Arc::new(MemoryControl::default()));
    let worker = Worker::new(feeder, generations.clone());
    for model in chimera_model::ALL {
        let worker = worker.clone();
        // Ends with the test, whose directory may be gone first.
        tasks.spawn(async move { drop(worker.run(model).await) });
    }
    for model in chimera_model::ALL {
        fed(&worker.positions(), model).await;
    }
    Reads {
        rows: stores.rows(),
        kv: stores.kv(),
        search: stores.search(),
        generations,
        applied: Arc::new(Followed(worker.positions())),
    }
}

/// The positions of the worker that runs beside the services.
struct Followed(Positions);

#[async_trait]
impl Applied for Followed {
    async fn wait_until(
        &self,
        model: &'static str,
        position: &Position,
        longest: Duration,
    ) -> bool {
        let deadline = Instant::now() + longest;
        let Position { partition, sequence } = position;
        self.0.wait_until(model, partition, *sequence, deadline).await.is_ok()
    }
}

/// Waits until a read model is fed from every partition of every stream it reads.
async fn fed(positions: &Positions, model: &ReadModel) {
    for stream in [Product::STREAM, Stock::STREAM, Order::STREAM, Payment::STREAM] {
        let reads = |name: &&str| name.strip_prefix(stream).is_some_and(|n| n.starts_with('.'));
        let read = model.event_types.iter().any(reads);
        for index in (0..PARTITIONS).filter(|_| read) {
            while positions.applied(model.name, &Partition::new(stream, index)).is_none() {
                tokio::task::yield_now().await;
            }
        }
    }
}

fn prices(log: &Arc<dyn EventLog>, tasks: &mut JoinSet<()>) -> Arc<Prices> {
    let codec = StreamCodec::bundled(Product::STREAM).unwrap();
    let prices = Prices::new(Product::STREAM, Arc::clone(log), codec, PARTITIONS, Offer::after);
    let prices = Arc::new(prices);
    for partition in 0..PARTITIONS {
        let prices = Arc::clone(&prices);
        tasks.spawn(async move { prices.follow(partition).await.unwrap() });
    }
    prices
}
