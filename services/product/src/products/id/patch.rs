//! PATCH `/products/{id}`: a merge; what is absent stays, what is null is cleared.

use std::collections::BTreeMap;

use axum::extract::State;
use chimera_domain::ids::ProductId;
use chimera_domain::product::{Command, Format, Product};
use chimera_engine::Receipt;
use chimera_kit::asked::Asked;
use chimera_kit::auth::WRITE_PRODUCTS;
use chimera_kit::params::Id;
use chimera_kit::problem::Problem;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::get::not_found;
use crate::Products;
use crate::body::{Changed, DetailsBody, ProductChanged, changed};

/// What shall be different.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProductPatch {
    pub title: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub description: Part<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub authors: Part<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub publisher: Part<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub isbn: Part<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["Programming"]))]
    pub categories: Part<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub format: Part<Format>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub language: Part<String>,
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub attributes: Part<BTreeMap<String, String>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub image_urls: Part<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub seller: Part<String>,
}

/// A part of a product in a patch.
#[derive(Debug, Default)]
pub(crate) enum Part<T> {
    /// Absent: it stays as it is.
    #[default]
    Kept,
    /// Null.
    Cleared,
    /// As it shall be.
    Given(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Option::<T>::deserialize(deserializer)?;
        Ok(given.map_or(Self::Cleared, Self::Given))
    }
}

impl<T> Part<T> {
    /// For what may be missing.
    fn or(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Kept => before,
            Self::Cleared => None,
            Self::Given(value) => Some(value),
        }
    }
}

impl<T: Default> Part<T> {
    /// For what is empty when it is cleared.
    fn over(self, before: T) -> T {
        self.or(Some(before)).unwrap_or_default()
    }
}

/// Change what a product is
#[utoipa::path(
    patch, path = "/products/{id}", tag = "products", request_body = ProductPatch,
    params(("id" = String, Path, description = "The SKU.", example = "9780135957059")),
    responses(
        (status = 200, body = ProductChanged, description = "Done, or there was nothing to change."),
        (status = 404, description = "`product.not_found`"),
        (status = 409, description = "`product.discontinued`"),
        (status = 422, description = "`product.invalid`"),
    )
)]
pub(crate) async fn patch(
    State(products): State<Products>,
    Id(product): Id<ProductId>,
    asked: Asked<ProductPatch>,
) -> Result<Changed, Problem> {
    let receipt = products.update(&product, asked).await?;
    Ok(changed(&product, &receipt))
}

impl Products {
    /// Changes what a product is, part by part.
    pub(crate) async fn update(
        &self,
        product: &ProductId,
        asked: Asked<ProductPatch>,
    ) -> Result<Receipt<Product>, Problem> {
        asked.caller.must_have(WRITE_PRODUCTS)?;
        let (patch, asked) = asked.split();
        let _alone = self.edit(product.as_key()).lock().await;
        let current = self.commands.read(product.as_key()).await?;
        let listing = current.state.0.as_ref().ok_or_else(not_found)?;
        let details = patch.over((*listing.details).clone().into()).checked()?;
        self.execute(product, &asked, Command::Update { details }).await
    }
}

impl ProductPatch {
    pub(crate) fn over(self, before: DetailsBody) -> DetailsBody {
        DetailsBody {
            title: self.title.unwrap_or(before.title),
            description: self.description.over(before.description),
            authors: self.authors.over(before.authors),
            publisher: self.publisher.or(before.publisher),
            isbn: self.isbn.or(before.isbn),
            categories: self.categories.over(before.categories),
            format: self.format.over(before.format),
            language: self.language.or(before.language),
            attributes: self.attributes.over(before.attributes),
            image_urls: self.image_urls.over(before.image_urls),
            seller: self.seller.or(before.seller),
        }
    }
}

#[cfg(test)]
mod tests {
    use chimera_domain::product::Details;
    use chimera_kit::asked::parse;

    use super::*;

    #[test]
    fn what_is_absent_stays_and_what_is_null_is_cleared() {
        let before = Details {
            title: "Old".into(),
            publisher: Some("P".into()),
            seller: Some("S".into()),
            authors: vec!["A".into()],
            categories: vec!["C".into()],
            ..Details::default()
        };
        let patch = r#"{"title":"New","publisher":null,"authors":null}"#;
        let after = parse::<ProductPatch>(patch.as_bytes()).unwrap().over(before.into());
        assert_eq!((after.title.as_str(), &after.publisher), ("New", &None));
        assert_eq!((after.seller.as_deref(), after.authors.len()), (Some("S"), 0));
        assert_eq!(after.categories, ["C"]);
    }
}
