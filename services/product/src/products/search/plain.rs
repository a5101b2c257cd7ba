//! The plain list that stands in for search while its store is away: the catalogue's table, by what its rows know.
//!
//! Category, author, format, language, price and what is no longer sold are in the rows and are heeded. Words, stock and order are
//! not, and the answer's `Warning` says so. A page is looked for in so many rows at most, and may be short or empty with a `next`.

use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_kit::warned::Warned;
use chimera_model::product_catalogue::MODEL;

use super::answer::{Findings, listed};
use super::question::Asked;
use super::{DEGRADED, OF_PLAIN, seal};
use crate::Products;
use crate::body::ProductBody;
use crate::products::list::Place;

/// How many rows are looked at for one page.
const LOOKED_AT: usize = 5_000;

impl Products {
    /// A page of the plain list.
    pub(super) async fn plain_list(
        &self,
        asked: &Asked,
        limit: usize,
        start: Option<&[u8]>,
        after: &After,
    ) -> Result<Warned<Findings>, Problem> {
        let mut place = start.map_or_else(|| Ok(Place::default()), Place::from_bytes)?;
        self.reads.caught_up(after, &[&MODEL]).await?;
        let (mut items, mut looked_at, mut next) = (vec![], 0, None);
        while items.len() < limit && looked_at < LOOKED_AT {
            // Never more than are missing, so that none is passed over.
            let (products, following) = self.following(place, limit - items.len()).await?;
            looked_at += products.len();
            let fit = products.into_iter().filter(|product| fits(asked, product));
            items.extend(fit.map(listed));
            let Some(following) = following else {
                next = None;
                break;
            };
            next = Some(seal(OF_PLAIN, &following.to_bytes()));
            place = following;
        }
        Ok(Warned::with(DEGRADED, Findings { items, total: None, facets: None, next }))
    }
}

fn fits(asked: &Asked, product: &ProductBody) -> bool {
    let details = &product.details;
    asked.category.as_ref().is_none_or(|category| details.categories.contains(category))
        && asked.author.as_ref().is_none_or(|author| details.authors.contains(author))
        && asked.format.is_none_or(|format| details.format == format)
        && asked.language.as_ref().is_none_or(|code| details.language.as_ref() == Some(code))
        && asked.min_price.is_none_or(|least| product.price.amount >= least)
        && asked.max_price.is_none_or(|most| product.price.amount <= most)
        && (asked.discontinued || !product.discontinued)
}
