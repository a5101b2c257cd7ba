//! A question as OpenSearch is asked it.
//!
//! Every word is looked for in every text: as written, by its stems, as a beginning, with typing errors. Each of these counts a
//! fixed number times the field's weight, so that a nearer kind of match is worth more whatever the rarity of the words; among
//! equals decides how much of the text the words are (BM25), with a share that is too small to matter otherwise.

use chimera_model::SearchSpec;
use serde_json::{Value as Json, json};

use super::document::json as value_json;
use super::layout::{path, stems, texts};
use crate::search::{
    Filter, Language, Query, Sort, Word, forgiven_errors, is_forgiving, may_be_beginning, words,
};

/// What a word counts in a text of weight 1; as the embedded search has it.
const AS_WRITTEN: f32 = 1.0;
const BY_STEM: f32 = 0.8;
const AS_BEGINNING: f32 = 0.6;
const WITH_ONE_ERROR: f32 = 0.35;
const WITH_MORE_ERRORS: f32 = 0.2;
/// Of the score that rarity and length give.
const SHARE: f32 = 0.0025;
/// Words longer than this are not compared letter by letter.
const LONGEST_WITH_ERRORS: usize = 40;
/// A little less than OpenSearch takes unless told otherwise (`indices.query.bool.max_clause_count`).
const MOST_CLAUSES: usize = 1_000;

/// The clause that selects.
pub(super) fn selection(spec: &SearchSpec, query: &Query) -> Json {
    let mut filters = vec![json!({"term": {"found": true}})];
    filters.extend(query.filters.iter().map(|wanted| filter(spec, wanted)));
    let Some(text) = &query.text else {
        return json!({"bool": {"filter": filters}});
    };
    let words: Vec<Word<'_>> = words(text).collect();
    if words.is_empty() {
        return json!({"match_none": {}});
    }
    let ways = Ways::of(spec, words.len());
    let mut clauses = Vec::with_capacity(words.len());
    for (index, found) in words.iter().enumerate() {
        clauses.push(word(spec, found.text, index + 1 == words.len(), ways));
    }
    if query.sort != Sort::Relevance {
        filters.extend(clauses);
        return json!({"bool": {"filter": filters}});
    }
    if ways < Ways::All {
        return json!({"bool": {"must": clauses, "filter": filters}});
    }
    let fields = texts(spec).filter_map(|(name, weight)| Some((path(spec, name)?, weight)));
    let weighted: Vec<String> = fields.map(|(path, weight)| format!("{path}^{weight}")).collect();
    let nearness = json!({"multi_match": {"query": text, "fields": weighted, "type": "most_fields", "boost": SHARE}});
    json!({"bool": {"must": clauses, "filter": filters, "should": [nearness]}})
}

/// In which ways words are looked for: fewer in a question so long that OpenSearch would refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ways {
    AsWritten,
    AndByStem,
    All,
}

impl Ways {
    fn of(spec: &SearchSpec, words: usize) -> Self {
        let places = words * texts(spec).count();
        let stems = Language::ALL.len();
        // As written, by its stems, with one error and with more, and for the nearness.
        if places * (1 + stems + 2 + 1) < MOST_CLAUSES {
            Self::All
        } else if places * (1 + stems) < MOST_CLAUSES {
            Self::AndByStem
        } else {
            Self::AsWritten
        }
    }
}

/// One word, in whichever text and way it counts most.
fn word(spec: &SearchSpec, word: &str, is_last: bool, allowed: Ways) -> Json {
    let mut ways = Vec::new();
    for (name, weight) in texts(spec) {
        let Some(path) = path(spec, name) else { continue };
        let mut add = |clause: Json, counts: f32| {
            let boost = counts * f32::from(weight);
            ways.push(json!({"constant_score": {"filter": clause, "boost": boost}}));
        };
        add(json!({"match": {&path: {"query": word, "operator": "and"}}}), AS_WRITTEN);
        let forgives = is_forgiving(weight);
        if forgives && is_last && may_be_beginning(word) {
            let beginning = json!({"query": word, "operator": "and"});
            add(json!({"match_bool_prefix": {&path: beginning}}), AS_BEGINNING);
        }
        if allowed >= Ways::AndByStem {
            let stems = Language::ALL.map(|language| stems(language, name));
            let by_stem = json!({"query": word, "operator": "and", "fields": stems});
            add(json!({"multi_match": by_stem}), BY_STEM);
        }
        if !forgives || allowed < Ways::All || word.chars().count() > LONGEST_WITH_ERRORS {
            continue;
        }
        for errors in 1..=forgiven_errors(word) {
            let erring = json!({
                "query": word, "operator": "and", "fuzziness": errors.to_string(), "fuzzy_rewrite": "constant_score",
            });
            let counts = if errors == 1 { WITH_ONE_ERROR } else { WITH_MORE_ERRORS };
            add(json!({"match": {&path: erring}}), counts);
        }
    }
    json!({"dis_max": {"queries": ways}})
}

/// What a document must be.
pub(super) fn filter(spec: &SearchSpec, wanted: &Filter) -> Json {
    match wanted {
        Filter::AnyOf(field, values) => {
            let values: Vec<Json> = values.iter().map(value_json).collect();
            json!({"terms": {path(spec, field).unwrap_or_default(): values}})
        }
        Filter::Within(field, from, to) => {
            let mut bounds = json!({});
            if let Some(from) = from {
                bounds["gte"] = value_json(from);
            }
            if let Some(to) = to {
                bounds["lte"] = value_json(to);
            }
            json!({"range": {path(spec, field).unwrap_or_default(): bounds}})
        }
        Filter::Either(filters) if filters.is_empty() => json!({"match_none": {}}),
        Filter::Either(filters) => {
            let any: Vec<Json> = filters.iter().map(|wanted| filter(spec, wanted)).collect();
            json!({"bool": {"should": any, "minimum_should_match": 1}})
        }
    }
}

/// In which order, with the id last.
pub(super) fn order(spec: &SearchSpec, query: &Query) -> Vec<Json> {
    let by = |field: &str, order: &str| {
        let path = path(spec, field).unwrap_or_default();
        json!({path: {"order": order, "missing": "_last"}})
    };
    let id = json!({"id": "asc"});
    match query.sort {
        Sort::Relevance if query.text.is_none() => vec![id],
        Sort::Relevance => vec![json!({"_score": "desc"}), id],
        Sort::Ascending(field) => vec![by(field, "asc"), id],
        Sort::Descending(field) => vec![by(field, "desc"), id],
    }
}
