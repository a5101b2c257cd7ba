//! The schemas that events were written with: asked for once each, kept as objects, named by their content.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Mutex;

use crate::digest::sha256;
use crate::error::BackupError;
use crate::manifest::SchemaKept;
use crate::place::Place;

/// Whoever knows schemas by ids: a registry, or the program itself.
#[async_trait]
pub trait Schemas: Send + Sync {
    /// The text under an id; none if nobody knows it.
    ///
    /// # Errors
    /// Text for an operator.
    async fn text(&self, id: u32) -> Result<Option<String>, String>;

    /// The id under which this very schema is known for a stream; with `register` it is made known where it is not.
    ///
    /// # Errors
    /// Text for an operator, where it is refused or nobody can be asked.
    async fn id(&self, stream: &str, text: &str, register: bool) -> Result<Option<u32>, String>;
}

/// One schema as it was asked for.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) sha256: String,
    pub(crate) text: Arc<str>,
}

/// The schemas met so far, shared by all partitions.
pub(crate) struct SchemasMet {
    source: Arc<dyn Schemas>,
    place: Place,
    by_id: Mutex<BTreeMap<u32, Option<Asked>>>,
}

impl SchemasMet {
    pub(crate) fn new(source: Arc<dyn Schemas>, place: Place) -> Self {
        Self { source, place, by_id: Mutex::default() }
    }

    /// The schema under an id; kept as an object before anything names it. None if nobody knows it.
    pub(crate) async fn get(&self, id: u32) -> Result<Option<Asked>, BackupError> {
        let mut by_id = self.by_id.lock().await;
        if let Some(known) = by_id.get(&id) {
            return Ok(known.clone());
        }
        let text = self.source.text(id).await.map_err(BackupError::Schemas)?;
        let asked = match text {
            None => None,
            Some(text) => {
                let sha256 = sha256(text.as_bytes());
                self.place.keep(&object(&sha256), Bytes::from(text.clone())).await?;
                Some(Asked { sha256, text: text.into() })
            }
        };
        by_id.insert(id, asked.clone());
        Ok(asked)
    }
}

/// Where a schema lies.
pub(crate) fn object(sha256: &str) -> String {
    format!("schemas/{sha256}.avsc")
}

/// The schemas that these segments name, with the ids and the streams of each.
pub(crate) async fn named(
    streams: &[crate::manifest::StreamKept],
    place: &Place,
) -> Result<Vec<SchemaKept>, BackupError> {
    let mut named: BTreeMap<String, SchemaKept> = BTreeMap::new();
    for stream in streams {
        let segments = stream.partitions.iter().flat_map(|partition| &partition.segments);
        let uses = segments.flat_map(|segment| &segment.content.schemas);
        for (id, sha256) in uses.filter_map(|(id, sha256)| Some((*id, sha256.as_ref()?))) {
            let kept = named.entry(sha256.clone()).or_insert_with(|| SchemaKept {
                sha256: sha256.clone(),
                object: object(sha256),
                bytes: 0,
                streams: Vec::new(),
                ids: Vec::new(),
            });
            if !kept.ids.contains(&id) {
                kept.ids.push(id);
            }
            if !kept.streams.contains(&stream.name) {
                kept.streams.push(stream.name.clone());
            }
        }
    }
    for kept in named.values_mut() {
        let size = place.size(&kept.object).await?;
        kept.bytes = size.ok_or_else(|| {
            BackupError::damaged(
                &kept.object,
                "earlier restore points name it, and it is not there",
            )
        })?;
    }
    Ok(named.into_values().collect())
}
