//! Settings and mappings of indices, all of them from the spec; and the description of an index that is kept in it.
//!
//! A document holds `parts.<part>.<field>` as they were written, `versions.<part>`, and its texts a second time under
//! `stems.<language>.<field>`, where they are put into the stems of that language. Amounts are whole ten-thousandths and times
//! microseconds, so that ranges are exact and nothing is rounded.

use chimera_model::{SearchField, SearchKind, SearchPart, SearchSpec};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::options::OpenSearchOptions;
use super::tuning::REFRESH;
use crate::search::Language;
use crate::view::View;

/// Changed with whatever changes the bytes of documents, the analysis or the mapping.
const FORMAT: u32 = 1;

/// What an index is, as it stands in the `_meta` of its mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Described {
    format: u32,
    pub(super) model: String,
    pub(super) generation: u32,
    /// Name and shape of each index of the view that this one belongs to; for one with documents of it alone.
    pub(super) indices: std::collections::BTreeMap<String, String>,
}

impl Described {
    pub(super) fn new(view: View, specs: &[&'static SearchSpec]) -> Self {
        let indices = specs.iter().map(|spec| (spec.index.to_owned(), shape(spec))).collect();
        let View { model, generation } = view;
        Self { format: FORMAT, model: model.to_owned(), generation, indices }
    }
}

/// The shape of an index as text.
pub(super) fn shape(spec: &SearchSpec) -> String {
    let part = |part: &SearchPart| {
        let fields: Vec<String> = part.fields.iter().map(field_shape).collect();
        format!("{}({})", part.name, fields.join(", "))
    };
    let parts: Vec<String> = spec.parts.iter().map(part).collect();
    format!("{} in {}", parts.join(" "), spec.language.unwrap_or("no language"))
}

/// Weights are the question's, not the document's.
fn field_shape(field: &SearchField) -> String {
    match field.kind {
        SearchKind::Text { .. } => format!("{} Text", field.name),
        kind => format!("{} {kind:?}", field.name),
    }
}

/// Where a field's values are, as they were written.
pub(super) fn path(spec: &SearchSpec, field: &str) -> Option<String> {
    let has = |part: &&SearchPart| part.fields.iter().any(|known| known.name == field);
    let part = spec.parts.iter().find(has)?;
    Some(format!("parts.{}.{field}", part.name))
}

/// Where the stems of a text are.
pub(super) fn stems(language: Language, field: &str) -> String {
    format!("stems.{}.{field}", language.code())
}

/// The text fields with their weights.
pub(super) fn texts(spec: &SearchSpec) -> impl Iterator<Item = (&'static str, u8)> {
    let fields = spec.parts.iter().flat_map(|part| part.fields);
    fields.filter_map(|field| match field.kind {
        SearchKind::Text { weight } => Some((field.name, weight)),
        _ => None,
    })
}

/// What makes an index for documents.
pub(super) fn of_documents(
    options: &OpenSearchOptions,
    view: View,
    spec: &'static SearchSpec,
    alias: &str,
) -> Json {
    let mut settings = settings(options, options.shards);
    settings["analysis"] = analysis();
    let mut parts = Map::new();
    for part in spec.parts {
        let fields = part.fields.iter().map(|field| (field.name.to_owned(), mapped(field.kind)));
        parts.insert(part.name.to_owned(), json!({"properties": fields.collect::<Map<_, _>>()}));
    }
    let mut stems = Map::new();
    for language in Language::ALL {
        let text = json!({"type": "text", "analyzer": language.code(), "norms": false});
        let fields = texts(spec).map(|(name, _)| (name.to_owned(), text.clone()));
        stems.insert(
            language.code().to_owned(),
            json!({"properties": fields.collect::<Map<_, _>>()}),
        );
    }
    json!({
        "settings": settings,
        "aliases": {alias: {}},
        "mappings": {
            "dynamic": "strict",
            "_meta": Described::new(view, &[spec]),
            "properties": {
                "id": {"type": "keyword"},
                "found": {"type": "boolean"},
                "empty": {"type": "boolean"},
                "versions": {"type": "object", "enabled": false},
                "parts": {"properties": parts},
                "stems": {"properties": stems},
            },
        },
    })
}

/// What makes the index for a view's checkpoints.
pub(super) fn of_checkpoints(
    options: &OpenSearchOptions,
    view: View,
    specs: &[&'static SearchSpec],
    alias: &str,
) -> Json {
    json!({
        "settings": settings(options, 1),
        "aliases": {alias: {}},
        "mappings": {
            "dynamic": "strict",
            "_meta": Described::new(view, specs),
            "properties": {
                "stream": {"type": "keyword"},
                "partition": {"type": "long"},
                "sequence": {"type": "long"},
            },
        },
    })
}

/// An answer means that it is on disk, whatever the cluster's own settings say.
fn settings(options: &OpenSearchOptions, shards: u32) -> Json {
    json!({
        "number_of_shards": shards,
        "number_of_replicas": options.replicas,
        "refresh_interval": REFRESH,
        "translog.durability": "request",
    })
}

fn analysis() -> Json {
    let simple = ["lowercase", "asciifolding"];
    let mut analyzers = Map::new();
    let mut filters = Map::new();
    analyzers.insert(
        "plain".to_owned(),
        json!({"type": "custom", "tokenizer": "words", "filter": simple}),
    );
    for language in Language::ALL {
        let code = language.code();
        let filter = format!("stems_{code}");
        // Folded first, so that a stem is found by whoever leaves the accents out.
        let chain = [simple[0], simple[1], &filter];
        analyzers.insert(
            code.to_owned(),
            json!({"type": "custom", "tokenizer": "words", "filter": chain}),
        );
        filters.insert(filter, json!({"type": "stemmer", "language": stemmer(language)}));
    }
    let apart =
        json!({"type": "char_group", "tokenize_on_chars": ["whitespace", "punctuation", "symbol"]});
    json!({"tokenizer": {"words": apart}, "filter": filters, "analyzer": analyzers})
}

/// The Snowball stemmers, as the embedded search has them.
fn stemmer(language: Language) -> &'static str {
    match language {
        Language::English => "porter2",
        Language::German => "german",
        Language::French => "french",
        Language::Spanish => "spanish",
        Language::Italian => "italian",
        Language::Portuguese => "portuguese",
        Language::Dutch => "dutch",
    }
}

fn mapped(kind: SearchKind) -> Json {
    match kind {
        SearchKind::Text { .. } => json!({"type": "text", "analyzer": "plain"}),
        SearchKind::Keyword => json!({"type": "keyword"}),
        SearchKind::Boolean => json!({"type": "boolean"}),
        SearchKind::Integer | SearchKind::Decimal | SearchKind::Timestamp => {
            json!({"type": "long"})
        }
        SearchKind::Stored => json!({"type": "object", "enabled": false}),
    }
}
