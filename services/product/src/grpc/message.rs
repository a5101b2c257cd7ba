//! Products as messages have them, made of what REST shows: both say the same.

use chimera_domain::product::Format;
use chimera_kit::codes;
use chimera_kit::grpc::{money, timestamp};
use chimera_kit::money::MoneyBody;
use chimera_kit::problem::Problem;
use chimera_proto::common::v1::Money;
use chimera_proto::product::v1 as proto;

use crate::body::{DetailsBody, ProductBody};

/// What a message says that a product is.
pub(super) fn details(given: proto::ProductDetails) -> Result<DetailsBody, Problem> {
    let format = match proto::Format::try_from(given.format) {
        Ok(proto::Format::Hardcover) => Format::Hardcover,
        Ok(proto::Format::Paperback) => Format::Paperback,
        Ok(proto::Format::Ebook) => Format::Ebook,
        Ok(proto::Format::Audiobook) => Format::Audiobook,
        Ok(proto::Format::Other | proto::Format::Unspecified) => Format::Other,
        Err(_) => {
            let detail = "format must be HARDCOVER, PAPERBACK, EBOOK, AUDIOBOOK or OTHER";
            return Err(Problem::new(codes::REQUEST_INVALID, detail).at("details.format"));
        }
    };
    Ok(DetailsBody {
        title: given.title,
        description: given.description,
        authors: given.authors,
        publisher: given.publisher,
        isbn: given.isbn,
        categories: given.categories,
        format,
        language: given.language,
        attributes: given.attributes,
        image_urls: given.image_urls,
        seller: given.seller,
    })
}

/// A product.
pub(super) fn product(body: ProductBody) -> proto::Product {
    proto::Product {
        product_id: body.product_id,
        details: Some(shown(body.details)),
        price: Some(price(body.price)),
        price_valid_from: timestamp(&body.price_valid_from),
        stock_tracked: body.stock_tracked,
        discontinued: body.discontinued,
        discontinued_reason: body.discontinued_reason,
        created_at: timestamp(&body.created_at),
        updated_at: timestamp(&body.updated_at),
        version: body.version,
        stock: body.stock.map(|stock| proto::ProductStock {
            on_hand: stock.on_hand,
            reserved: stock.reserved,
            available: stock.available,
        }),
    }
}

/// What one costs.
pub(super) fn price(body: MoneyBody) -> Money {
    money(body.amount, body.currency)
}

fn shown(body: DetailsBody) -> proto::ProductDetails {
    let format = match body.format {
        Format::Hardcover => proto::Format::Hardcover,
        Format::Paperback => proto::Format::Paperback,
        Format::Ebook => proto::Format::Ebook,
        Format::Audiobook => proto::Format::Audiobook,
        Format::Other => proto::Format::Other,
    };
    proto::ProductDetails {
        title: body.title,
        description: body.description,
        authors: body.authors,
        publisher: body.publisher,
        isbn: body.isbn,
        categories: body.categories,
        format: format.into(),
        language: body.language,
        attributes: body.attributes,
        image_urls: body.image_urls,
        seller: body.seller,
    }
}
