//! GET `/products`: all of them, bucket after bucket of the catalogue, in each by id.

use axum::Json;
use axum::extract::State;
use chimera_kit::codes;
use chimera_kit::cursor::{self, Page};
use chimera_kit::params::Params;
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_model::Row;
use chimera_model::product_catalogue::{BUCKETS, MODEL, PRODUCTS};
use chimera_query::Cells;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Products;
use crate::body::{DetailsBody, ProductBody};
use chimera_domain::product::Details;

const LIST: &str = "/products";

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listing {
    /// How many, 1–100; without it, 20.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// All products, in pages
#[utoipa::path(
    get, path = "/products", tag = "products", params(Listing),
    responses((status = 200, body = Page<ProductBody>, description = "A page of the catalogue."))
)]
pub(crate) async fn list(
    State(products): State<Products>,
    Params(asked): Params<Listing>,
    after: After,
) -> Result<Json<Page<ProductBody>>, Problem> {
    products.listed(asked, &after).await.map(Json)
}

/// Where a page starts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    bucket: u32,
    after: Option<chimera_query::StoreCursor>,
}

impl Place {
    fn open(text: &str) -> Result<Self, Problem> {
        Self::from_bytes(&cursor::open(LIST, text)?)
    }

    /// The place that [`Place::to_bytes`] gave.
    pub(super) fn from_bytes(content: &[u8]) -> Result<Self, Problem> {
        let Some((bucket, after)) = content.split_first_chunk::<4>() else {
            return Err(Problem::new(codes::CURSOR_INVALID, "the cursor is too short"));
        };
        let after =
            (!after.is_empty()).then(|| chimera_query::StoreCursor::from_bytes(after.to_vec()));
        Ok(Self { bucket: u32::from_be_bytes(*bucket), after })
    }

    fn seal(&self) -> String {
        cursor::seal(LIST, &self.to_bytes())
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut content = self.bucket.to_be_bytes().to_vec();
        content.extend_from_slice(self.after.as_ref().map_or(&[], |after| after.as_bytes()));
        content
    }
}

impl Products {
    /// A page of the catalogue by the read model, which is not behind `after`.
    pub(crate) async fn listed(
        &self,
        asked: Listing,
        after: &After,
    ) -> Result<Page<ProductBody>, Problem> {
        let limit = cursor::limit(asked.limit)?;
        let start = asked.cursor.map_or(Ok(Place::default()), |text| Place::open(&text))?;
        self.reads.caught_up(after, &[&MODEL]).await?;
        self.page(start, limit).await
    }

    async fn page(&self, at: Place, limit: usize) -> Result<Page<ProductBody>, Problem> {
        let (items, next) = self.following(at, limit).await?;
        Ok(Page { items, next: next.map(|next| next.seal()) })
    }

    /// So many products from a place on, and the place after them; none after the last.
    pub(super) async fn following(
        &self,
        mut at: Place,
        limit: usize,
    ) -> Result<(Vec<ProductBody>, Option<Place>), Problem> {
        let mut items = Vec::with_capacity(limit);
        while at.bucket < BUCKETS && items.len() < limit {
            let listing = chimera_query::Listing {
                table: &PRODUCTS,
                partition_key: &[at.bucket.into()],
                after: at.after.as_ref(),
                limit: limit - items.len(),
            };
            let page = self.reads.list(&MODEL, listing).await?;
            items.extend(page.items.iter().filter_map(listed));
            at = match page.next {
                Some(next) => Place { bucket: at.bucket, after: Some(next) },
                None => Place { bucket: at.bucket + 1, after: None },
            };
        }
        let next = (at.bucket < BUCKETS).then_some(at);
        Ok((items, next))
    }
}

pub(crate) fn listed(row: &Row) -> Option<ProductBody> {
    let cells = Cells(row);
    let details: Details = cells.json("details")?;
    Some(ProductBody {
        product_id: cells.key_text(1),
        details: DetailsBody::from(details),
        price: cells.money("price", "currency")?,
        price_valid_from: cells.time("price_valid_from")?,
        stock_tracked: cells.boolean("stock_tracked")?,
        discontinued: cells.boolean("discontinued").unwrap_or_default(),
        discontinued_reason: cells.text("discontinued_reason"),
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
        version: cells.integer("version")?.unsigned_abs(),
        stock: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_cursor() {
        let after = Some(chimera_query::StoreCursor::from_bytes(vec![1, 2, 3]));
        for place in [Place { bucket: 0, after: None }, Place { bucket: 7, after }] {
            assert_eq!(Place::open(&place.seal()), Ok(place));
        }
    }
}
