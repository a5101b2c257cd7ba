//! Which documents of a segment meet the filters: from columns and term lists, never from the documents themselves.

use std::ops::RangeInclusive;

use chimera_model::{SearchKind, SearchSpec, Value};
use tantivy::columnar::Column;
use tantivy::schema::{IndexRecordOption, Schema};
use tantivy::{BitSet, SegmentReader, Term};

use super::block::{Values, keep};
use super::document::number;
use super::failure::{failed, of_disk};
use crate::error::StoreError;
use crate::search::Filter;

/// A filter, ready for one segment.
pub(super) enum Met {
    /// By those in the set.
    Documents(BitSet),
    /// By a column of yes and no: whether no and yes are wanted.
    Boolean(Column<bool>, [bool; 2], Values<bool>),
    /// By a number within bounds.
    Within(Column<i64>, RangeInclusive<i64>, Values<i64>),
    /// By one of these numbers.
    Numbers(Column<i64>, Vec<i64>, Values<i64>),
    /// If one of these is met.
    Either(Vec<Met>),
}

impl Met {
    /// Leaves those of the documents, which are in ascending order, that meet it.
    pub(super) fn keep(&mut self, docs: &mut Vec<u32>) {
        match self {
            Self::Documents(documents) => docs.retain(|doc| documents.contains(*doc)),
            Self::Boolean(column, wanted, values) => {
                keep(docs, column, values, |yes| wanted[usize::from(yes)]);
            }
            Self::Within(column, bounds, values) => {
                keep(docs, column, values, |number| bounds.contains(&number));
            }
            Self::Numbers(column, wanted, values) => {
                keep(docs, column, values, |number| wanted.contains(&number));
            }
            Self::Either(others) => {
                let mut kept = Vec::new();
                for other in others {
                    let mut of_other = docs.clone();
                    other.keep(&mut of_other);
                    kept.append(&mut of_other);
                }
                kept.sort_unstable();
                kept.dedup();
                *docs = kept;
            }
        }
    }
}

/// The filters for one segment. They are known to fit the spec.
pub(super) fn met(
    segment: &SegmentReader,
    schema: &Schema,
    spec: &SearchSpec,
    filters: &[Filter],
) -> Result<Vec<Met>, StoreError> {
    filters.iter().map(|filter| one(segment, schema, spec, filter)).collect()
}

/// One filter for one segment.
pub(super) fn one(
    segment: &SegmentReader,
    schema: &Schema,
    spec: &SearchSpec,
    filter: &Filter,
) -> Result<Met, StoreError> {
    let columns = segment.fast_fields();
    match filter {
        Filter::Either(filters) => Ok(Met::Either(met(segment, schema, spec, filters)?)),
        Filter::Within(name, from, to) => {
            let from = from.as_ref().and_then(number).unwrap_or(i64::MIN);
            let to = to.as_ref().and_then(number).unwrap_or(i64::MAX);
            Ok(Met::Within(columns.i64(name).map_err(failed)?, from..=to, Values::default()))
        }
        Filter::AnyOf(name, values) => match spec.field(name).map(|field| field.kind) {
            Some(SearchKind::Keyword) => documents(segment, schema, name, values),
            Some(SearchKind::Boolean) => {
                let wanted = [false, true].map(|yes| values.contains(&Value::Boolean(yes)));
                Ok(Met::Boolean(columns.bool(name).map_err(failed)?, wanted, Values::default()))
            }
            _ => {
                let wanted = values.iter().filter_map(number).collect();
                Ok(Met::Numbers(columns.i64(name).map_err(failed)?, wanted, Values::default()))
            }
        },
    }
}

fn documents(
    segment: &SegmentReader,
    schema: &Schema,
    name: &str,
    values: &[Value],
) -> Result<Met, StoreError> {
    let field = schema.get_field(name).map_err(failed)?;
    let index = segment.inverted_index(field).map_err(failed)?;
    let mut documents = BitSet::with_max_value(segment.max_doc());
    for value in values {
        let Value::Text(text) = value else { continue };
        let term = Term::from_field_text(field, text);
        let postings = index.read_block_postings(&term, IndexRecordOption::Basic);
        let Some(mut postings) = postings.map_err(|error| of_disk(&error))? else { continue };
        while !postings.docs().is_empty() {
            for doc in postings.docs() {
                documents.insert(*doc);
            }
            postings.advance();
        }
    }
    Ok(Met::Documents(documents))
}
