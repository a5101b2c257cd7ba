//! PATCH `/products/{id}`: a merge; what is absent stays, what is null is cleared.

use std::collections::BTreeMap;

use axum::extract::State;
use chimera_domain::ids::ProductId;
use chimera_domain::product::{Command, Format};
use chimera_engine::Request;
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
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ProductPatch {
    title: Option<String>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    authors: Option<Option<Vec<String>>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    publisher: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    isbn: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["Programming"]))]
    categories: Option<Option<Vec<String>>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    format: Option<Option<Format>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    language: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    attributes: Option<Option<BTreeMap<String, String>>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    image_urls: Option<Option<Vec<String>>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    seller: Option<Option<String>>,
}

/// Tells null, which is given, from absent.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
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
    asked.caller.must_have(WRITE_PRODUCTS)?;
    let (id, origin) = (asked.command_id(), asked.origin());
    let _alone = products.edit(product.as_key()).lock().await;
    let current = products.commands.read(product.as_key()).await?;
    let listing = current.state.0.as_ref().ok_or_else(not_found)?;
    let details = asked.body.over((*listing.details).clone().into()).checked()?;
    let command = Command::Update { details };
    let request = Request { key: product.as_key().clone(), command, id, origin };
    changed(product.as_key(), products.commands.execute(request).await)
}

impl ProductPatch {
    fn over(self, before: DetailsBody) -> DetailsBody {
        DetailsBody {
            title: self.title.unwrap_or(before.title),
            description: merged(self.description, before.description),
            authors: merged(self.authors, before.authors),
            publisher: self.publisher.unwrap_or(before.publisher),
            isbn: self.isbn.unwrap_or(before.isbn),
            categories: merged(self.categories, before.categories),
            format: merged(self.format, before.format),
            language: self.language.unwrap_or(before.language),
            attributes: merged(self.attributes, before.attributes),
            image_urls: merged(self.image_urls, before.image_urls),
            seller: self.seller.unwrap_or(before.seller),
        }
    }
}

fn merged<T: Default>(patch: Option<Option<T>>, before: T) -> T {
    match patch {
        None => before,
        Some(value) => value.unwrap_or_default(),
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
