//! A document as it lies in OpenSearch: its parts with their versions, and the merging of newer ones.
//!
//! The external version counts writes: whoever writes version n + 1 has merged into version n, and of two who did only one
//! succeeds. What a part holds follows from its version, so merging the newer of each part gives the same in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::{SearchKind, SearchPart, SearchSpec, Value};
use serde::Deserialize;
use serde_json::Value as Json;

use super::render::Content;
use crate::search::Document;

/// What is known of a document, by the spec's parts in their order.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// How often it has been written; 0 where it isn't there.
    pub(super) writes: u64,
    pub(super) parts: Vec<Option<HeldPart>>,
}

/// One part.
#[derive(Debug, Clone)]
pub(super) struct HeldPart {
    pub(super) version: u64,
    /// None where the part is deleted; the version stays.
    pub(super) content: Option<Arc<Content>>,
}

impl Held {
    pub(super) fn nothing(spec: &SearchSpec) -> Self {
        Self { writes: 0, parts: vec![None; spec.parts.len()] }
    }

    /// Takes over what is newer; whether anything was.
    pub(super) fn merge(&mut self, wanted: &[Option<HeldPart>]) -> bool {
        let mut changed = false;
        for (part, newer) in self.parts.iter_mut().zip(wanted) {
            let Some(newer) = newer else { continue };
            if part.as_ref().is_none_or(|part| part.version < newer.version) {
                *part = Some(newer.clone());
                changed = true;
            }
        }
        changed
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let content = |part: &HeldPart| part.content.as_ref().map_or(0, |content| content.bytes());
        64 * self.parts.len() + self.parts.iter().flatten().map(content).sum::<usize>()
    }
}

/// A document's source, as far as it is read back.
#[derive(Deserialize)]
pub(super) struct Source {
    pub(super) id: String,
    versions: BTreeMap<String, u64>,
    #[serde(default)]
    parts: BTreeMap<String, BTreeMap<String, Vec<Json>>>,
}

impl Source {
    /// What is held, to merge into.
    ///
    /// # Errors
    /// With what is damaged.
    pub(super) fn held(mut self, spec: &SearchSpec, writes: u64) -> Result<Held, String> {
        let mut parts = Vec::with_capacity(spec.parts.len());
        for part in spec.parts {
            let Some(version) = self.versions.remove(part.name) else {
                parts.push(None);
                continue;
            };
            let content = match self.parts.remove(part.name) {
                Some(fields) => {
                    let fields = values(part, fields)?;
                    Some(Arc::new(Content::new(spec, part, &fields)))
                }
                None => None,
            };
            parts.push(Some(HeldPart { version, content }));
        }
        Ok(Held { writes, parts })
    }

    /// What readers get; none where no part is left.
    ///
    /// # Errors
    /// With what is damaged.
    pub(super) fn document(mut self, spec: &SearchSpec) -> Result<Option<Document>, String> {
        let mut parts = BTreeMap::new();
        for part in spec.parts {
            let Some(fields) = self.parts.remove(part.name) else { continue };
            let Some(version) = self.versions.get(part.name) else {
                return Err(format!("part {} has no version", part.name));
            };
            let fields = values(part, fields)?;
            let fields = fields.into_iter().map(|(name, values)| (name.to_owned(), values));
            parts.insert(part.name.to_owned(), (*version, fields.collect()));
        }
        if let Some(unknown) = self.parts.keys().next() {
            return Err(format!("there is no part {unknown}"));
        }
        Ok((!parts.is_empty()).then_some(Document { parts }))
    }
}

type Fields = Vec<(&'static str, Vec<Value>)>;

fn values(part: &SearchPart, mut found: BTreeMap<String, Vec<Json>>) -> Result<Fields, String> {
    let mut fields = Vec::with_capacity(found.len());
    for field in part.fields {
        let Some(values) = found.remove(field.name) else { continue };
        let mut read = Vec::with_capacity(values.len());
        for json in values {
            let unreadable = || format!("field {} holds what it cannot hold", field.name);
            read.push(value(field.kind, json).ok_or_else(unreadable)?);
        }
        fields.push((field.name, read));
    }
    match found.keys().next() {
        Some(unknown) => Err(format!("part {} has no field {unknown}", part.name)),
        None => Ok(fields),
    }
}

/// A value out of its JSON.
pub(super) fn value(kind: SearchKind, json: Json) -> Option<Value> {
    match (kind, json) {
        (
            SearchKind::Text { .. } | SearchKind::Keyword | SearchKind::Stored,
            Json::String(text),
        ) => Some(Value::Text(text)),
        (SearchKind::Boolean, Json::Bool(yes)) => Some(Value::Boolean(yes)),
        (SearchKind::Integer, Json::Number(number)) => number.as_i64().map(Value::Integer),
        (SearchKind::Decimal, Json::Number(number)) => {
            number.as_i64().map(|number| Value::Decimal(Amount::from_ten_thousandths(number)))
        }
        (SearchKind::Timestamp, Json::Number(number)) => {
            number.as_i64().map(|number| Value::Timestamp(Timestamp(number)))
        }
        _ => None,
    }
}

/// A value as JSON.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(yes) => Json::Bool(*yes),
        Value::Integer(number) => (*number).into(),
        Value::Decimal(amount) => amount.ten_thousandths().into(),
        Value::Timestamp(time) => time.0.into(),
        Value::Text(text) => Json::String(text.clone()),
    }
}
