//! The ids as the registry gave them last, in a file of the data directory: for a start while the registry is away.
//!
//! Only a copy. Never used for another registry, or for a schema whose text has changed.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use chimera_codec::{BundledSchema, bundled_schemas};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::RegistrySettings;

#[derive(Serialize, Deserialize)]
struct Saved {
    registry: String,
    schemas: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    subject: String,
    version: i32,
    id: u32,
    fingerprint: String,
}

/// Keeps the ids; the file is whole or as it was.
pub(crate) fn store(
    path: &Path,
    settings: &RegistrySettings,
    ids: &[(BundledSchema, u32)],
) -> io::Result<()> {
    let entry = |(schema, id): &(BundledSchema, u32)| Entry {
        subject: settings.subject(schema),
        version: schema.version,
        id: *id,
        fingerprint: fingerprint(schema),
    };
    let registry = settings.url.clone();
    let saved = Saved { registry, schemas: ids.iter().map(entry).collect() };
    let text = serde_json::to_string_pretty(&saved).map_err(io::Error::other)? + "\n";
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let beside = path.with_extension("json.new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// The id of every schema of this program; none if one is missing, has changed, or the registry was another.
pub(crate) fn load(path: &Path, settings: &RegistrySettings) -> Option<Vec<(BundledSchema, u32)>> {
    let text = fs::read_to_string(path).ok()?;
    let saved: Saved = serde_json::from_str(&text).ok()?;
    if saved.registry != settings.url {
        return None;
    }
    let mut ids = Vec::new();
    for schema in bundled_schemas() {
        let (subject, fingerprint) = (settings.subject(schema), fingerprint(schema));
        let entry = saved.schemas.iter().find(|entry| {
            (&entry.subject, entry.version, &entry.fingerprint)
                == (&subject, schema.version, &fingerprint)
        });
        ids.push((*schema, entry?.id));
    }
    Some(ids)
}

fn fingerprint(schema: &BundledSchema) -> String {
    format!("{:032x}", xxh3_128(schema.json.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Vec<(BundledSchema, u32)> {
        bundled_schemas().iter().zip(5..).map(|(schema, id)| (*schema, id)).collect()
    }

    #[test]
    fn what_was_kept_is_found_and_only_for_the_same_registry_and_topics() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("not/there/yet/schemas.json");
        let settings = RegistrySettings::new("http://127.0.0.1:8081");
        assert_eq!(load(&path, &settings), None);
        store(&path, &settings, &ids()).unwrap();
        assert_eq!(load(&path, &settings), Some(ids()));
        let elsewhere = RegistrySettings::new("http://127.0.0.1:8082");
        assert_eq!(load(&path, &elsewhere), None);
        let other_topics = RegistrySettings { topic_prefix: "test.".into(), ..settings };
        assert_eq!(load(&path, &other_topics), None);
    }

    #[test]
    fn a_schema_that_has_changed_since_is_not_given_its_old_id() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("schemas.json");
        let settings = RegistrySettings::new("http://127.0.0.1:8081");
        let mut changed = ids();
        changed[0].0.json = "\"string\"";
        store(&path, &settings, &changed).unwrap();
        assert_eq!(load(&path, &settings), None);
        store(&path, &settings, &ids()[1..]).unwrap();
        assert_eq!(load(&path, &settings), None, "one is missing");
        fs::write(&path, "{").unwrap();
        assert_eq!(load(&path, &settings), None, "the file is damaged");
    }
}
