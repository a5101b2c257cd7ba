//! The four streams that are decided on, as this node takes part in them.

use std::sync::Arc;

use chimera_config::Role;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;
use chimera_engine::{Engine, LocalStream};

use super::Opening;
use super::shards::{self, Status, Stream};

/// The streams that are decided on.
pub(super) struct Deciding {
    pub(super) products: Stream<Product>,
    pub(super) stock: Stream<Stock>,
    pub(super) orders: Stream<Order>,
    pub(super) payments: Stream<Payment>,
}

impl Deciding {
    /// Starts the shards that this node has the roles for.
    pub(super) fn start(engine: &Engine, opening: &mut Opening<'_>) -> anyhow::Result<Self> {
        Ok(Self {
            products: shards::start(engine, Role::Products, "product-shards", opening)?,
            stock: shards::start(engine, Role::Inventory, "stock-shards", opening)?,
            orders: shards::start(engine, Role::Orders, "order-shards", opening)?,
            payments: shards::start(engine, Role::Payments, "payment-shards", opening)?,
        })
    }

    /// What every shard says of itself.
    pub(super) fn statuses(&self) -> Vec<Status> {
        let (products, stock) = (&self.products.statuses, &self.stock.statuses);
        let (orders, payments) = (&self.orders.statuses, &self.payments.statuses);
        [products, stock, orders, payments].into_iter().flatten().cloned().collect()
    }

    /// What this node does for others.
    pub(super) fn for_others(&self) -> Vec<Arc<dyn LocalStream>> {
        vec![
            Arc::new(self.products.router.clone()),
            Arc::new(self.stock.router.clone()),
            Arc::new(self.orders.router.clone()),
            Arc::new(self.payments.router.clone()),
        ]
    }
}
