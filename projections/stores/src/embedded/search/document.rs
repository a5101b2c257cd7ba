//! A document as it is stored, how newer parts go into it, and what of it is indexed.

use std::collections::BTreeMap;

use chimera_model::{SearchKind, SearchMutation, SearchSpec, Value};
use serde::{Deserialize, Serialize};
use tantivy::TantivyDocument;
use tantivy::schema::{Field, Schema};

use super::analysis::Analysis;
use super::failure::failed;
use super::fields::{self, OwnFields};
use crate::embedded::seal::{seal, unseal};
use crate::error::StoreError;
use crate::search::{Document, Language, words};

/// Of every part of the spec, in its order, the version, and the fields by their number in the part; version 0 for one never
/// written, no fields for one deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    parts: Vec<(u64, Option<Numbered>)>,
}

/// Fields by their number in the part.
type Numbered = Vec<(u32, Vec<Value>)>;

impl Stored {
    /// A document of which nothing is known yet.
    pub(super) fn empty(spec: &SearchSpec) -> Self {
        Self { parts: vec![(0, None); spec.parts.len()] }
    }

    /// The document that [`Stored::to_bytes`] gave.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub(super) fn from_bytes(spec: &SearchSpec, id: &str, sealed: &[u8]) -> Result<Self, String> {
        let stored: Self = postcard::from_bytes(unseal(id.as_bytes(), sealed)?)
            .map_err(|error| format!("no document: {error}"))?;
        if stored.parts.len() != spec.parts.len() {
            return Err(format!("{} parts instead of {}", stored.parts.len(), spec.parts.len()));
        }
        Ok(stored)
    }

    fn to_bytes(&self, id: &str) -> Result<Vec<u8>, StoreError> {
        let bytes =
            postcard::to_stdvec(self).map_err(|error| StoreError::Fatal(error.to_string()))?;
        Ok(seal(id.as_bytes(), bytes))
    }

    /// Takes the mutation in if it is newer; says whether it was.
    pub(super) fn merge(&mut self, mutation: &SearchMutation) -> bool {
        let known = mutation.spec.parts.iter().position(|part| part.name == mutation.part);
        let Some((number, slot)) =
            known.and_then(|number| Some((number, self.parts.get_mut(number)?)))
        else {
            return false;
        };
        if slot.0 >= mutation.version {
            return false;
        }
        *slot = (
            mutation.version,
            mutation.fields.as_ref().map(|fields| {
                let part = &mutation.spec.parts[number];
                let mut numbered = Vec::with_capacity(fields.len());
                for (index, field) in (0..).zip(part.fields) {
                    let given = fields.iter().find(|(name, _)| *name == field.name);
                    if let Some((_, values)) = given.filter(|(_, values)| !values.is_empty()) {
                        numbered.push((index, values.clone()));
                    }
                }
                numbered
            }),
        );
        true
    }

    /// Whether it may be found: its first part is there.
    fn is_found(&self) -> bool {
        self.parts.first().is_some_and(|(_, fields)| fields.is_some())
    }

    /// What readers see of it; none where no part is left.
    pub(super) fn visible(self, spec: &SearchSpec) -> Option<Document> {
        let mut parts = BTreeMap::new();
        for (part, (version, fields)) in spec.parts.iter().zip(self.parts) {
            let Some(fields) = fields else { continue };
            let mut named = BTreeMap::new();
            for (number, values) in fields {
                let field = usize::try_from(number).ok().and_then(|number| part.fields.get(number));
                if let Some(field) = field {
                    named.insert(field.name.to_owned(), values);
                }
            }
            parts.insert(part.name.to_owned(), (version, named));
        }
        (!parts.is_empty()).then_some(Document { parts })
    }

    /// Every field that has values, with its name and kind.
    fn fields<'a>(
        &'a self,
        spec: &'a SearchSpec,
    ) -> impl Iterator<Item = (&'static str, SearchKind, &'a [Value])> {
        spec.parts.iter().zip(&self.parts).flat_map(|(part, (_, fields))| {
            fields.iter().flatten().filter_map(|(number, values)| {
                let field = part.fields.get(usize::try_from(*number).ok()?)?;
                Some((field.name, field.kind, values.as_slice()))
            })
        })
    }

    fn language(&self, spec: &SearchSpec) -> Option<Language> {
        let name = spec.language?;
        let code = self.fields(spec).find(|(field, ..)| *field == name);
        match code.and_then(|(_, _, values)| values.first()) {
            Some(Value::Text(code)) => Language::of(Some(code)),
            _ => Language::of(None),
        }
    }
}

/// Makes what is indexed of documents of one index.
pub(super) struct Indexing<'a> {
    pub(super) spec: &'static SearchSpec,
    pub(super) schema: &'a Schema,
    pub(super) own: OwnFields,
    pub(super) analysis: Analysis,
}

impl Indexing<'_> {
    /// The document as it goes into the index.
    pub(super) fn document(
        &mut self,
        id: &str,
        stored: &Stored,
    ) -> Result<TantivyDocument, StoreError> {
        let mut document = TantivyDocument::new();
        document.add_text(self.own.id, id);
        document.add_bytes(self.own.document, &stored.to_bytes(id)?);
        document.add_bool(self.own.found, stored.is_found());
        if !stored.is_found() {
            return Ok(document);
        }
        let language = stored.language(self.spec);
        for (name, kind, values) in stored.fields(self.spec) {
            self.add(&mut document, (name, kind), values, language)?;
        }
        Ok(document)
    }

    fn add(
        &mut self,
        document: &mut TantivyDocument,
        (name, kind): (&str, SearchKind),
        values: &[Value],
        language: Option<Language>,
    ) -> Result<(), StoreError> {
        match kind {
            SearchKind::Stored => return Ok(()),
            SearchKind::Text { .. } => {
                let fields = fields::text(self.schema, name)?;
                for value in values {
                    if let Value::Text(text) = value {
                        self.add_words(document, fields, text, language);
                    }
                }
                return Ok(());
            }
            SearchKind::Keyword
            | SearchKind::Boolean
            | SearchKind::Integer
            | SearchKind::Decimal
            | SearchKind::Timestamp => {}
        }
        let field = self.schema.get_field(name).map_err(failed)?;
        for value in values {
            add_value(document, field, value);
        }
        Ok(())
    }

    fn add_words(
        &mut self,
        document: &mut TantivyDocument,
        fields: fields::TextFields,
        text: &str,
        language: Option<Language>,
    ) {
        let (mut plain, mut stems) = (String::new(), String::new());
        for word in words(text) {
            plain.push_str(&self.analysis.folded(word.text));
            plain.push(' ');
            if let Some(language) = language {
                stems.push_str(&self.analysis.stem(word.text, language));
                stems.push(' ');
            }
        }
        document.add_text(fields.plain, plain);
        document.add_text(fields.stems, stems);
    }
}

fn add_value(document: &mut TantivyDocument, field: Field, value: &Value) {
    match value {
        Value::Null => {}
        Value::Boolean(yes) => document.add_bool(field, *yes),
        Value::Text(text) => document.add_text(field, text),
        Value::Integer(_) | Value::Decimal(_) | Value::Timestamp(_) => {
            if let Some(number) = number(value) {
                document.add_i64(field, number);
            }
        }
    }
}

/// A number or time as it stands in its column.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Decimal(amount) => Some(amount.ten_thousandths()),
        Value::Timestamp(time) => Some(time.0),
        Value::Null | Value::Boolean(_) | Value::Text(_) => None,
    }
}
