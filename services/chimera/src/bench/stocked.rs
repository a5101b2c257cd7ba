//! What the benchmarks of the APIs sell, and the requests that REST's sends.

use std::sync::Arc;

use chimera_domain::ids::ProductId;
use chimera_domain::money::{Amount, Currency, Money};
use chimera_domain::product::{self, Details};
use chimera_domain::stock::{self, AdjustmentReason};
use chimera_domain::time::Timestamp;

use crate::customer::Errand;
use crate::shop::Shop;

const PRODUCTS: u64 = 500;
const UNITS: i64 = 1_000_000;

/// A request.
pub(super) struct Call {
    pub(super) path: String,
    pub(super) key: String,
    /// Empty for a read.
    pub(super) body: String,
}

/// Puts everything on the shelf that will be ordered.
pub(super) async fn stock_up(shop: &Shop) -> anyhow::Result<()> {
    for number in 0..PRODUCTS {
        let errand = Errand { name: format!("bench:{number}").into(), at: Timestamp(0) };
        let id = ProductId::try_from(product(number).as_str())?;
        let key = Arc::clone(id.as_key());
        let create = product::Command::Create {
            details: Box::new(Details::titled("A product to measure with")?),
            price: Money { amount: Amount::from_ten_thousandths(99_900), currency: Currency::GBP },
            stock_tracked: true,
        };
        errand.send(&shop.products, &key, "create", create).await??;
        let adjust = stock::Command::Adjust {
            delta: UNITS,
            reason: AdjustmentReason::Received,
            reorder_level: None,
            reference: None,
        };
        errand.send(&shop.stock, &key, "stock", adjust).await??;
    }
    shop.prices_known().await;
    shop.at_rest().await;
    Ok(())
}

fn product(number: u64) -> String {
    format!("BENCH-{number}")
}

/// One of them, each in its turn.
pub(super) fn product_in_turn(number: u64) -> String {
    product(number % PRODUCTS)
}

/// An order of five lines.
pub(super) fn order(number: u64) -> Call {
    let line = |place: u64| {
        let product = product((number * 7 + place * 101) % PRODUCTS);
        format!("{{\"productId\":\"{product}\",\"quantity\":{}}}", place + 1)
    };
    let lines: Vec<String> = (0..5).map(line).collect();
    let customer = format!("customer-{}", number % 500);
    let body = format!(
        "{{\"customerId\":\"{customer}\",\"lines\":[{}],\"shippingAddress\":{{\"country\":\"GB\"}}}}",
        lines.join(",")
    );
    Call { path: "/api/v1/orders".to_owned(), key: format!("bench-{number}"), body }
}

/// A read: an order, a stock, a product, in turn.
pub(super) fn read(number: u64, order: Option<&str>) -> Call {
    let some = product(number % PRODUCTS);
    let path = match (number % 3, order) {
        (0, Some(order)) => order.to_owned(),
        (1, _) => format!("/api/v1/inventory/{some}"),
        (_, _) => format!("/api/v1/products/{some}"),
    };
    Call { path, key: "read".to_owned(), body: String::new() }
}
