//! `UpdateProduct`: changes what a product is, part by part.

use chimera_domain::ids::ProductId;
use chimera_kit::codes;
use chimera_kit::grpc::{answer, asked, id};
use chimera_kit::problem::Problem;
use chimera_proto::product::v1::{ProductDetails, UpdateProductRequest, UpdateProductResponse};
use tonic::{Request, Response};

use super::message::details;
use crate::Products;
use crate::body::DetailsBody;
use crate::products::id::patch::{Part, ProductPatch};
use crate::products::new::within_details;

pub(super) async fn update_product(
    products: &Products,
    request: Request<UpdateProductRequest>,
) -> Result<Response<UpdateProductResponse>, Problem> {
    let (message, asked) = asked(request, |message| &message.product_id)?.split();
    let product: ProductId = id("product_id", &message.product_id)?;
    let mask = message.update_mask.unwrap_or_default();
    let patch = patch(message.details.unwrap_or_default(), &mask.paths)?;
    let receipt = products.update(&product, asked.with(patch)).await.map_err(within_details)?;
    let response = UpdateProductResponse {
        product_id: message.product_id,
        version: receipt.version,
        position: receipt.position.to_string(),
    };
    Ok(answer(response, &receipt.position))
}

/// What the mask names, as `details` has it.
fn patch(given: ProductDetails, mask: &[String]) -> Result<ProductPatch, Problem> {
    let given: DetailsBody = details(given)?;
    let mut patch = ProductPatch::default();
    for path in mask {
        match path.as_str() {
            "title" => patch.title = Some(given.title.clone()),
            "description" => patch.description = Part::Given(given.description.clone()),
            "authors" => patch.authors = Part::Given(given.authors.clone()),
            "publisher" => patch.publisher = part(given.publisher.as_deref()),
            "isbn" => patch.isbn = part(given.isbn.as_deref()),
            "categories" => patch.categories = Part::Given(given.categories.clone()),
            "format" => patch.format = Part::Given(given.format),
            "language" => patch.language = part(given.language.as_deref()),
            "attributes" => patch.attributes = Part::Given(given.attributes.clone()),
            "image_urls" => patch.image_urls = Part::Given(given.image_urls.clone()),
            "seller" => patch.seller = part(given.seller.as_deref()),
            _ => {
                let detail = "the mask names fields of details, such as title";
                return Err(Problem::new(codes::REQUEST_INVALID, detail).at("update_mask"));
            }
        }
    }
    Ok(patch)
}

fn part(given: Option<&str>) -> Part<String> {
    given.map_or(Part::Cleared, |given| Part::Given(given.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before() -> DetailsBody {
        details(ProductDetails {
            title: "Old".into(),
            publisher: Some("P".into()),
            seller: Some("S".into()),
            authors: vec!["A".into()],
            ..ProductDetails::default()
        })
        .unwrap()
    }

    #[test]
    fn what_the_mask_names_changes_and_what_it_names_unset_is_cleared() {
        let given = ProductDetails {
            title: "New".into(),
            seller: Some("ignored".into()),
            ..ProductDetails::default()
        };
        let mask = ["title", "publisher", "authors"].map(str::to_owned);
        let after = patch(given, &mask).unwrap().over(before());
        assert_eq!((after.title.as_str(), &after.publisher), ("New", &None));
        assert_eq!((after.seller.as_deref(), after.authors.len()), (Some("S"), 0));
    }

    #[test]
    fn a_mask_that_names_no_field_is_refused_and_an_empty_one_changes_nothing() {
        let problem = patch(ProductDetails::default(), &["price".to_owned()]).unwrap_err();
        assert_eq!((problem.code(), problem.field()), ("request.invalid", Some("update_mask")));
        let after = patch(ProductDetails::default(), &[]).unwrap().over(before());
        assert_eq!(after, before());
    }
}
