//! Parts and documents as JSON. A part is rendered once, and its text is put together with the others' each time the document
//! is written.

use std::fmt::Write;

use chimera_model::{SearchKind, SearchPart, SearchSpec, Value};

use super::document::{Held, json};
use crate::search::Language;

/// What a part holds, rendered.
#[derive(Debug)]
pub(super) struct Content {
    /// An object with all fields.
    fields: String,
    /// The text fields alone, without the braces around them.
    texts: String,
    /// Where the part says in which language the document is: what it says.
    language: Option<String>,
}

impl Content {
    /// Fields without values are left out.
    pub(super) fn new(
        spec: &SearchSpec,
        part: &SearchPart,
        fields: &[(&'static str, Vec<Value>)],
    ) -> Self {
        let (mut all, mut texts, mut language) = (String::from("{"), String::new(), None);
        for field in part.fields {
            let Some((_, values)) = fields.iter().find(|(name, _)| *name == field.name) else {
                continue;
            };
            if values.is_empty() {
                continue;
            }
            let from = all.len() + usize::from(all.len() > 1);
            add_member(&mut all, field.name, values);
            if matches!(field.kind, SearchKind::Text { .. }) {
                texts.push_str(if texts.is_empty() { "" } else { "," });
                texts.push_str(&all[from..]);
            }
            if let (true, Some(Value::Text(code))) =
                (spec.language == Some(field.name), values.first())
            {
                language = Some(code.clone());
            }
        }
        all.push('}');
        Self { fields: all, texts, language }
    }

    pub(super) fn bytes(&self) -> usize {
        self.fields.len() + self.texts.len()
    }
}

fn add_member(object: &mut String, name: &str, values: &[Value]) {
    let comma = if object.len() > 1 { "," } else { "" };
    let _ = write!(object, "{comma}\"{name}\":[");
    for (index, value) in values.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(object, "{comma}{}", json(value));
    }
    object.push(']');
}

/// The line that says what is written, and the line with the document.
pub(super) fn add_lines(lines: &mut Vec<u8>, spec: &SearchSpec, id: &str, held: &Held) {
    let id = serde_json::Value::from(id);
    let text = format!(
        "{{\"index\":{{\"_id\":{id},\"version\":{},\"version_type\":\"external\"}}}}\n{{\"id\":{id},{}}}\n",
        held.writes + 1,
        members(spec, held)
    );
    lines.extend_from_slice(text.as_bytes());
}

fn members(spec: &SearchSpec, held: &Held) -> String {
    let (mut versions, mut parts, mut texts) = (String::new(), String::new(), String::new());
    let (mut language, mut found) = (None, false);
    for (index, (part, held)) in spec.parts.iter().zip(&held.parts).enumerate() {
        let Some(held) = held else { continue };
        add(&mut versions, &format!("\"{}\":{}", part.name, held.version));
        let Some(content) = &held.content else { continue };
        add(&mut parts, &format!("\"{}\":{}", part.name, content.fields));
        if !content.texts.is_empty() {
            add(&mut texts, &content.texts);
        }
        language = language.or(content.language.as_deref());
        found |= index == 0;
    }
    let empty = parts.is_empty();
    let stems = match Language::of(language) {
        Some(language) if !texts.is_empty() => format!("\"{}\":{{{texts}}}", language.code()),
        Some(_) | None => String::new(),
    };
    format!(
        "\"found\":{found},\"empty\":{empty},\"versions\":{{{versions}}},\"parts\":{{{parts}}},\"stems\":{{{stems}}}"
    )
}

fn add(list: &mut String, item: &str) {
    if !list.is_empty() {
        list.push(',');
    }
    list.push_str(item);
}
