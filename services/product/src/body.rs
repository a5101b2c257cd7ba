//! Products as they stand in requests and answers.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderName, HeaderValue};
use chimera_domain::ids::ProductId;
use chimera_domain::product::{Details, Format, InvalidDetails, Product};
use chimera_engine::Receipt;
use chimera_kit::codes;
use chimera_kit::money::MoneyBody;
use chimera_kit::position::header_of;
use chimera_kit::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a product is, apart from price and stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DetailsBody {
    /// 1–255 characters.
    #[schema(example = "The Pragmatic Programmer")]
    pub title: String,
    /// Up to 20,000 characters.
    #[serde(default)]
    pub description: String,
    /// In the order of the title page.
    #[serde(default)]
    #[schema(example = json!(["David Thomas", "Andrew Hunt"]))]
    pub authors: Vec<String>,
    #[serde(default)]
    pub publisher: Option<String>,
    /// ISBN-10 or ISBN-13, hyphens or not.
    #[serde(default)]
    #[schema(example = "978-0-13-595705-9")]
    pub isbn: Option<String>,
    #[serde(default)]
    pub categories: Vec<String>,
    /// HARDCOVER, PAPERBACK, EBOOK, AUDIOBOOK or OTHER.
    #[serde(default)]
    #[schema(value_type = String, example = "HARDCOVER")]
    pub format: Format,
    /// ISO 639.
    #[serde(default)]
    #[schema(example = "en")]
    pub language: Option<String>,
    /// Anything else, by name.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// http or https.
    #[serde(default)]
    pub image_urls: Vec<String>,
    /// Who sells it, where that isn't the shop itself.
    #[serde(default)]
    pub seller: Option<String>,
}

impl From<Details> for DetailsBody {
    fn from(details: Details) -> Self {
        Self {
            title: details.title,
            description: details.description,
            authors: details.authors,
            publisher: details.publisher,
            isbn: details.isbn,
            categories: details.categories,
            format: details.format,
            language: details.language,
            attributes: details.attributes,
            image_urls: details.image_urls,
            seller: details.seller,
        }
    }
}

impl DetailsBody {
    /// The details, checked.
    pub(crate) fn checked(self) -> Result<Box<Details>, Problem> {
        let details = Details {
            title: self.title,
            description: self.description,
            authors: self.authors,
            publisher: self.publisher,
            isbn: self.isbn,
            categories: self.categories,
            format: self.format,
            language: self.language,
            attributes: self.attributes,
            image_urls: self.image_urls,
            seller: self.seller,
        };
        details.checked().map(Box::new).map_err(|wrong| invalid(&wrong))
    }
}

fn invalid(wrong: &InvalidDetails) -> Problem {
    Problem::new(codes::PRODUCT_INVALID, wrong.to_string()).at(wrong.field)
}

/// A product.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Product)]
pub(crate) struct ProductBody {
    /// The merchant's SKU.
    #[schema(example = "9780135957059")]
    pub product_id: String,
    #[serde(flatten)]
    pub details: DetailsBody,
    pub price: MoneyBody,
    pub price_valid_from: String,
    /// Whether its stock is counted.
    pub stock_tracked: bool,
    /// Whether it takes no new orders.
    pub discontinued: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discontinued_reason: Option<String>,
    pub created_at: String,
    pub updated_at: String,
    /// How many events made it.
    pub version: u64,
    /// Absent in lists, and where nothing was counted yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock: Option<StockBody>,
}

/// The stock of a product.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StockBody {
    pub on_hand: i64,
    pub reserved: i64,
    pub available: i64,
}

/// A command was honoured.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductChanged {
    #[schema(example = "9780135957059")]
    pub product_id: String,
    /// How many events made it.
    pub version: u64,
}

/// The answer to a command, and where it stands.
pub(crate) type Changed = ([(HeaderName, HeaderValue); 1], Json<ProductChanged>);

/// Says that a command was honoured.
pub(crate) fn changed(product: &ProductId, receipt: &Receipt<Product>) -> Changed {
    let body = ProductChanged { product_id: product.to_string(), version: receipt.version };
    ([header_of(&receipt.position)], Json(body))
}
