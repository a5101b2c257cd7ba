//! Whether a mutation or a question fits the index it is for; asked before anything is sent or read.

use chimera_model::{SearchField, SearchKind, SearchMutation, SearchSpec, Value};

use super::query::{Facet, Filter, Query, Sort};
use super::words::{MOST_WORDS, words};
use crate::error::StoreError;

/// In bytes.
const LONGEST_ID: usize = 512;
/// In bytes; of a value that is not taken apart into words.
const LONGEST_KEYWORD: usize = 32_000;
/// How many hits one page may have.
const MOST_HITS: usize = 1_000;

/// Refuses a mutation that its index cannot hold, and names it.
///
/// # Errors
/// [`StoreError::Rejected`].
pub fn check_mutation(mutation: &SearchMutation) -> Result<(), StoreError> {
    let SearchMutation { spec, id, part, fields, .. } = mutation;
    let refused = |why: String| {
        let shown: String = id.chars().take(80).collect();
        Err(StoreError::Rejected(format!("document {shown} of {}: {why}", spec.index)))
    };
    if id.is_empty() || id.len() > LONGEST_ID {
        return refused(format!("an id takes 1 to {LONGEST_ID} bytes, not {}", id.len()));
    }
    let Some(known) = spec.part(part) else {
        return refused(format!("there is no part {part}"));
    };
    for (name, values) in fields.iter().flatten() {
        let Some(field) = known.fields.iter().find(|field| field.name == *name) else {
            return refused(format!("part {part} has no field {name}"));
        };
        if !values.iter().all(|value| is_of_kind(field.kind, value)) {
            return refused(format!("field {name} cannot hold one of its values"));
        }
    }
    Ok(())
}

/// Refuses a question that makes no sense for this index.
///
/// # Errors
/// [`StoreError::Rejected`].
pub fn check_query(spec: &SearchSpec, query: &Query) -> Result<(), StoreError> {
    let fits = query.limit <= MOST_HITS
        && query.text.as_ref().is_none_or(|text| words(text).nth(MOST_WORDS).is_none())
        && query.filters.iter().all(|filter| filter_fits(spec, filter))
        && query.facets.iter().all(|facet| facet_fits(spec, facet))
        && query.highlight.iter().all(|name| is_text(spec, name))
        && sort_fits(spec, query.sort);
    if fits {
        return Ok(());
    }
    let index = spec.index;
    Err(StoreError::Rejected(format!(
        "{index} cannot be asked this: at most {MOST_WORDS} words and {MOST_HITS} hits, fields that it has, and values of \
         their kinds"
    )))
}

fn is_of_kind(kind: SearchKind, value: &Value) -> bool {
    match (kind, value) {
        (SearchKind::Text { .. } | SearchKind::Stored, Value::Text(_))
        | (SearchKind::Boolean, Value::Boolean(_))
        | (SearchKind::Integer, Value::Integer(_))
        | (SearchKind::Decimal, Value::Decimal(_))
        | (SearchKind::Timestamp, Value::Timestamp(_)) => true,
        (SearchKind::Keyword, Value::Text(text)) => text.len() <= LONGEST_KEYWORD,
        _ => false,
    }
}

fn is_text(spec: &SearchSpec, name: &str) -> bool {
    spec.field(name).is_some_and(|field| matches!(field.kind, SearchKind::Text { .. }))
}

fn is_exact(field: &SearchField) -> bool {
    !matches!(field.kind, SearchKind::Text { .. } | SearchKind::Stored)
}

fn is_ordered(field: &SearchField) -> bool {
    matches!(field.kind, SearchKind::Integer | SearchKind::Decimal | SearchKind::Timestamp)
}

fn filter_fits(spec: &SearchSpec, filter: &Filter) -> bool {
    match filter {
        Filter::AnyOf(name, values) => spec.field(name).is_some_and(|field| {
            is_exact(field) && values.iter().all(|value| is_of_kind(field.kind, value))
        }),
        Filter::Within(name, from, to) => spec.field(name).is_some_and(|field| {
            is_ordered(field) && from.iter().chain(to).all(|value| is_of_kind(field.kind, value))
        }),
        Filter::Either(filters) => filters.iter().all(|filter| filter_fits(spec, filter)),
    }
}

fn facet_fits(spec: &SearchSpec, facet: &Facet) -> bool {
    match facet {
        Facet::Values(name, _) => spec
            .field(name)
            .is_some_and(|field| matches!(field.kind, SearchKind::Keyword | SearchKind::Boolean)),
        Facet::Ranges(name, bounds) => spec.field(name).is_some_and(|field| {
            is_ordered(field)
                && !bounds.is_empty()
                && bounds.iter().all(|bound| is_of_kind(field.kind, bound))
                && bounds.windows(2).all(|pair| pair[0] < pair[1])
        }),
        Facet::Meeting(filter) => filter_fits(spec, filter),
    }
}

fn sort_fits(spec: &SearchSpec, sort: Sort) -> bool {
    match sort {
        Sort::Relevance => true,
        Sort::Ascending(name) | Sort::Descending(name) => spec.field(name).is_some_and(is_ordered),
    }
}
