//! GET `/products/{id}`.

use axum::Json;
use axum::extract::State;
use chimera_domain::aggregate::Refusal;
use chimera_domain::ids::ProductId;
use chimera_domain::product::{Details, Rejection};
use chimera_kit::params::Id;
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_kit::warned::Warned;
use chimera_model::Row;
use chimera_model::inventory_snapshot::{self, INVENTORY_SNAPSHOT, StockBalance};
use chimera_model::product_cache::{Birth, Described, Listing, MODEL, PRODUCT, Price};
use chimera_model::product_catalogue::{self, PRODUCTS, bucket_of};
use chimera_query::{Cached, Cells, KvValue, part, time_text};

use crate::Products;
use crate::body::{DetailsBody, ProductBody, StockBody};
use crate::products::list::listed as listing;

/// One product, with its price and stock
#[utoipa::path(
    get, path = "/products/{id}", tag = "products",
    params(("id" = String, Path, description = "The SKU.", example = "9780135957059")),
    responses(
        (status = 200, body = ProductBody, description = "The product; with a `Warning` while the cache is away."),
        (status = 404, description = "`product.not_found`"),
    )
)]
pub(crate) async fn get(
    State(products): State<Products>,
    Id(product): Id<ProductId>,
    after: After,
) -> Result<Warned<Json<ProductBody>>, Problem> {
    Ok(products.product(&product, &after).await?.map(Json))
}

impl Products {
    /// One product, not behind `after`: by the cache, or by the tables where that has it not or is away.
    pub(crate) async fn product(
        &self,
        product: &ProductId,
        after: &After,
    ) -> Result<Warned<ProductBody>, Problem> {
        let cached = self.reads.cached(after, &MODEL, &PRODUCT, product.as_key()).await?;
        let found = match &cached {
            Cached::Hit(value) => body(product, value),
            Cached::Miss | Cached::Away => None,
        };
        self.hits.count(found.is_some());
        if let Some(found) = found {
            return Ok(Warned::usual(found));
        }
        let found = self.by_tables(product, after).await?.ok_or_else(not_found)?;
        if cached == Cached::Away {
            return Ok(Warned::with("the cache is away; the stock may be of a moment ago", found));
        }
        Ok(Warned::usual(found))
    }

    async fn by_tables(
        &self,
        product: &ProductId,
        after: &After,
    ) -> Result<Option<ProductBody>, Problem> {
        self.reads
            .caught_up(after, &[&product_catalogue::MODEL, &inventory_snapshot::MODEL])
            .await?;
        self.flights.join(after, product.as_key(), || self.rows_of(product)).await
    }

    async fn rows_of(&self, product: &ProductId) -> Result<Option<ProductBody>, Problem> {
        let id = product.as_key().as_ref();
        let (catalogue, inventory) = (&product_catalogue::MODEL, &inventory_snapshot::MODEL);
        let listed =
            self.reads.row(catalogue, &PRODUCTS, [bucket_of(id).into(), id.into()]).await?;
        let Some(found) = listed.as_ref().and_then(listing) else { return Ok(None) };
        let counted = self.reads.row(inventory, &INVENTORY_SNAPSHOT, [id.into()]).await?;
        Ok(Some(ProductBody { stock: counted.as_ref().and_then(stock), ..found }))
    }
}

fn stock(row: &Row) -> Option<StockBody> {
    let cells = Cells(row);
    Some(StockBody {
        on_hand: cells.integer("on_hand")?,
        reserved: cells.integer("reserved")?,
        available: cells.integer("available")?,
    })
}

pub(crate) fn not_found() -> Problem {
    debug_assert_eq!(Rejection::NotFound.code(), "product.not_found");
    Problem::refused(&Rejection::NotFound)
}

fn body(product: &ProductId, value: &KvValue) -> Option<ProductBody> {
    let birth: Birth = part(value, "product")?;
    let details: Described<Details> = part(value, "details")?;
    let price: Price = part(value, "price")?;
    let listing: Listing = part(value, "listing")?;
    let stock: Option<StockBalance> = part(value, "stock");
    let updated = details.updated_at.max(price.valid_from).max(listing.updated_at);
    Some(ProductBody {
        product_id: product.to_string(),
        details: DetailsBody::from(details.details),
        price: price.price.into(),
        price_valid_from: time_text(price.valid_from),
        stock_tracked: birth.stock_tracked,
        discontinued: listing.discontinued,
        discontinued_reason: listing.reason,
        created_at: time_text(birth.created_at),
        updated_at: time_text(updated),
        version: details.version.max(price.version).max(listing.version),
        stock: stock.map(|stock| StockBody {
            on_hand: stock.on_hand,
            reserved: stock.reserved,
            available: stock.available,
        }),
    })
}
