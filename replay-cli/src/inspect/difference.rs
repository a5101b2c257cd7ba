//! What differs between two states, field by field.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

/// A field that is not what it was.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Changed {
    /// Where it stands, such as `lines[0].quantity`.
    pub(crate) field: String,
    /// Null where it was not there.
    pub(crate) before: Json,
    /// Null where it is not there any more.
    pub(crate) after: Json,
}

pub(super) fn difference(before: &Json, after: &Json) -> Vec<Changed> {
    let (before, after) = (leaves(before), leaves(after));
    let fields = before.keys().chain(after.keys().filter(|field| !before.contains_key(*field)));
    let mut changed: Vec<Changed> = Vec::new();
    for field in fields {
        let of = |side: &BTreeMap<String, Json>| side.get(field).cloned().unwrap_or_default();
        let (before, after) = (of(&before), of(&after));
        if before != after {
            changed.push(Changed { field: field.clone(), before, after });
        }
    }
    changed.sort_by(|one, other| one.field.cmp(&other.field));
    changed
}

/// Everything in it that holds nothing itself, by where it stands.
fn leaves(json: &Json) -> BTreeMap<String, Json> {
    let mut leaves = BTreeMap::new();
    collect(String::new(), json, &mut leaves);
    leaves
}

fn collect(at: String, json: &Json, leaves: &mut BTreeMap<String, Json>) {
    match json {
        Json::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let dot = if at.is_empty() { "" } else { "." };
                collect(format!("{at}{dot}{name}"), value, leaves);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                collect(format!("{at}[{index}]"), value, leaves);
            }
        }
        leaf => {
            leaves.insert(at, leaf.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told_with_its_place() {
        let before = json!({"status": "NEW", "lines": [{"units": 1}], "note": null, "paid": {}});
        let after = json!({"status": "PAID", "lines": [{"units": 1}, {"units": 2}], "note": null, "paid": {"by": "x"}});
        let changed = |field: &str, before, after| Changed { field: field.into(), before, after };
        let expected = vec![
            changed("lines[1].units", Json::Null, json!(2)),
            changed("paid", json!({}), Json::Null),
            changed("paid.by", Json::Null, json!("x")),
            changed("status", json!("NEW"), json!("PAID")),
        ];
        assert_eq!(difference(&before, &after), expected);
        assert_eq!(difference(&after, &after), []);
    }
}
