//! Which documents of a segment have all words, and how near they are.
//!
//! Word by word, into arrays with a place for each document: as long as the segment, whatever is asked, so that no question is
//! slow. A document's score depends on itself alone, never on what else is in the index: cursors stay true while others write.

use std::ops::Range;

use chimera_model::{SearchKind, SearchSpec};
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::InvertedIndexReader;
use tantivy::postings::TermInfo;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::{Field, IndexRecordOption, Schema};
use tantivy::{SegmentReader, Term};

use super::failure::{failed, of_disk};
use super::fields;
use super::terms::{Asked, Nearness, errors_between};
use crate::error::StoreError;
use crate::search::is_forgiving;

/// How much less a hit counts for each further word of its text.
const DILUTION: f32 = 0.05;
/// A hit in a long text counts at least so much of one in a short text.
const LEAST_SHARE: f32 = 0.3;

/// Scores by document; 0 where a document doesn't match. Without words all documents match, with nothing to tell them apart.
pub(super) struct Scores(Option<Vec<f32>>);

impl Scores {
    /// Of a question without words.
    pub(super) const NO_WORDS: Self = Self(None);

    /// The score of a document.
    pub(super) fn of(&self, doc: u32) -> f32 {
        let score = self.0.as_ref().and_then(|scores| scores.get(doc as usize));
        score.copied().unwrap_or(0.0)
    }

    /// Adds the documents of a range that match, in ascending order.
    pub(super) fn matching(&self, range: Range<u32>, docs: &mut Vec<u32>) {
        let Some(scores) = &self.0 else {
            docs.extend(range);
            return;
        };
        let of_range = scores.get(range.start as usize..range.end as usize).unwrap_or_default();
        docs.extend(range.zip(of_range).filter(|(_, score)| **score > 0.0).map(|(doc, _)| doc));
    }
}

/// The scores of a segment's documents for these words.
pub(super) fn scores(
    segment: &SegmentReader,
    schema: &Schema,
    spec: &SearchSpec,
    words: &[Asked],
) -> Result<Scores, StoreError> {
    let texts = texts(segment, schema, spec)?;
    let length = segment.max_doc() as usize;
    let mut total = vec![0.0; length];
    let mut of_word = vec![0.0; length];
    for (number, word) in words.iter().enumerate() {
        of_word.fill(0.0);
        for text in &texts {
            text.add(word, &mut of_word)?;
        }
        if number == 0 {
            std::mem::swap(&mut total, &mut of_word);
            continue;
        }
        for (sum, score) in total.iter_mut().zip(&of_word) {
            *sum = if *sum > 0.0 && *score > 0.0 { *sum + score } else { 0.0 };
        }
    }
    Ok(Scores(Some(total)))
}

/// A text field of a segment.
struct TextOf {
    plain: std::sync::Arc<InvertedIndexReader>,
    stems: std::sync::Arc<InvertedIndexReader>,
    plain_field: Field,
    stems_field: Field,
    lengths: Option<FieldNormReader>,
    /// Whether beginnings and words with typing errors count.
    forgives: bool,
    /// By the lengths' number: how much a hit counts.
    shares: [f32; 256],
}

fn texts(
    segment: &SegmentReader,
    schema: &Schema,
    spec: &SearchSpec,
) -> Result<Vec<TextOf>, StoreError> {
    let mut texts = Vec::new();
    for field in spec.parts.iter().flat_map(|part| part.fields) {
        let SearchKind::Text { weight } = field.kind else { continue };
        let fields = fields::text(schema, field.name)?;
        let mut shares = [0.0; 256];
        for (number, share) in (0..=u8::MAX).zip(&mut shares) {
            *share = f32::from(weight.max(1)) * share_of(FieldNormReader::id_to_fieldnorm(number));
        }
        texts.push(TextOf {
            forgives: is_forgiving(weight),
            shares,
            plain: segment.inverted_index(fields.plain).map_err(failed)?,
            stems: segment.inverted_index(fields.stems).map_err(failed)?,
            plain_field: fields.plain,
            stems_field: fields.stems,
            lengths: segment.fieldnorms_readers().get_field(fields.plain).map_err(failed)?,
        });
    }
    Ok(texts)
}

impl TextOf {
    /// Raises the score of each document that has the word in this text.
    fn add(&self, word: &Asked, scores: &mut [f32]) -> Result<(), StoreError> {
        let plain = Term::from_field_text(self.plain_field, &word.plain);
        self.add_term(&self.plain, &plain, Nearness::Same, scores)?;
        for stem in &word.stems {
            let stem = Term::from_field_text(self.stems_field, stem);
            self.add_term(&self.stems, &stem, Nearness::Form, scores)?;
        }
        if word.beginning && self.forgives {
            self.add_beginnings(&word.plain, scores)?;
        }
        if word.errors > 0 && self.forgives {
            self.add_misspelt(word, &plain, scores)?;
        }
        Ok(())
    }

    fn add_term(
        &self,
        index: &InvertedIndexReader,
        term: &Term,
        nearness: Nearness,
        scores: &mut [f32],
    ) -> Result<(), StoreError> {
        match index.get_term_info(term).map_err(|error| of_disk(&error))? {
            Some(info) => self.add_postings(index, &info, nearness, scores),
            None => Ok(()),
        }
    }

    fn add_beginnings(&self, beginning: &str, scores: &mut [f32]) -> Result<(), StoreError> {
        // No byte of a text in UTF-8 is 0xFF, so this is above every word that begins so.
        let mut above = beginning.as_bytes().to_vec();
        above.push(0xFF);
        let range = self.plain.terms().range().gt(beginning).lt(&above);
        let mut terms = range.into_stream().map_err(|error| of_disk(&error))?;
        while terms.advance() {
            self.add_postings(&self.plain, terms.value(), Nearness::Beginning, scores)?;
        }
        Ok(())
    }

    fn add_misspelt(
        &self,
        word: &Asked,
        term: &Term,
        scores: &mut [f32],
    ) -> Result<(), StoreError> {
        let near = FuzzyTermQuery::new(term.clone(), word.errors, true);
        let near = near.automaton().map_err(failed)?;
        let terms = self.plain.terms().search(near).into_stream();
        let mut terms = terms.map_err(|error| of_disk(&error))?;
        while terms.advance() {
            let found = String::from_utf8_lossy(terms.key());
            let errors = errors_between(&found, &word.plain);
            if errors > 0 {
                let nearness = Nearness::after_errors(errors);
                self.add_postings(&self.plain, terms.value(), nearness, scores)?;
            }
        }
        Ok(())
    }

    fn add_postings(
        &self,
        index: &InvertedIndexReader,
        info: &TermInfo,
        nearness: Nearness,
        scores: &mut [f32],
    ) -> Result<(), StoreError> {
        let postings = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic);
        let mut postings = postings.map_err(|error| of_disk(&error))?;
        let worth = nearness.worth();
        loop {
            let docs = postings.docs();
            if docs.is_empty() {
                return Ok(());
            }
            for doc in docs {
                if let Some(score) = scores.get_mut(*doc as usize) {
                    *score = score.max(worth * self.share(*doc));
                }
            }
            postings.advance();
        }
    }

    fn share(&self, doc: u32) -> f32 {
        let length = self.lengths.as_ref().map_or(1, |lengths| lengths.fieldnorm_id(doc));
        self.shares[usize::from(length)]
    }
}

/// A word is more of a short text than of a long one.
fn share_of(words: u32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "lengths of texts are far below 2²³")]
    let further = words.saturating_sub(1) as f32;
    (1.0 / (1.0 + DILUTION * further)).max(LEAST_SHARE)
}
