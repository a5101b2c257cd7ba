//! Carries the demo out: catalogue, stock, then every order on its course, many at a time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use chimera_domain::ids::OrderId;
use chimera_domain::order::{Address, Asker, CancelReason, Charges, Command, LineRequest, Placing};
use chimera_domain::stock::{self, AdjustmentReason};
use chimera_domain::time::MINUTE;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::catalogue::{self, CURRENCY};
use super::customers::{Course, Wish, opening_day, wish};
use super::tally::Outcomes;
use super::{Options, Summary, try_next};
use crate::customer::{Errand, Stuck};
use crate::import::progress::bar;
use crate::shop::Shop;

const AT_ONCE: usize = 256;
const APPROVE: &str = "tok_approve";
const DECLINE: &str = "tok_decline";
/// How long a demo order may stay unpaid.
const PAYMENT_WINDOW: i64 = 30 * MINUTE;

/// Seeds the shop.
pub(super) async fn seed(
    shop: &Shop,
    options: Options,
    address: SocketAddr,
) -> Result<Summary, Stuck> {
    let (started, events) = (Instant::now(), shop.events());
    stream::iter((1..=options.products).map(Ok))
        .try_for_each_concurrent(AT_ONCE, |number| introduce(shop, options.seed, number))
        .await?;
    shop.prices_known().await;
    let progress = bar("orders", u64::from(options.orders));
    let orders = stream::iter((1..=options.orders).filter_map(|number| wish(options, number)))
        .map(|wish| {
            let (shop, progress) = (shop.clone(), progress.clone());
            let errand = tokio::spawn(async move {
                let told = tell(&shop, wish).await;
                progress.inc(1);
                told
            });
            async move { errand.await.map_err(|error| Stuck::broke_off(&error))? }
        })
        .buffer_unordered(AT_ONCE);
    orders.try_for_each(async |()| Ok(())).await?;
    progress.finish_and_clear();
    shop.at_rest().await;
    let outcomes = count(shop, options).await;
    Ok(Summary {
        seed: options.seed,
        products: options.products,
        customers: options.customers,
        orders: options.orders,
        outcomes,
        events: shop.events().saturating_sub(events),
        net_revenue: shop.net_revenue(CURRENCY).await,
        millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        try_next: suggestions(options, address),
    })
}

async fn introduce(shop: &Shop, seed: u64, number: u32) -> Result<(), Stuck> {
    let Some(product) = catalogue::product(seed, number) else { return Ok(()) };
    let errand = Errand { name: format!("demo:{}", product.id).into(), at: opening_day() };
    let key = Arc::clone(product.id.as_key());
    // A product that is there already is what is wanted.
    let _ = errand.send(&shop.products, &key, "create", product.create).await?;
    let adjust = stock::Command::Adjust {
        delta: product.units,
        reason: AdjustmentReason::Received,
        reorder_level: Some(20),
        reference: Some("demo:opening".to_owned()),
    };
    // So is stock that was counted already.
    let _ = errand.send(&shop.stock, &key, "opening", adjust).await?;
    Ok(())
}

/// One order from its placing to the end of its course; nothing where it was refused.
async fn tell(shop: &Shop, wish: Wish) -> Result<(), Stuck> {
    let (order, course) = (wish.id.clone(), wish.course);
    let errand = Errand { name: format!("demo:{order}").into(), at: wish.at };
    let placing = Command::Place(Box::new(placing(shop, wish)));
    if errand.send(&shop.orders, order.as_key(), "place", placing).await?.is_err() {
        return Ok(());
    }
    match course {
        Course::Cancel => {}
        Course::Pay | Course::CancelPaid => {
            errand.pay(&shop.orders, &order, APPROVE).await?;
        }
        Course::Decline | Course::DeclineThenPay => {
            errand.pay(&shop.orders, &order, DECLINE).await?;
        }
        Course::Deliver | Course::Return | Course::RejectReturn => {
            errand.see_through(&shop.orders, &order, APPROVE).await?;
        }
    }
    if course == Course::DeclineThenPay {
        let again = Errand { name: format!("demo:{order}:again").into(), at: errand.at };
        again.see_through(&shop.orders, &order, APPROVE).await?;
    }
    if already_refused(shop, &order).await {
        return Ok(());
    }
    for (verb, command) in afterwards(course) {
        // An order that ran out of stock refuses these, which its status says.
        let _ = errand.send(&shop.orders, order.as_key(), verb, command).await?;
    }
    Ok(())
}

/// Whether the order has been through a return that was not taken; asking again would begin another.
async fn already_refused(shop: &Shop, order: &OrderId) -> bool {
    let current = shop.orders.read(order.as_key()).await;
    current.is_ok_and(|current| current.state.placed().is_some_and(|placed| placed.return_rejected))
}

/// What is still asked of the order after paying and delivering.
fn afterwards(course: Course) -> Vec<(&'static str, Command)> {
    let by = Asker::Staff;
    let changed_my_mind =
        || Command::RequestReturn { by: Asker::Staff, reason: "changed my mind".to_owned() };
    match course {
        Course::Cancel | Course::CancelPaid => {
            let reason = CancelReason::Customer;
            vec![("cancel", Command::Cancel { by, reason, short_lines: vec![] })]
        }
        Course::Return => {
            vec![("return", changed_my_mind()), ("decide", Command::AcceptReturn)]
        }
        Course::RejectReturn => {
            let reason = "it was worn".to_owned();
            vec![("return", changed_my_mind()), ("decide", Command::RejectReturn { reason })]
        }
        Course::Deliver | Course::Pay | Course::Decline | Course::DeclineThenPay => vec![],
    }
}

fn placing(shop: &Shop, wish: Wish) -> Placing {
    let line = |&(number, quantity): &(u32, u32)| {
        let product = catalogue::product_id(number)?;
        let offer = shop.prices.get(product.as_key());
        Some(LineRequest { product, quantity, offer, price_override: None })
    };
    Placing {
        customer: wish.customer,
        lines: wish.lines.iter().filter_map(line).collect(),
        currency: CURRENCY,
        charges: Charges::default(),
        shipping_address: Address { country: "GB".to_owned(), ..Address::default() },
        may_override_prices: false,
        payment_window: Some(PAYMENT_WINDOW),
    }
}

async fn count(shop: &Shop, options: Options) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for wish in (1..=options.orders).filter_map(|number| wish(options, number)) {
        let Ok(current) = shop.orders.read(wish.id.as_key()).await else { continue };
        if let Some(placed) = current.state.placed() {
            // Nothing else cancels an order on these courses before the payment window has passed.
            let asked_to = matches!(wish.course, Course::Cancel | Course::CancelPaid);
            outcomes.count(placed, !(asked_to || placed.attempts > 0));
        }
    }
    outcomes
}

fn suggestions(options: Options, address: SocketAddr) -> Vec<String> {
    let first = (1..=options.orders).filter_map(|number| wish(options, number));
    let shown = first.into_iter().find(|wish| wish.course == Course::Deliver);
    let Some((wish, product)) = shown.and_then(|wish| {
        let product = catalogue::product_id(wish.lines.first()?.0)?;
        Some((wish, product))
    }) else {
        return Vec::new();
    };
    let (product, order, customer) =
        (product.to_string(), wish.id.to_string(), wish.customer.to_string());
    try_next(address, &product, &order, &customer)
}
