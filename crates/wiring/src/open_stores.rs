//! Opens the stores that the settings name.

use std::sync::Arc;

use chimera_config::Config;
use chimera_stores::search::SearchStore;
use chimera_stores::{EmbeddedStores, Generations, KvStore, RowStore, StoreError};

/// The stores that hold the read models.
#[derive(Clone)]
pub struct OpenStores {
    /// Of tables.
    pub rows: Arc<dyn RowStore>,
    /// Of key-values.
    pub kv: Arc<dyn KvStore>,
    /// Of documents.
    pub search: Arc<dyn SearchStore>,
    /// Which generation of each read model is live.
    pub live: Arc<dyn Generations>,
    /// Whether all nodes write into the same stores.
    pub are_shared: bool,
    embedded: Option<EmbeddedStores>,
}

impl OpenStores {
    /// Opens those of the settings; what is embedded lies in `read` under the data directory.
    ///
    /// # Errors
    /// If a store does not answer, refuses who enters, or the directory is in use, damaged or of another format.
    #[expect(clippy::unused_async, reason = "stores elsewhere are connected to")]
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        if config.stores != chimera_config::Stores::default() {
            anyhow::bail!("stores: only embedded ones can be opened yet");
        }
        let embedded = EmbeddedStores::open(&config.data_dir.join("read"))?;
        Ok(Self {
            rows: embedded.rows(),
            kv: embedded.kv(),
            search: embedded.search(),
            live: embedded.live(),
            are_shared: config.stores.are_shared(),
            embedded: Some(embedded),
        })
    }

    /// Writes what is embedded to the disk, quickly; the others do so themselves.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.embedded.as_ref().map_or(Ok(()), EmbeddedStores::flush)
    }

    /// Closes what is embedded in order, so that the next start has nothing to mend.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn close(self) -> Result<(), StoreError> {
        self.embedded.map_or(Ok(()), EmbeddedStores::close)
    }
}
