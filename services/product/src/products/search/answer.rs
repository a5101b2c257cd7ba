//! What was found, as answers show it.

use std::collections::BTreeMap;

use chimera_domain::money::Currency;
use chimera_kit::money::MoneyBody;
use chimera_model::Value;
use chimera_query::search::{Document, FacetCount, Found, Hit};
use chimera_query::time_text;
use serde::Serialize;
use utoipa::ToSchema;

use super::{OF_FOUND, seal};
use crate::body::ProductBody;

/// A page of what was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Findings {
    /// The page.
    pub items: Vec<Finding>,
    /// How many there are; absent from a plain list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Counts over everything that was found; absent from a plain list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<Facets>,
    /// Where the next page starts; absent after the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How many there are of what.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facets {
    pub category: Vec<Counted>,
    pub author: Vec<Counted>,
    pub format: Vec<Counted>,
    /// By where the range begins; the range below the first has none.
    pub price: Vec<Counted>,
    /// What can be delivered now.
    pub in_stock: u64,
}

/// How many there are of one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Counted {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub products: u64,
}

/// A product that was found.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Finding {
    /// The merchant's SKU.
    pub product_id: String,
    pub title: String,
    pub authors: Vec<String>,
    pub categories: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isbn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<MoneyBody>,
    pub discontinued: bool,
    /// Whether it can be delivered now; absent from a plain list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_stock: Option<bool>,
    pub created_at: String,
    /// By field, a piece of its text as HTML: everything is escaped, and what matched stands in `<em>`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub highlights: BTreeMap<String, String>,
}

/// The answer of the search store.
pub(super) fn findings(found: &Found) -> Findings {
    let facet = |number: usize| found.facets.get(number).map_or(&[][..], Vec::as_slice);
    let facets = Facets {
        category: counted(facet(0)),
        author: counted(facet(1)),
        format: counted(facet(2)),
        price: counted(facet(3)),
        in_stock: facet(4).first().map_or(0, |count| count.documents),
    };
    Findings {
        items: found.hits.iter().map(finding).collect(),
        total: Some(found.total),
        facets: Some(facets),
        next: found.next.as_ref().map(|next| seal(OF_FOUND, next.as_bytes())),
    }
}

fn counted(counts: &[FacetCount]) -> Vec<Counted> {
    let shown = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Decimal(amount) => amount.to_string(),
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Timestamp(_) => String::new(),
    };
    let one = |count: &FacetCount| Counted {
        value: count.value.as_ref().map(shown),
        products: count.documents,
    };
    counts.iter().map(one).collect()
}

fn finding(hit: &Hit) -> Finding {
    let document = &hit.document;
    let highlights = hit.highlights.iter().map(|(field, html)| ((*field).to_owned(), html.clone()));
    Finding {
        product_id: hit.id.clone(),
        title: text(document, "title").unwrap_or_default(),
        authors: texts(document, "authors"),
        categories: texts(document, "categories"),
        publisher: text(document, "publisher"),
        isbn: text(document, "isbn"),
        format: text(document, "format"),
        language: text(document, "language"),
        image_url: text(document, "image_url"),
        price: price(document),
        discontinued: is(document, "discontinued"),
        in_stock: Some(is(document, "in_stock") || !is(document, "stock_tracked")),
        created_at: created_at(document),
        highlights: highlights.collect(),
    }
}

fn texts(document: &Document, field: &str) -> Vec<String> {
    let values = document.values(field).iter();
    let text =
        |value: &Value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
    values.filter_map(text).collect()
}

fn text(document: &Document, field: &str) -> Option<String> {
    texts(document, field).into_iter().next()
}

fn is(document: &Document, field: &str) -> bool {
    document.values(field) == [Value::Boolean(true)]
}

fn price(document: &Document) -> Option<MoneyBody> {
    let currency: Currency = text(document, "currency")?.parse().ok()?;
    match document.values("price") {
        [Value::Decimal(amount)] => Some(MoneyBody::new(*amount, currency)),
        _ => None,
    }
}

fn created_at(document: &Document) -> String {
    match document.values("created_at") {
        [Value::Timestamp(time)] => time_text(*time),
        _ => String::new(),
    }
}

/// A product of the catalogue's table.
pub(super) fn listed(product: ProductBody) -> Finding {
    let details = product.details;
    let format = match Value::name(details.format) {
        Value::Text(name) => Some(name),
        _ => None,
    };
    Finding {
        product_id: product.product_id,
        title: details.title,
        authors: details.authors,
        categories: details.categories,
        publisher: details.publisher,
        isbn: details.isbn,
        format,
        language: details.language,
        image_url: details.image_urls.into_iter().next(),
        price: Some(product.price),
        discontinued: product.discontinued,
        in_stock: None,
        created_at: product.created_at,
        highlights: BTreeMap::new(),
    }
}
