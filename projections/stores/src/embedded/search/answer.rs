//! From a question to its answer: every segment in turn, what matches counted and ranked, then the hits themselves.

use chimera_model::SearchSpec;
use tantivy::{DocAddress, Searcher, SegmentReader};

use super::analysis::Analysis;
use super::block::{self, Values};
use super::facets::{self, Counting};
use super::failure::failed;
use super::fields::FOUND_COLUMN;
use super::filters;
use super::highlight;
use super::index::OpenIndex;
use super::matching::{self, Scores};
use super::ranking::{self, Best, Collecting, Place, Ranked};
use super::terms::{self, Asked};
use crate::error::StoreError;
use crate::search::{Found, Hit, Query, Sort};

/// A question with everything that is the same for all segments.
struct Question<'a> {
    index: &'a OpenIndex,
    spec: &'static SearchSpec,
    query: &'a Query,
    /// None where all documents match.
    words: Option<Vec<Asked>>,
    after: Option<Place>,
}

/// What the segments have given so far.
#[derive(Default)]
struct Gathered {
    total: u64,
    best: Vec<Best>,
    facets: Vec<Vec<Counting>>,
}

/// The answer to a question, which is known to fit.
pub(super) fn answer(
    index: &OpenIndex,
    spec: &'static SearchSpec,
    query: &Query,
) -> Result<Found, StoreError> {
    let (searcher, mut analysis) = (index.reader.searcher(), Analysis::new());
    let words = query.text.as_ref().map(|text| terms::asked(text, &mut analysis));
    let after = ranking::place(query)?;
    let question = Question { index, spec, query, words, after };
    let mut gathered = Gathered::default();
    if question.words.as_ref().is_none_or(|words| !words.is_empty()) {
        for (number, segment) in (0..).zip(searcher.segment_readers()) {
            question.read(number, segment, &mut gathered)?;
        }
    }
    let facets = question.facets(&gathered)?;
    let Gathered { total, mut best, .. } = gathered;
    best.sort();
    let more = best.len() > query.limit;
    best.truncate(query.limit);
    let next = match best.last().filter(|_| more) {
        Some(last) => Some(ranking::cursor(query, last)?),
        None => None,
    };
    let hits = question.hits(&searcher, best, &mut analysis)?;
    Ok(Found { total, hits, facets, next })
}

impl Question<'_> {
    fn read(
        &self,
        number: u32,
        segment: &SegmentReader,
        gathered: &mut Gathered,
    ) -> Result<(), StoreError> {
        let schema = self.index.index.schema();
        let scores = match &self.words {
            Some(words) => matching::scores(segment, &schema, self.spec, words)?,
            None => Scores::NO_WORDS,
        };
        let mut met = filters::met(segment, &schema, self.spec, &self.query.filters)?;
        let mut counting = facets::counting(segment, &schema, self.spec, &self.query.facets)?;
        let ranked = Ranked::by(segment, self.query.sort)?;
        // One more than asked for says whether there is a next page.
        let most = self.query.limit + 1;
        let mut collecting = Collecting::new(segment, most, self.after.as_ref())?;
        let found = segment.fast_fields().bool(FOUND_COLUMN).map_err(failed)?;
        let (mut docs, mut ranks, mut values) = (vec![], vec![], Values::default());
        for start in (0..segment.max_doc()).step_by(block::DOCUMENTS as usize) {
            let end = segment.max_doc().min(start + block::DOCUMENTS);
            docs.clear();
            scores.matching(start..end, &mut docs);
            docs.retain(|doc| !segment.is_deleted(*doc));
            block::keep(&mut docs, &found, &mut values, |found| found);
            for filter in &mut met {
                filter.keep(&mut docs);
            }
            gathered.total += docs.len() as u64;
            for facet in &mut counting {
                facet.count(&docs);
            }
            ranked.rank(&docs, &scores, &mut ranks);
            collecting.collect(&docs, &ranks);
        }
        collecting.add_to(&mut gathered.best, number)?;
        gathered.facets.push(counting);
        Ok(())
    }

    fn facets(
        &self,
        gathered: &Gathered,
    ) -> Result<Vec<Vec<crate::search::FacetCount>>, StoreError> {
        let mut all = Vec::with_capacity(self.query.facets.len());
        for (number, facet) in self.query.facets.iter().enumerate() {
            let of_segments: Vec<&Counting> =
                gathered.facets.iter().filter_map(|segment| segment.get(number)).collect();
            all.push(facets::together(self.spec, facet, &of_segments)?);
        }
        Ok(all)
    }

    fn hits(
        &self,
        searcher: &Searcher,
        best: Vec<Best>,
        analysis: &mut Analysis,
    ) -> Result<Vec<Hit>, StoreError> {
        let mut hits = Vec::with_capacity(best.len());
        for Best { rank, id, segment, doc } in best {
            let address = DocAddress::new(segment, doc);
            let stored = self.index.stored_at(searcher, self.spec, &id, address)?;
            let document = stored.visible(self.spec).unwrap_or_default();
            let by_score = self.words.is_some() && self.query.sort == Sort::Relevance;
            let score = if by_score { ranking::score_of(rank) } else { 0.0 };
            let words = self.words.as_deref().unwrap_or_default();
            let highlights =
                highlight::of(&document, self.spec, &self.query.highlight, words, analysis);
            hits.push(Hit { id, score, document, highlights });
        }
        Ok(hits)
    }
}
