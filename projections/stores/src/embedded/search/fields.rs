//! From a spec to the fields of an index: under which names and how each is kept.
//!
//! A text is indexed twice, as its words are written and as their stems. Everything that is filtered, counted or sorted by stands
//! in columns, so that no question reads documents that it does not show.

use chimera_model::{SearchKind, SearchSpec};
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, SchemaBuilder,
    TextFieldIndexing, TextOptions,
};

use super::failure::failed;
use crate::error::StoreError;

/// Of the fields, the analysis and the stored documents; a change of one of them is a new number.
const FORMAT: u32 = 1;
const RAW: &str = "raw";
/// The words arrive analyzed, with blanks between them.
const ANALYZED: &str = "whitespace";

const ID: &str = "_id";
const FOUND: &str = "_found";
const DOCUMENT: &str = "_document";

/// The fields that every index has.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnFields {
    /// The document's id.
    pub(super) id: Field,
    /// Whether it may be found.
    pub(super) found: Field,
    /// All of it, as bytes.
    pub(super) document: Field,
}

/// Both fields of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextFields {
    pub(super) plain: Field,
    pub(super) stems: Field,
}

/// The shape of an index as text; what is stored means nothing under another one.
pub(super) fn shape(spec: &SearchSpec) -> String {
    let mut text = format!("format {FORMAT}, language {:?}", spec.language);
    for part in spec.parts {
        let fields: Vec<String> =
            part.fields.iter().map(|field| format!("{} {:?}", field.name, field.kind)).collect();
        text.extend([", ", part.name, "(", &fields.join(", "), ")"]);
    }
    text
}

/// The fields of an index for this spec.
pub(super) fn schema(spec: &SearchSpec) -> Schema {
    let mut schema = Schema::builder();
    schema.add_text_field(ID, raw().set_fast(RAW));
    schema.add_bool_field(FOUND, NumericOptions::default().set_fast());
    schema.add_bytes_field(DOCUMENT, BytesOptions::default().set_stored());
    for field in spec.parts.iter().flat_map(|part| part.fields) {
        add(&mut schema, field.name, field.kind);
    }
    schema.build()
}

fn add(schema: &mut SchemaBuilder, name: &str, kind: SearchKind) {
    match kind {
        SearchKind::Text { .. } => {
            schema.add_text_field(&plain(name), words(true));
            schema.add_text_field(&stems(name), words(false));
        }
        SearchKind::Keyword => {
            schema.add_text_field(name, raw().set_fast(RAW));
        }
        SearchKind::Boolean => {
            schema.add_bool_field(name, NumericOptions::default().set_fast());
        }
        SearchKind::Integer | SearchKind::Decimal | SearchKind::Timestamp => {
            schema.add_i64_field(name, NumericOptions::default().set_fast());
        }
        SearchKind::Stored => {}
    }
}

fn raw() -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(RAW).set_fieldnorms(false);
    TextOptions::default().set_indexing_options(indexing.set_index_option(IndexRecordOption::Basic))
}

fn words(with_lengths: bool) -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(ANALYZED);
    let indexing = indexing.set_fieldnorms(with_lengths).set_index_option(IndexRecordOption::Basic);
    TextOptions::default().set_indexing_options(indexing)
}

fn plain(name: &str) -> String {
    format!("{name}__words")
}

fn stems(name: &str) -> String {
    format!("{name}__stems")
}

/// The fields that every index has.
pub(super) fn own(schema: &Schema) -> Result<OwnFields, StoreError> {
    let [id, found, document] = [ID, FOUND, DOCUMENT].map(|name| schema.get_field(name));
    Ok(OwnFields {
        id: id.map_err(failed)?,
        found: found.map_err(failed)?,
        document: document.map_err(failed)?,
    })
}

/// The fields of a text.
pub(super) fn text(schema: &Schema, name: &str) -> Result<TextFields, StoreError> {
    Ok(TextFields {
        plain: schema.get_field(&plain(name)).map_err(failed)?,
        stems: schema.get_field(&stems(name)).map_err(failed)?,
    })
}

/// The column of ids.
pub(super) const ID_COLUMN: &str = ID;
/// The column that says what may be found.
pub(super) const FOUND_COLUMN: &str = FOUND;
