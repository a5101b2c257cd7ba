//! Facets as aggregations, and their answers.
//!
//! Ranges are counted by queries: OpenSearch's own range aggregation compares floating-point numbers, which are not exact.

use std::collections::BTreeMap;

use chimera_model::{SearchKind, SearchSpec, Value};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::document::{json as value_json, value};
use super::layout::path;
use super::question::filter;
use crate::search::{Facet, FacetCount};

/// What the aggregations answer, by the number of the facet.
pub(super) type Counted = BTreeMap<String, Aggregation>;

/// One aggregation's answer.
#[derive(Deserialize)]
pub(super) struct Aggregation {
    #[serde(default)]
    buckets: Vec<Bucket>,
    #[serde(default)]
    doc_count: u64,
}

#[derive(Deserialize)]
struct Bucket {
    #[serde(default)]
    key: Json,
    doc_count: u64,
}

/// The aggregations that count these.
pub(super) fn aggregations(spec: &SearchSpec, facets: &[Facet]) -> Json {
    let mut all = Map::new();
    for (number, facet) in facets.iter().enumerate() {
        all.insert(number.to_string(), aggregation(spec, facet));
    }
    Json::Object(all)
}

fn aggregation(spec: &SearchSpec, facet: &Facet) -> Json {
    match facet {
        Facet::Values(field, most) => json!({"terms": {
            "field": path(spec, field),
            "size": (*most).max(1),
            "order": [{"_count": "desc"}, {"_key": "asc"}],
        }}),
        Facet::Ranges(field, bounds) => by_ranges(&path(spec, field).unwrap_or_default(), bounds),
        Facet::Meeting(wanted) => json!({"filter": filter(spec, wanted)}),
    }
}

/// Below the first bound, from each up to the next, from the last on.
///
/// OpenSearch counts ranges in one pass over the column, but compares doubles, which is exact for bounds that doubles can tell from
/// every other number. For others there is a query for each range, which takes three times as long.
fn by_ranges(path: &str, bounds: &[Value]) -> Json {
    let is_told = |bound: &Json| bound.as_i64().is_some_and(|it| it.unsigned_abs() < 1 << 53);
    let bounds: Vec<Json> = bounds.iter().map(value_json).collect();
    if bounds.iter().all(is_told) {
        return json!({"range": {"field": path, "ranges": ranges(&bounds, "from", "to")}});
    }
    let queries = ranges(&bounds, "gte", "lt").into_iter();
    let queries: Vec<Json> = queries.map(|range| json!({"range": {path: range}})).collect();
    json!({"filters": {"filters": queries}})
}

fn ranges(bounds: &[Json], from: &str, to: &str) -> Vec<Json> {
    let mut ranges = Vec::with_capacity(bounds.len() + 1);
    let mut range = json!({});
    for bound in bounds {
        range[to] = bound.clone();
        ranges.push(range);
        range = json!({from: bound});
    }
    ranges.push(range);
    ranges
}

/// The counts of these facets, in their order.
///
/// # Errors
/// If the answer does not belong to them.
pub(super) fn counts(
    spec: &SearchSpec,
    facets: &[Facet],
    mut counted: Counted,
) -> Result<Vec<Vec<FacetCount>>, String> {
    let mut all = Vec::with_capacity(facets.len());
    for (number, facet) in facets.iter().enumerate() {
        let Some(aggregation) = counted.remove(&number.to_string()) else {
            return Err(format!("facet {number} was not counted"));
        };
        all.push(of_facet(spec, facet, aggregation)?);
    }
    Ok(all)
}

fn of_facet(
    spec: &SearchSpec,
    facet: &Facet,
    counted: Aggregation,
) -> Result<Vec<FacetCount>, String> {
    match facet {
        Facet::Values(field, most) => {
            let kind = spec.field(field).map_or(SearchKind::Keyword, |field| field.kind);
            let mut counts = Vec::with_capacity(counted.buckets.len());
            for Bucket { key, doc_count } in counted.buckets.into_iter().take(*most) {
                let unreadable = || format!("field {field} has a value that it cannot have");
                let value = of_key(kind, key).ok_or_else(unreadable)?;
                counts.push(FacetCount { value: Some(value), documents: doc_count });
            }
            Ok(counts)
        }
        Facet::Ranges(_, bounds) => {
            let starts = std::iter::once(None).chain(bounds.iter().cloned().map(Some));
            let buckets = counted.buckets.into_iter().map(|bucket| bucket.doc_count);
            let counts = starts.zip(buckets);
            Ok(counts.map(|(value, documents)| FacetCount { value, documents }).collect())
        }
        Facet::Meeting(_) => {
            let (value, documents) = (Some(Value::Boolean(true)), counted.doc_count);
            Ok(vec![FacetCount { value, documents }])
        }
    }
}

/// The keys of booleans are numbers.
fn of_key(kind: SearchKind, key: Json) -> Option<Value> {
    match kind {
        SearchKind::Boolean => key.as_i64().map(|number| Value::Boolean(number != 0)),
        _ => value(kind, key),
    }
}
