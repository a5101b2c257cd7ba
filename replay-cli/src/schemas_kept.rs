//! Schemas between a log and its backup: those of the settings, and those that a restore point holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chimera_backup::{Point, Schemas};
use chimera_codec::{SchemaIds, SchemaSource, SourceError, bundled_schemas};
use chimera_wiring::SchemaHome;

use crate::failure::Failure;

/// The schemas of the log of the settings.
pub(crate) struct HomeSchemas(pub(crate) SchemaHome);

#[async_trait]
impl Schemas for HomeSchemas {
    async fn text(&self, id: u32) -> Result<Option<String>, String> {
        self.0.text(id).await.map_err(|error| format!("{error:#}"))
    }

    async fn id(&self, stream: &str, text: &str, register: bool) -> Result<Option<u32>, String> {
        self.0.id(stream, text, register).await.map_err(|error| format!("{error:#}"))
    }
}

/// The schemas of a restore point by their numbers.
struct PointSchemas(BTreeMap<u32, Arc<str>>);

impl SchemaSource for PointSchemas {
    fn schema(&self, id: u32) -> Result<Arc<str>, SourceError> {
        self.0.get(&id).cloned().ok_or(SourceError::Unknown)
    }
}

/// Under which no schema of a restore point is known.
const NOT_THERE: u32 = 4_000_000_000;

/// The ids by which the events of a restore point are read: the numbers of its schemas.
pub(crate) async fn ids_of(point: &Point) -> Result<SchemaIds, Failure> {
    let schemas = point.schemas().await?;
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let mut ids = Vec::new();
    for (nth, own) in (0..).zip(bundled_schemas()) {
        let same = schemas.iter().find(|schema| {
            schema.text == own.json
                || parsed(own.json).is_some_and(|own| Some(own) == parsed(&schema.text))
        });
        ids.push((*own, same.map_or(NOT_THERE + nth, |schema| schema.number)));
    }
    let texts = schemas.into_iter().map(|schema| (schema.number, schema.text.into()));
    Ok(SchemaIds::registered(ids, Arc::new(PointSchemas(texts.collect()))))
}
