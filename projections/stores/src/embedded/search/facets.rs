//! Counting over everything that matches: per segment by numbers, then together by values.

use std::collections::BTreeMap;

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::{SearchKind, SearchSpec, Value};
use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn};
use tantivy::schema::Schema;

use super::block::Values;
use super::document::number;
use super::failure::{failed, of_disk};
use super::filters::{self, Met};
use crate::error::StoreError;
use crate::search::{Facet, FacetCount};

/// So many of each segment's commonest values are looked at for each value that is asked for: what is common in all of them
/// together is among them.
const LOOKED_AT: usize = 4;

/// One facet while a segment is read.
pub(super) enum Counting {
    /// By number of the term in the segment.
    Terms(StrColumn, Vec<u32>, Values<u64>),
    /// No and yes.
    Booleans(Column<bool>, [u64; 2], Values<bool>),
    /// Below the first bound, then from each bound on.
    Ranges(Column<i64>, Ranges, Values<i64>),
    /// How many meet it.
    Meeting(Met, u64),
    /// No document of the segment has the field.
    Nothing,
}

/// Counts between bounds, which are in ascending order.
pub(super) struct Ranges {
    bounds: Vec<i64>,
    counts: Vec<u64>,
}

/// The facets of a question for one segment. They are known to fit the spec.
pub(super) fn counting(
    segment: &SegmentReader,
    schema: &Schema,
    spec: &SearchSpec,
    facets: &[Facet],
) -> Result<Vec<Counting>, StoreError> {
    let columns = segment.fast_fields();
    let mut counting = Vec::with_capacity(facets.len());
    for facet in facets {
        counting.push(match facet {
            Facet::Meeting(filter) => {
                Counting::Meeting(filters::one(segment, schema, spec, filter)?, 0)
            }
            Facet::Ranges(name, bounds) => {
                let bounds: Vec<i64> = bounds.iter().filter_map(number).collect();
                let counts = vec![0; bounds.len() + 1];
                let ranges = Ranges { bounds, counts };
                Counting::Ranges(columns.i64(name).map_err(failed)?, ranges, Values::default())
            }
            Facet::Values(name, _) if is_boolean(spec, name) => {
                Counting::Booleans(columns.bool(name).map_err(failed)?, [0; 2], Values::default())
            }
            Facet::Values(name, _) => match columns.str(name).map_err(failed)? {
                Some(column) => {
                    let counts = vec![0; column.dictionary().num_terms()];
                    Counting::Terms(column, counts, Values::default())
                }
                None => Counting::Nothing,
            },
        });
    }
    Ok(counting)
}

fn is_boolean(spec: &SearchSpec, name: &str) -> bool {
    spec.field(name).is_some_and(|field| field.kind == SearchKind::Boolean)
}

impl Counting {
    /// Counts documents that match, in ascending order.
    pub(super) fn count(&mut self, docs: &[u32]) {
        match self {
            Self::Terms(column, counts, values) => {
                for (_, term) in values.of(column.ords(), docs) {
                    let at = usize::try_from(term).ok();
                    if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                        *count += 1;
                    }
                }
            }
            Self::Booleans(column, counts, values) => {
                for (_, yes) in values.of(column, docs) {
                    counts[usize::from(yes)] += 1;
                }
            }
            Self::Ranges(column, Ranges { bounds, counts }, values) => {
                for (_, number) in values.of(column, docs) {
                    counts[bounds.partition_point(|bound| *bound <= number)] += 1;
                }
            }
            Self::Meeting(met, count) => {
                let mut docs = docs.to_vec();
                met.keep(&mut docs);
                *count += docs.len() as u64;
            }
            Self::Nothing => {}
        }
    }
}

/// The counts of one facet over all segments.
pub(super) fn together(
    spec: &SearchSpec,
    facet: &Facet,
    segments: &[&Counting],
) -> Result<Vec<FacetCount>, StoreError> {
    match facet {
        Facet::Values(name, most) if is_boolean(spec, name) => {
            let each = [false, true].map(|yes| FacetCount {
                value: Some(yes.into()),
                documents: segments.iter().map(|counted| counted.of_boolean(yes)).sum(),
            });
            Ok(commonest(each.into(), *most))
        }
        Facet::Values(_, most) => terms_together(segments, *most),
        Facet::Ranges(name, bounds) => {
            let kind = spec.field(name).map(|field| field.kind);
            Ok(ranges_together(segments, bounds, kind))
        }
        Facet::Meeting(_) => {
            let documents = segments.iter().map(|counted| counted.of_meeting()).sum();
            Ok(vec![FacetCount { value: Some(true.into()), documents }])
        }
    }
}

impl Counting {
    fn of_boolean(&self, yes: bool) -> u64 {
        if let Self::Booleans(_, counts, _) = self { counts[usize::from(yes)] } else { 0 }
    }

    fn of_meeting(&self) -> u64 {
        if let Self::Meeting(_, count) = self { *count } else { 0 }
    }

    fn of_range(&self, number: usize) -> u64 {
        match self {
            Self::Ranges(_, ranges, _) => ranges.counts.get(number).copied().unwrap_or(0),
            _ => 0,
        }
    }
}

fn ranges_together(
    segments: &[&Counting],
    bounds: &[Value],
    kind: Option<SearchKind>,
) -> Vec<FacetCount> {
    let mut ranges = Vec::with_capacity(bounds.len() + 1);
    for range in 0..=bounds.len() {
        let bound = range.checked_sub(1).and_then(|before| bounds.get(before));
        let value = bound.and_then(number).map(|number| value_of(kind, number));
        let documents = segments.iter().map(|counted| counted.of_range(range)).sum();
        ranges.push(FacetCount { value, documents });
    }
    ranges
}

fn value_of(kind: Option<SearchKind>, number: i64) -> Value {
    match kind {
        Some(SearchKind::Decimal) => Value::Decimal(Amount::from_ten_thousandths(number)),
        Some(SearchKind::Timestamp) => Value::Timestamp(Timestamp(number)),
        _ => Value::Integer(number),
    }
}

/// The commonest of each segment are candidates, and each candidate is counted in every segment.
fn terms_together(segments: &[&Counting], most: usize) -> Result<Vec<FacetCount>, StoreError> {
    let mut candidates: BTreeMap<String, u64> = BTreeMap::new();
    for counted in segments {
        let Counting::Terms(column, counts, _) = counted else { continue };
        for term in commonest_terms(counts, most.saturating_mul(LOOKED_AT)) {
            let mut text = String::new();
            column.ord_to_str(term, &mut text).map_err(|error| of_disk(&error))?;
            candidates.entry(text).or_default();
        }
    }
    for counted in segments {
        let Counting::Terms(column, counts, _) = counted else { continue };
        for (text, documents) in &mut candidates {
            let term = column.dictionary().term_ord(text).map_err(|error| of_disk(&error))?;
            let count = term.and_then(|term| counts.get(usize::try_from(term).ok()?));
            *documents += count.copied().map_or(0, u64::from);
        }
    }
    let each = candidates.into_iter();
    let each =
        each.map(|(text, documents)| FacetCount { value: Some(Value::Text(text)), documents });
    Ok(commonest(each.collect(), most))
}

/// Terms are numbered in their order.
fn commonest_terms(counts: &[u32], most: usize) -> Vec<u64> {
    let mut found: Vec<(u32, u64)> = Vec::new();
    for (term, count) in (0..).zip(counts) {
        if *count > 0 {
            found.push((*count, term));
        }
    }
    let order =
        |left: &(u32, u64), right: &(u32, u64)| right.0.cmp(&left.0).then(left.1.cmp(&right.1));
    if found.len() > most {
        found.select_nth_unstable_by(most, order);
        found.truncate(most);
    }
    found.into_iter().map(|(_, term)| term).collect()
}

fn commonest(mut each: Vec<FacetCount>, most: usize) -> Vec<FacetCount> {
    each.retain(|counted| counted.documents > 0);
    each.sort_by(|left, right| {
        right.documents.cmp(&left.documents).then_with(|| left.value.cmp(&right.value))
    });
    each.truncate(most);
    each
}
