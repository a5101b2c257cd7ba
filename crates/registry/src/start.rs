//! The ids that a process writes with, settled when it starts; a registry that goes away later does no harm.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chimera_codec::{BundledSchema, SchemaIds};

use crate::patience::patiently;
use crate::source::RegistrySource;
use crate::{Registry, RegistryError, RegistrySettings, saved};

/// How long a registry is waited for where its answer is known from before.
const PATIENCE_WITH_A_COPY: Duration = Duration::from_secs(5);

/// The ids of this program's schemas: looked up, registered where they are missing, and kept in the file `copy` for a start
/// while the registry is away.
///
/// # Errors
/// If a schema is refused or may not be registered, if the registry gives other ids than in the copy, or if the registry does not answer and there is no copy that fits.
pub async fn ids_at_start(
    settings: &RegistrySettings,
    copy: &Path,
) -> Result<SchemaIds, RegistryError> {
    let registry = Registry::new(settings)?;
    let known = saved::load(copy, settings);
    let patience = match known {
        Some(_) => settings.patience.min(PATIENCE_WITH_A_COPY),
        None => settings.patience,
    };
    let ids = match (patiently(patience, || registry.settle()).await, known) {
        (Ok(settled), known) => {
            let ids: Vec<_> = settled.iter().map(|schema| (schema.schema, schema.id)).collect();
            let known = known.unwrap_or_default();
            if known != ids && registry.has_forgotten(&known).await? {
                return Err(RegistryError::Forgetful { url: settings.url.clone() });
            }
            if let Err(error) = saved::store(copy, settings, &ids) {
                tracing::warn!(%error, path = %copy.display(), "the ids of the schemas were not kept; a start needs the registry");
            }
            ids
        }
        (Err(error @ RegistryError::Unavailable { .. }), Some(known)) => {
            tracing::warn!(%error, "going on with the ids that it gave before");
            known
        }
        (Err(error), _) => return Err(error),
    };
    Ok(SchemaIds::registered(ids, Arc::new(RegistrySource::new(settings.clone()))))
}

impl Registry {
    /// Whether what was written under one of these ids could not be read any more.
    async fn has_forgotten(&self, known: &[(BundledSchema, u32)]) -> Result<bool, RegistryError> {
        for (schema, id) in known {
            let found = self.schema(*id).await?;
            if !found.is_some_and(|found| is_same(&found, schema.json)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Registries may write the same schema in another way.
fn is_same(one: &str, other: &str) -> bool {
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || parsed(one).is_some_and(|one| Some(one) == parsed(other))
}
