//! GET `/products/search`: what customers find by words, filters and counts; a plain list where the search store is away.

mod answer;
mod plain;
mod question;

use axum::Json;
use axum::extract::State;
use chimera_kit::codes;
use chimera_kit::cursor;
use chimera_kit::params::Params;
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_kit::warned::Warned;
use chimera_model::product_search_index::{MODEL, PRODUCTS};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Products;
use answer::Findings;
use question::Asked;

const SEARCH: &str = "/products/search";
const DEGRADED: &str =
    "search is degraded: a plain list, not by words, stock or order, without counts";

/// What is looked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Looking {
    /// Words; each must be in title, authors, description, categories or ISBN. Typing errors are forgiven, the last word may be a
    /// beginning. Without it, everything is found.
    pub q: Option<String>,
    /// One of the product's categories, as it is written.
    pub category: Option<String>,
    /// One of its authors, as written.
    pub author: Option<String>,
    /// HARDCOVER, PAPERBACK, EBOOK, AUDIOBOOK or OTHER.
    pub format: Option<String>,
    /// ISO 639.
    pub language: Option<String>,
    /// The least price, such as 5 or 4.99.
    pub min_price: Option<String>,
    /// The greatest price.
    pub max_price: Option<String>,
    /// `true`: only what can be delivered now.
    pub in_stock: Option<bool>,
    /// `true`: also what is no longer sold.
    pub discontinued: Option<bool>,
    /// `relevance` (without it), `price_asc`, `price_desc` or `newest`.
    pub sort: Option<String>,
    /// How many, 1–100; without it, 20.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Products by words and filters, with counts
#[utoipa::path(
    get, path = "/products/search", tag = "products", params(Looking),
    responses(
        (status = 200, body = Findings, description = "What was found; with a `Warning`, a plain list while search is away."),
        (status = 400, description = "`request.bad_parameter`, `cursor.invalid`"),
    )
)]
pub(crate) async fn search(
    State(products): State<Products>,
    Params(looking): Params<Looking>,
    after: After,
) -> Result<Warned<Json<Findings>>, Problem> {
    Ok(products.found(&looking, &after).await?.map(Json))
}

/// Where a page starts: both kinds of list have cursors of their own.
enum Start {
    First,
    Found(Vec<u8>),
    Plain(Vec<u8>),
}

const OF_FOUND: u8 = 0;
const OF_PLAIN: u8 = 1;

impl Start {
    fn open(sealed: Option<&String>) -> Result<Self, Problem> {
        let Some(sealed) = sealed else { return Ok(Self::First) };
        let content = cursor::open(SEARCH, sealed)?;
        match content.split_first() {
            Some((&OF_FOUND, rest)) => Ok(Self::Found(rest.to_vec())),
            Some((&OF_PLAIN, rest)) => Ok(Self::Plain(rest.to_vec())),
            Some(_) | None => Err(Problem::new(codes::CURSOR_INVALID, "the cursor is no cursor")),
        }
    }
}

fn seal(kind: u8, content: &[u8]) -> String {
    let mut sealed = vec![kind];
    sealed.extend_from_slice(content);
    cursor::seal(SEARCH, &sealed)
}

impl Products {
    /// A page of what is found, not behind `after`; of a plain list where the search store is away.
    pub(crate) async fn found(
        &self,
        looking: &Looking,
        after: &After,
    ) -> Result<Warned<Findings>, Problem> {
        let (asked, limit) = (Asked::of(looking)?, cursor::limit(looking.limit)?);
        let start = match Start::open(looking.cursor.as_ref())? {
            Start::Plain(place) => {
                return self.plain_list(&asked, limit, Some(&place), after).await;
            }
            Start::First => None,
            Start::Found(place) => Some(place),
        };
        let caught_up = self.reads.caught_up(after, &[&MODEL]).await;
        let query = asked.query(limit, start.clone());
        match self.reads.find(&MODEL, &PRODUCTS, &query).await? {
            Some(found) => {
                caught_up?;
                Ok(Warned::usual(answer::findings(&found)))
            }
            None if start.is_some() => {
                let detail = "search is away; start again without a cursor for a plain list";
                Err(Problem::new(codes::READ_UNAVAILABLE, detail))
            }
            None => self.plain_list(&asked, limit, None, after).await,
        }
    }
}
