//! POST `/orders`.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use chimera_domain::ids::{CustomerId, ProductId};
use chimera_domain::money::Currency;
use chimera_domain::order::{Address, Command, LineRequest, MOST_LINES, Placing, Rejection};
use chimera_engine::Position;
use chimera_kit::asked::{Asked, Keyed};
use chimera_kit::auth::WRITE_ORDERS;
use chimera_kit::codes;
use chimera_kit::metric_names::{ORDER_CREATION_LATENCY_MS, ORDERS_CREATED_TOTAL};
use chimera_kit::money::MoneyBody;
use chimera_kit::position::header_of;
use chimera_kit::problem::Problem;
use serde::Deserialize;
use tokio::time::Instant as Deadline;
use utoipa::ToSchema;

use crate::body::{AddressBody, OrderBody, from_order};
use crate::charges::charges_on;
use crate::outcome::{placing_is_settled, settled};
use crate::{Orders, order_id, prices};

/// An order to be placed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// Who buys: the caller, or anybody if the caller has `write:orders`.
    #[schema(example = "c-17")]
    pub customer_id: String,
    /// Of all prices; without it, the shop's.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "GBP")]
    pub currency: Option<Currency>,
    /// 1 to 2,000.
    pub lines: Vec<NewLine>,
    pub shipping_address: AddressBody,
}

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewLine {
    #[schema(example = "9780135957059")]
    pub product_id: String,
    /// 1 to 100,000.
    #[schema(example = 2)]
    pub quantity: u32,
    /// Another price than the catalogue's; for the role ADMIN only.
    #[serde(default)]
    pub unit_price: Option<MoneyBody>,
}

/// Place an order
///
/// Prices come from the catalogue as it stands; 503 `read.not_caught_up` where they are not known here in time. The stock is
/// reserved right after; `Prefer: wait=5` waits until it is (`confirmed`), or the order was canceled for want of it.
#[utoipa::path(
    post, path = "/orders", tag = "orders", request_body = NewOrder,
    params(("Prefer" = Option<String>, Header, description = "`wait=N`: up to N seconds (at most 30) for the outcome.", example = "wait=5")),
    responses(
        (status = 201, body = OrderBody, description = "It is placed; Location says where."),
        (status = 403, description = "`order.override_not_allowed`"),
        (status = 409, description = "`order.product_discontinued`, `order.already_exists`"),
        (status = 422, description = "`order.no_lines`, `order.too_many_lines`, `order.bad_quantity`, `order.unknown_product`, `order.other_currency`, `order.negative_price`, `order.total_too_large`"),
    )
)]
pub(crate) async fn place(
    State(orders): State<Orders>,
    Keyed(asked): Keyed<NewOrder>,
) -> Result<(StatusCode, HeaderMap, Json<OrderBody>), Problem> {
    let wait = asked.wait;
    let (order, position) = orders.place(asked).await?;
    let mut headers = HeaderMap::from_iter([header_of(&position)]);
    headers.extend(wait.applied());
    headers.extend(location(&order.order_id));
    Ok((StatusCode::CREATED, headers, Json(order)))
}

fn no_id() -> Problem {
    Problem::new(codes::INTERNAL, "the order could not be read back; repeat with the same key")
}

fn location(order: &str) -> Option<(header::HeaderName, header::HeaderValue)> {
    let value = format!("/api/v1/orders/{order}").parse().ok()?;
    Some((header::LOCATION, value))
}

fn count(is_new: bool, started: Instant) {
    if is_new {
        metrics::counter!(ORDERS_CREATED_TOTAL).increment(1);
        let elapsed = started.elapsed().as_secs_f64() * 1_000.0;
        metrics::histogram!(ORDER_CREATION_LATENCY_MS).record(elapsed);
    }
}

impl Orders {
    /// Places an order. As it stands, at once or after the wait, and the position that shows it.
    pub(crate) async fn place(
        &self,
        asked: Asked<NewOrder>,
    ) -> Result<(OrderBody, Position), Problem> {
        let started = Instant::now();
        let order = order_id::derived_from(&asked.seed()).ok_or_else(no_id)?;
        let (new, asked) = asked.split();
        asked.caller.must_be(&new.customer_id, WRITE_ORDERS)?;
        let placing = self.placing(new, asked.caller.is_admin()).await?;
        let is_new = self.execute(&order, &asked, Command::Place(Box::new(placing))).await?;
        count(is_new, started);
        let (key, wait) = (order.as_key(), asked.wait.time());
        let current = settled(&self.commands, key, wait, placing_is_settled).await?;
        let body = from_order(key, &current.state, current.version).ok_or_else(no_id)?;
        Ok((body, current.position))
    }

    /// What is asked, with what the catalogue says of it.
    async fn placing(&self, asked: NewOrder, is_admin: bool) -> Result<Placing, Problem> {
        let customer = CustomerId::try_from(asked.customer_id.as_str())
            .map_err(|wrong| invalid("customerId", wrong.to_string()))?;
        let shipping_address = Address::from(asked.shipping_address);
        if let Some((field, must)) = shipping_address.broken_field() {
            return Err(invalid(&format!("shippingAddress.{field}"), format!("{field} {must}")));
        }
        if asked.lines.len() > MOST_LINES {
            let refusal = Rejection::TooManyLines(asked.lines.len());
            return Err(Problem::refused(&refusal).at("lines"));
        }
        let currency = asked.currency.unwrap_or(self.terms.currency);
        let deadline = Deadline::now() + prices::LONGEST_WAIT;
        let mut lines = Vec::with_capacity(asked.lines.len());
        for (index, line) in asked.lines.into_iter().enumerate() {
            let mut line = line_request(index, &line, currency)?;
            line.offer = prices::offer(&self.prices, &line.product, deadline).await?;
            lines.push(line);
        }
        Ok(Placing {
            customer,
            currency,
            charges: charges_on(&lines, &self.terms),
            lines,
            shipping_address,
            may_override_prices: is_admin,
            payment_window: Some(self.terms.payment_window),
        })
    }
}

/// A line as it was asked for; what the catalogue says of it is still missing.
fn line_request(index: usize, asked: &NewLine, currency: Currency) -> Result<LineRequest, Problem> {
    let product = ProductId::try_from(asked.product_id.as_str())
        .map_err(|wrong| invalid(&format!("lines[{index}].productId"), wrong.to_string()))?;
    if let Some(price) = asked.unit_price.filter(|price| price.currency != currency) {
        let detail = format!("the order is in {currency}, and this price in {}", price.currency);
        return Err(invalid(&format!("lines[{index}].unitPrice.currency"), detail));
    }
    let price_override = asked.unit_price.map(|price| price.amount);
    Ok(LineRequest { product, quantity: asked.quantity, offer: None, price_override })
}

fn invalid(field: &str, detail: String) -> Problem {
    Problem::new(codes::REQUEST_INVALID, detail).at(field)
}
