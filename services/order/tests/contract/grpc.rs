//! The client over gRPC.

use std::sync::Arc;

use async_trait::async_trait;
use chimera_proto::inventory::v1 as inventory;
use chimera_proto::order::v1 as order;
use chimera_proto::product::v1 as product;
use prost_types::FieldMask;
use serde_json::{Value, json};

use crate::calls::{Headers, inventory, orders, products, reply, with};
use crate::client::{Asking, Client, Reply, What};
use crate::messages::{details, method, money, optional, placing, reason, text};
use crate::shop::Shop;
use crate::shown;

pub(crate) struct Grpc(pub(crate) Arc<Shop>);

#[async_trait]
impl Client for Grpc {
    async fn send(&self, Asking { what, headers }: Asking) -> Reply {
        match &what {
            What::Product(_) | What::Products(..) | What::PastPrices(..) => {
                self.catalogue(what, &headers).await
            }
            What::CreateProduct(_) | What::UpdateProduct(..) | What::ChangePrice(..) => {
                self.product(what, &headers).await
            }
            What::Discontinue(..) | What::Relist(_) => self.sale(what, &headers).await,
            What::Adjust(..) | What::Stock(_) => self.stock(what, &headers).await,
            What::Place(_) | What::Pay(..) | What::Order(..) => self.order(what, &headers).await,
            What::Ship(..) | What::Deliver(_) | What::Cancel(_) => self.step(what, &headers).await,
            What::Return(..) | What::Decide(..) => self.going_back(what, &headers).await,
        }
    }
}

fn unknown() -> Reply {
    panic!("asked of the wrong method")
}

fn changed(product_id: &str, version: u64, position: &str) -> Value {
    json!({"productId": product_id, "version": version, "position": position})
}

/// How an order stands after a step; every response has the same fields.
fn stands(order_id: &str, status: order::OrderStatus, version: u64, position: &str) -> Value {
    let status = shown::status(status);
    json!({"orderId": order_id, "status": status, "version": version, "position": position})
}

impl Grpc {
    async fn catalogue(&self, what: What, headers: &Headers) -> Reply {
        let mut client = products(&self.0);
        match what {
            What::Product(product_id) => {
                let request = with(product::GetProductRequest { product_id }, headers);
                let shown = |m: product::GetProductResponse| shown::product(&m.product.unwrap());
                reply(client.get_product(request).await, shown)
            }
            What::Products(limit, cursor) => {
                let request = with(product::ListProductsRequest { limit, cursor }, headers);
                reply(client.list_products(request).await, |page| {
                    let items: Vec<Value> = page.items.iter().map(shown::product).collect();
                    listed(&items, page.next)
                })
            }
            What::PastPrices(product_id, limit) => {
                let message = product::ListPriceHistoryRequest { product_id, limit, cursor: None };
                reply(client.list_price_history(with(message, headers)).await, |page| {
                    let items: Vec<Value> = page.items.iter().map(shown::past_price).collect();
                    listed(&items, page.next)
                })
            }
            _ => unknown(),
        }
    }

    async fn product(&self, what: What, headers: &Headers) -> Reply {
        let mut client = products(&self.0);
        match what {
            What::CreateProduct(body) => {
                let message = product::CreateProductRequest {
                    product_id: text(&body, "productId"),
                    details: body.get("details").map(details),
                    price: money(&body["price"]),
                    stock_tracked: body["stockTracked"].as_bool(),
                };
                let shown = |m: product::CreateProductResponse| {
                    changed(&m.product_id, m.version, &m.position)
                };
                reply(client.create_product(with(message, headers)).await, shown)
            }
            What::UpdateProduct(product_id, body) => {
                let paths = body.as_object().unwrap().keys().cloned().collect();
                let message = product::UpdateProductRequest {
                    product_id,
                    details: Some(details(&body)),
                    update_mask: Some(FieldMask { paths }),
                };
                let shown = |m: product::UpdateProductResponse| {
                    changed(&m.product_id, m.version, &m.position)
                };
                reply(client.update_product(with(message, headers)).await, shown)
            }
            What::ChangePrice(product_id, body) => {
                let (price, reason) = (money(&body["price"]), optional(&body, "reason"));
                let message = product::ChangePriceRequest { product_id, price, reason };
                let shown = |m: product::ChangePriceResponse| {
                    changed(&m.product_id, m.version, &m.position)
                };
                reply(client.change_price(with(message, headers)).await, shown)
            }
            _ => unknown(),
        }
    }

    async fn sale(&self, what: What, headers: &Headers) -> Reply {
        let mut client = products(&self.0);
        match what {
            What::Discontinue(product_id, body) => {
                let reason = optional(&body, "reason");
                let message = product::DiscontinueProductRequest { product_id, reason };
                reply(client.discontinue_product(with(message, headers)).await, |m| {
                    changed(&m.product_id, m.version, &m.position)
                })
            }
            What::Relist(product_id) => {
                let request = with(product::RelistProductRequest { product_id }, headers);
                reply(client.relist_product(request).await, |m| {
                    changed(&m.product_id, m.version, &m.position)
                })
            }
            _ => unknown(),
        }
    }

    async fn stock(&self, what: What, headers: &Headers) -> Reply {
        let mut client = inventory(&self.0);
        match what {
            What::Adjust(product_id, body) => {
                let message = inventory::AdjustStockRequest {
                    product_id,
                    delta: body["delta"].as_i64().unwrap(),
                    reason: reason(&body),
                    reorder_level: body["reorderLevel"].as_i64(),
                    reference: optional(&body, "reference"),
                };
                reply(client.adjust_stock(with(message, headers)).await, |m| {
                    changed(&m.product_id, m.version, &m.position)
                })
            }
            What::Stock(product_id) => {
                let request = with(inventory::QueryStockRequest { product_id }, headers);
                reply(client.query_stock(request).await, |m| shown::stock(&m.stock.unwrap()))
            }
            _ => unknown(),
        }
    }

    async fn order(&self, what: What, headers: &Headers) -> Reply {
        let mut client = orders(&self.0);
        match what {
            What::Place(body) => {
                reply(client.place_order(with(placing(&body), headers)).await, |m| {
                    let mut shown = shown::order(&m.order.unwrap());
                    shown["position"] = m.position.into();
                    shown
                })
            }
            What::Pay(order_id, body) => {
                let (method, token) = (method(&body), optional(&body, "token"));
                let request = with(order::PayOrderRequest { order_id, method, token }, headers);
                reply(client.pay_order(request).await, |m| {
                    let mut shown = stands(&m.order_id, m.status(), m.version, &m.position);
                    shown["payment"] = shown::outcome(m.payment());
                    shown["attempts"] = m.attempts.into();
                    shown
                })
            }
            What::Order(order_id, at) => {
                let at = at.map(|at| match at.parse() {
                    Ok(version) => order::get_order_request::At::AtVersion(version),
                    Err(_) => order::get_order_request::At::AtTime(at.parse().unwrap()),
                });
                let request = with(order::GetOrderRequest { order_id, at }, headers);
                reply(client.get_order(request).await, |m| shown::order(&m.order.unwrap()))
            }
            _ => unknown(),
        }
    }

    async fn step(&self, what: What, headers: &Headers) -> Reply {
        let mut client = orders(&self.0);
        match what {
            What::Cancel(order_id) => {
                let request = with(order::CancelOrderRequest { order_id }, headers);
                reply(client.cancel_order(request).await, |m| {
                    stands(&m.order_id, m.status(), m.version, &m.position)
                })
            }
            What::Ship(order_id, body) => {
                let carrier = optional(&body, "carrier");
                let tracking_number = optional(&body, "trackingNumber");
                let message = order::ShipOrderRequest { order_id, carrier, tracking_number };
                reply(client.ship_order(with(message, headers)).await, |m| {
                    stands(&m.order_id, m.status(), m.version, &m.position)
                })
            }
            What::Deliver(order_id) => {
                let request = with(order::DeliverOrderRequest { order_id }, headers);
                reply(client.deliver_order(request).await, |m| {
                    stands(&m.order_id, m.status(), m.version, &m.position)
                })
            }
            _ => unknown(),
        }
    }

    async fn going_back(&self, what: What, headers: &Headers) -> Reply {
        let mut client = orders(&self.0);
        match what {
            What::Return(order_id, body) => {
                let reason = text(&body, "reason");
                let request = with(order::RequestReturnRequest { order_id, reason }, headers);
                reply(client.request_return(request).await, |m| {
                    stands(&m.order_id, m.status(), m.version, &m.position)
                })
            }
            What::Decide(order_id, decision, body) => {
                let name = format!("RETURN_DECISION_{}", decision.to_uppercase());
                let decision = order::ReturnDecision::from_str_name(&name).map_or(0, Into::into);
                let reason = optional(&body, "reason");
                let message = order::DecideReturnRequest { order_id, decision, reason };
                reply(client.decide_return(with(message, headers)).await, |m| {
                    stands(&m.order_id, m.status(), m.version, &m.position)
                })
            }
            _ => unknown(),
        }
    }
}

fn listed(items: &[Value], next: Option<String>) -> Value {
    match next {
        Some(next) => json!({"items": items, "next": next}),
        None => json!({"items": items}),
    }
}
