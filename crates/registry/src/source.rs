//! Asks the registry about ids that are not this program's own: once each, from whatever thread a codec runs on.
//!
//! Answers are kept for the life of the process: what a registry has given out under an id never changes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use chimera_codec::{SchemaSource, SourceError};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

use crate::patience::patiently;
use crate::{Registry, RegistryError, RegistrySettings};

/// How long a registry that is away is asked, while an event waits to be read.
const PATIENCE: Duration = Duration::from_secs(5);

/// The schemas of a registry.
pub(crate) struct RegistrySource {
    settings: RegistrySettings,
    known: RwLock<HashMap<u32, Arc<str>>>,
}

impl RegistrySource {
    pub(crate) fn new(settings: RegistrySettings) -> Self {
        Self { settings, known: RwLock::default() }
    }
}

impl SchemaSource for RegistrySource {
    fn schema(&self, id: u32) -> Result<Arc<str>, SourceError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let settings = self.settings.clone();
        let asked = without_holding_up_others(|| ask_on_a_thread(settings, id));
        let json = asked.map_err(SourceError::Unavailable)?.ok_or(SourceError::Unknown)?;
        let json: Arc<str> = json.into();
        tracing::info!(id, "an event has a schema of another release; the registry knows it");
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(id, json.clone());
        Ok(json)
    }
}

/// A codec may run on a thread of a runtime: others then go on elsewhere.
fn without_holding_up_others<T>(ask: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(ask)
        }
        _ => ask(),
    }
}

/// A thread of its own, since no runtime may wait inside another; there are as many as there are newer schemas.
fn ask_on_a_thread(settings: RegistrySettings, id: u32) -> Result<Option<String>, String> {
    let asking = thread::Builder::new().name("registry".to_owned()).spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.block_on(ask(&settings, id)).map_err(|error| error.to_string())
    });
    let answer = asking.map_err(|error| error.to_string())?.join();
    answer.unwrap_or_else(|_| Err("the question to the registry failed".to_owned()))
}

async fn ask(settings: &RegistrySettings, id: u32) -> Result<Option<String>, RegistryError> {
    let registry = Registry::new(settings)?;
    patiently(PATIENCE.min(settings.patience), || registry.schema(id)).await
}

impl Registry {
    /// The schema under an id, Avro JSON; none if there is none.
    ///
    /// # Errors
    /// If the registry does not answer, or holds something that is not Avro.
    pub async fn schema(&self, id: u32) -> Result<Option<String>, RegistryError> {
        let found = self.client.schema(id).await;
        found.map_err(|no| self.client.error(no, &format!("read the schema {id}")))
    }
}
