//! Every document in the order of ids, page by page, whichever segments they lie in.

use chimera_model::SearchSpec;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet, SegmentReader};

use super::failure::{failed, of_disk};
use super::index::OpenIndex;
use crate::error::StoreError;
use crate::page::{Cursor, Page, Scanned};
use crate::search::Document;

/// A page of what is there.
type ScannedPage = Page<Scanned<String, (String, Document)>>;
/// A document's id and where it lies.
type Entry = (String, DocAddress);

/// One page. The first one finds out whether the files are what was written.
pub(super) fn scan(
    index: &OpenIndex,
    spec: &'static SearchSpec,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<ScannedPage, StoreError> {
    let mut after = after.map(|cursor| cursor.as_bytes().to_vec());
    if after.is_none() {
        refuse_damage(index)?;
    }
    let searcher = index.reader.searcher();
    let mut items = Vec::new();
    loop {
        let mut entries: Vec<Entry> = Vec::new();
        for (number, segment) in (0..).zip(searcher.segment_readers()) {
            entries.extend(following(index, (number, segment), after.as_deref(), limit + 1)?);
        }
        entries.sort_unstable();
        let more = entries.len() > limit;
        entries.truncate(limit);
        for (id, address) in entries {
            if items.len() >= limit {
                let next = after.map(Cursor::from_bytes);
                return Ok(Page { items, next });
            }
            after = Some(id.clone().into_bytes());
            match index.stored_at(&searcher, spec, &id, address) {
                Ok(stored) => {
                    let found = stored.visible(spec);
                    items.extend(found.map(|document| Scanned::Sound((id, document))));
                }
                Err(StoreError::Fatal(reason)) => {
                    items.push(Scanned::Damaged { key: Some(id), reason });
                }
                Err(error) => return Err(error),
            }
        }
        if !more {
            return Ok(Page { items, next: None });
        }
    }
}

fn refuse_damage(index: &OpenIndex) -> Result<(), StoreError> {
    let damaged = index.damaged_files()?;
    if damaged.is_empty() {
        return Ok(());
    }
    Err(StoreError::Fatal(format!(
        "{} is damaged: {} is not what was written; rebuild the read model with `replay run`",
        index.name,
        damaged.join(", ")
    )))
}

/// The next documents of one segment in the order of their ids.
fn following(
    index: &OpenIndex,
    (number, segment): (u32, &SegmentReader),
    after: Option<&[u8]>,
    most: usize,
) -> Result<Vec<Entry>, StoreError> {
    let ids = segment.inverted_index(index.own.id).map_err(failed)?;
    let range = ids.terms().range();
    let range = if let Some(after) = after { range.gt(after) } else { range };
    let mut terms = range.into_stream().map_err(|error| of_disk(&error))?;
    let mut entries = Vec::new();
    while entries.len() < most && terms.advance() {
        let option = IndexRecordOption::Basic;
        let postings = ids.read_postings_from_terminfo(terms.value(), option);
        let mut postings = postings.map_err(|error| of_disk(&error))?;
        while postings.doc() != tantivy::TERMINATED {
            if !segment.is_deleted(postings.doc()) {
                let id = String::from_utf8_lossy(terms.key()).into_owned();
                entries.push((id, DocAddress::new(number, postings.doc())));
            }
            postings.advance();
        }
    }
    Ok(entries)
}
