//! Whether a later schema can read what an earlier one wrote, for ever.
//!
//! apache-avro judges whether Avro can; a stricter rule of our own keeps the meaning: nothing is removed or retyped, names
//! stay, and what is new has a default. Avro alone would take a string for a date or lose a field in silence.

use std::collections::BTreeMap;

use apache_avro::Schema;
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use serde_json::Value as Json;

use crate::schemas::{BundledSchema, bundled_schemas, schemas_of};

/// Why a later schema must not be released.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incompatible {
    /// It is no Avro schema.
    #[error("not an Avro schema: {0}")]
    NotAvro(String),
    /// Avro cannot resolve the earlier one to it.
    #[error("Avro cannot read the earlier version with it: {0}")]
    Unreadable(String),
    /// A record, enum or fixed type is gone, or has become something else.
    #[error("{0} is gone or has become another kind of type; add a new one and keep it")]
    TypeGone(String),
    /// A field is gone.
    #[error("the field {0} is gone; keep it")]
    FieldGone(String),
    /// A field has another type.
    #[error("the field {0} has another type; add a new field and keep it")]
    FieldRetyped(String),
    /// A symbol of an enum is gone.
    #[error("the symbol {0} is gone; keep it")]
    SymbolGone(String),
    /// What is new has no default.
    #[error("the new field {0} needs a default for the events that lack it")]
    NoDefault(String),
}

/// Whether `later` reads all that was written with `earlier`; both Avro JSON.
///
/// # Errors
/// The first reason why not.
pub fn check(earlier: &str, later: &str) -> Result<(), Incompatible> {
    let (old, new) = (parse(earlier)?, parse(later)?);
    match SchemaCompatibility::can_read(&old, &new) {
        Ok(Compatibility::Full) => {}
        Ok(Compatibility::Partial) => {
            return Err(Incompatible::Unreadable("some values have no place in it".to_owned()));
        }
        Err(error) => return Err(Incompatible::Unreadable(error.to_string())),
    }
    keeps_everything(&named_types(earlier)?, &named_types(later)?)
}

/// Whether every bundled version reads every version before it.
///
/// # Errors
/// The first pair that does not fit, and why.
pub fn check_bundled() -> Result<(), (BundledSchema, BundledSchema, Incompatible)> {
    for later in bundled_schemas() {
        for earlier in schemas_of(later.stream) {
            if earlier.version < later.version {
                check(earlier.json, later.json).map_err(|why| (*earlier, *later, why))?;
            }
        }
    }
    Ok(())
}

fn parse(json: &str) -> Result<Schema, Incompatible> {
    Schema::parse_str(json).map_err(|error| Incompatible::NotAvro(error.to_string()))
}

/// A type with a name, taken out of where it is defined.
#[derive(Debug, Default, PartialEq)]
struct Named {
    kind: String,
    fields: BTreeMap<String, Field>,
    symbols: Vec<Json>,
}

#[derive(Debug, PartialEq)]
struct Field {
    /// One, or the branches of a union; a named type as its name.
    types: Vec<Json>,
    has_default: bool,
}

type Types = BTreeMap<String, Named>;

fn keeps_everything(earlier: &Types, later: &Types) -> Result<(), Incompatible> {
    for (name, old) in earlier {
        match later.get(name) {
            Some(new) if new.kind == old.kind => keeps_type(name, old, new)?,
            _ => return Err(Incompatible::TypeGone(name.clone())),
        }
    }
    Ok(())
}

fn keeps_type(name: &str, old: &Named, new: &Named) -> Result<(), Incompatible> {
    if let Some(gone) = old.symbols.iter().find(|symbol| !new.symbols.contains(symbol)) {
        return Err(Incompatible::SymbolGone(format!("{name}.{gone}")));
    }
    for (field, before) in &old.fields {
        let path = format!("{name}.{field}");
        let Some(after) = new.fields.get(field) else {
            return Err(Incompatible::FieldGone(path));
        };
        if before.types.iter().any(|branch| !after.types.contains(branch)) {
            return Err(Incompatible::FieldRetyped(path));
        }
    }
    for (field, added) in &new.fields {
        if !old.fields.contains_key(field) && !added.has_default {
            return Err(Incompatible::NoDefault(format!("{name}.{field}")));
        }
    }
    Ok(())
}

fn named_types(json: &str) -> Result<Types, Incompatible> {
    let tree: Json =
        serde_json::from_str(json).map_err(|error| Incompatible::NotAvro(error.to_string()))?;
    let mut types = Types::new();
    flatten(&tree, &mut types);
    Ok(types)
}

/// The type as it is written where it is used: definitions become names and go into `types`, documentation goes.
fn flatten(schema: &Json, types: &mut Types) -> Json {
    match schema {
        Json::Array(branches) => branches.iter().map(|branch| flatten(branch, types)).collect(),
        Json::Object(object) => match object.get("name").and_then(Json::as_str) {
            Some(name) => {
                let named = named(schema, types);
                types.insert(name.to_owned(), named);
                Json::from(name)
            }
            None => object
                .iter()
                .filter(|(key, _)| *key != "doc")
                .map(|(key, part)| (key.clone(), flatten(part, types)))
                .collect(),
        },
        plain => plain.clone(),
    }
}

fn named(definition: &Json, types: &mut Types) -> Named {
    let list = |key: &str| definition[key].as_array().cloned().unwrap_or_default();
    let mut fields = BTreeMap::new();
    for field in list("fields") {
        let types = match flatten(&field["type"], types) {
            Json::Array(branches) => branches,
            single => vec![single],
        };
        let name = field["name"].as_str().unwrap_or_default().to_owned();
        fields.insert(name, Field { types, has_default: field.get("default").is_some() });
    }
    // Size, scale and the like belong to the kind: they must not change either.
    let traits = ["type", "size", "logicalType", "precision", "scale"];
    let kind = traits.map(|key| definition[key].to_string()).join(" ");
    Named { kind, fields, symbols: list("symbols") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first() -> Json {
        json!({"type": "record", "name": "Envelope", "namespace": "shop", "fields": [
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "note", "type": ["null", "string"], "default": null},
            {"name": "payload", "type": [
                {"type": "record", "name": "Opened", "fields": [
                    {"name": "kind", "type":
                        {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
                    {"name": "amount", "type":
                        {"type": "bytes", "logicalType": "decimal", "precision": 19, "scale": 4}}
                ]},
                {"type": "record", "name": "Closed", "fields": []}
            ]}
        ]})
    }

    fn after(change: impl FnOnce(&mut Json)) -> Result<(), Incompatible> {
        let mut later = first();
        change(&mut later);
        check(&first().to_string(), &later.to_string())
    }

    fn opened(envelope: &mut Json) -> &mut Vec<Json> {
        envelope["fields"][2]["type"][0]["fields"].as_array_mut().unwrap()
    }

    #[test]
    fn every_bundled_schema_reads_all_before_it() {
        assert_eq!(check_bundled(), Ok(()));
        for schema in bundled_schemas() {
            assert_eq!(check(schema.json, schema.json), Ok(()), "{}", schema.stream);
        }
    }

    #[test]
    fn what_is_added_with_a_default_is_compatible() {
        let optional = json!({"name": "why", "type": ["null", "string"], "default": null});
        assert_eq!(after(|it| opened(it).push(optional)), Ok(()));
        let event = json!({"type": "record", "name": "Reopened", "fields": []});
        let more = |it: &mut Json| it["fields"][2]["type"].as_array_mut().unwrap().push(event);
        assert_eq!(after(more), Ok(()));
        assert_eq!(after(|it| opened(it)[0]["type"]["symbols"] = json!(["A", "B", "C"])), Ok(()));
        assert_eq!(after(|it| it["doc"] = json!("new words")), Ok(()));
    }

    #[test]
    fn a_new_field_without_default_is_refused() {
        let needed = json!({"name": "why", "type": "string"});
        assert!(matches!(after(|it| opened(it).push(needed)), Err(Incompatible::Unreadable(_))));
    }

    #[test]
    fn a_field_that_goes_is_refused_although_avro_would_not_mind() {
        let refused = after(|it| drop(it["fields"].as_array_mut().unwrap().remove(1)));
        assert_eq!(refused, Err(Incompatible::FieldGone("Envelope.note".into())));
    }

    #[test]
    fn a_date_that_becomes_milliseconds_is_refused_although_avro_would_not_mind() {
        let refused =
            after(|it| it["fields"][0]["type"]["logicalType"] = json!("timestamp-millis"));
        assert_eq!(refused, Err(Incompatible::FieldRetyped("Envelope.at".into())));
    }

    #[test]
    fn money_that_becomes_text_is_refused_although_avro_would_not_mind() {
        let refused = after(|it| opened(it)[1]["type"] = json!("string"));
        assert_eq!(refused, Err(Incompatible::FieldRetyped("Opened.amount".into())));
    }

    #[test]
    fn another_scale_is_refused() {
        assert!(after(|it| opened(it)[1]["type"]["scale"] = json!(2)).is_err());
    }

    #[test]
    fn an_event_that_goes_from_the_union_is_refused() {
        let gone = after(|it| drop(it["fields"][2]["type"].as_array_mut().unwrap().remove(1)));
        assert!(matches!(gone, Err(Incompatible::Unreadable(_))), "{gone:?}");
    }

    #[test]
    fn a_symbol_that_goes_is_refused_even_behind_a_default() {
        let gone = after(|it| {
            opened(it)[0]["type"]["symbols"] = json!(["A"]);
            opened(it)[0]["type"]["default"] = json!("A");
        });
        assert_eq!(gone, Err(Incompatible::SymbolGone("Kind.\"B\"".into())));
    }

    #[test]
    fn an_event_that_changes_its_name_is_refused() {
        let renamed = after(|it| it["fields"][2]["type"][1]["name"] = json!("Shut"));
        assert!(renamed.is_err());
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        assert!(matches!(check("{", &first().to_string()), Err(Incompatible::NotAvro(_))));
    }
}
