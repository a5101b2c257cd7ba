//! POST `/inventory/{productId}/adjustments`, and the adjusting itself, however it was asked for.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use chimera_domain::ids::ProductId;
use chimera_domain::stock::{AdjustmentReason, Command, Stock};
use chimera_engine::Receipt;
use chimera_kit::asked::{Asked, Keyed};
use chimera_kit::auth::WRITE_INVENTORY;
use chimera_kit::codes;
use chimera_kit::params::Id;
use chimera_kit::position::header_of;
use chimera_kit::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Inventory;

/// A change of what is on hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Adjustment {
    /// How many more, or fewer.
    #[schema(example = 40)]
    pub delta: i64,
    /// RECEIVED, COUNT, DAMAGED, SENSOR, RETURNED or IMPORTED.
    #[schema(value_type = String, example = "RECEIVED")]
    pub reason: AdjustmentReason,
    /// Below which number of available units a notice is wanted; absent keeps it.
    #[serde(default)]
    #[schema(example = 5)]
    pub reorder_level: Option<i64>,
    /// The paper it stands on, 1–100 visible characters. The same one counts once: again, even with another `delta`, it is
    /// answered like the first time and changes nothing.
    #[serde(default)]
    #[schema(example = "DN-2026-0117")]
    pub reference: Option<String>,
}

/// The adjustment was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Adjusted {
    product_id: String,
    version: u64,
}

type Answer = (StatusCode, [(HeaderName, HeaderValue); 1], Json<Adjusted>);

/// Change what is on hand
#[utoipa::path(
    post, path = "/inventory/{productId}/adjustments", tag = "inventory", request_body = Adjustment,
    params(("productId" = String, Path, description = "The SKU.", example = "9780135957059")),
    responses(
        (status = 201, body = Adjusted, description = "The numbers have changed."),
        (status = 409, description = "`stock.insufficient`"),
        (status = 422, description = "`stock.nothing_to_adjust`, `stock.too_many`, `stock.bad_reorder_level`"),
    )
)]
pub(crate) async fn adjust(
    State(inventory): State<Inventory>,
    Id(product): Id<ProductId>,
    Keyed(asked): Keyed<Adjustment>,
) -> Result<Answer, Problem> {
    let receipt = inventory.adjust(&product, asked).await?;
    let body = Adjusted { product_id: product.to_string(), version: receipt.version };
    Ok((StatusCode::CREATED, [header_of(&receipt.position)], Json(body)))
}

impl Inventory {
    /// Changes what is on hand.
    pub(crate) async fn adjust(
        &self,
        product: &ProductId,
        asked: Asked<Adjustment>,
    ) -> Result<Receipt<Stock>, Problem> {
        asked.caller.must_have(WRITE_INVENTORY)?;
        let (adjustment, asked) = asked.split();
        let Adjustment { delta, reason, reorder_level, reference } = adjustment;
        let reference = reference.map(|reference| of_client(&reference)).transpose()?;
        let command = Command::Adjust { delta, reason, reorder_level, reference };
        self.execute(product, &asked, command).await
    }
}

/// A client's reference as it stands in the log, where it can never be one of the shop's own (`return:…`, `credit:…`).
fn of_client(reference: &str) -> Result<String, Problem> {
    let visible = |c: char| !c.is_control() && !c.is_whitespace();
    if !(1..=100).contains(&reference.chars().count()) || !reference.chars().all(visible) {
        let detail = "reference must be 1–100 visible characters, without spaces";
        return Err(Problem::new(codes::REQUEST_INVALID, detail).at("reference"));
    }
    Ok(format!("client:{reference}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_of_a_client_is_never_one_of_the_shops_own() {
        assert_eq!(of_client("return:O-1").as_deref(), Ok("client:return:O-1"));
        assert_eq!(of_client(&"é".repeat(100)), Ok(format!("client:{}", "é".repeat(100))));
        for bad in ["", " ", "a b", "a\u{7}", "a\u{a0}b", &"x".repeat(101)] {
            assert_eq!(of_client(bad).unwrap_err().field(), Some("reference"), "{bad:?}");
        }
    }
}
