//! The live pointers on Cassandra, remembered for a moment: readers ask on every call, Cassandra is asked five times a second.
//!
//! One caller asks for all the others. While Cassandra does not answer, what was known last is said for half a minute; a pointer
//! that old still names rows that are true, only perhaps of a generation that is being replaced.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::link::Link;
use crate::error::StoreError;
use crate::generations::Generations;

/// What is not older is said without asking.
const FRESH: Duration = Duration::from_millis(200);
/// What is not older is said while somebody else asks.
const WHILE_ASKED: Duration = Duration::from_secs(1);
/// What is not older is said while Cassandra does not answer.
const BLIND: Duration = Duration::from_secs(30);
/// How long one caller waits for an answer before it makes do with what is known.
const PATIENCE: Duration = Duration::from_secs(1);
/// All pointers are in one partition, so that one question gives them all.
const SHOP: &str = "shop";

/// The live pointers of one keyspace.
pub struct CassandraLive {
    link: Arc<Link>,
    known: RwLock<Known>,
    asking: Mutex<()>,
}

#[derive(Default)]
struct Known {
    pointers: BTreeMap<String, u32>,
    /// When Cassandra said so; never, at first.
    said: Option<Instant>,
    /// When it was last asked in vain.
    failed: Option<Instant>,
}

impl CassandraLive {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self { link, known: RwLock::default(), asking: Mutex::default() }
    }

    /// The pointer, if what is known is not older than this.
    fn known(&self, model: &str, age: Duration) -> Option<Option<u32>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.said.is_some_and(|said| said.elapsed() < age);
        let asked_in_vain = known.failed.is_some_and(|failed| failed.elapsed() < FRESH)
            && known.said.is_some_and(|said| said.elapsed() < BLIND);
        (fresh || asked_in_vain).then(|| known.pointers.get(model).copied())
    }

    fn know(&self, pointers: BTreeMap<String, u32>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Known { pointers, said: Some(Instant::now()), failed: None };
    }

    async fn ask(&self) -> Result<BTreeMap<String, u32>, StoreError> {
        let keyspace = &self.link.keyspace;
        let statement =
            format!("SELECT model, generation FROM \"{keyspace}\".\"chimera_live\" WHERE shop = ?");
        let found: Vec<(String, i64)> = self.link.ask(&statement, (SHOP,)).await?;
        let mut pointers = BTreeMap::new();
        for (model, generation) in found {
            let Ok(generation) = u32::try_from(generation) else {
                return Err(StoreError::Fatal(format!(
                    "{keyspace}.chimera_live has generation {generation} of {model}, which cannot be"
                )));
            };
            pointers.insert(model, generation);
        }
        Ok(pointers)
    }

    /// Asks for everybody; in vain, what was known may do for a while.
    async fn refresh(&self, model: &str) -> Result<Option<u32>, StoreError> {
        let asked = tokio::time::timeout(PATIENCE, self.ask()).await;
        let failed = match asked {
            Ok(Ok(pointers)) => {
                let pointer = pointers.get(model).copied();
                self.know(pointers);
                return Ok(pointer);
            }
            Ok(Err(error)) => error,
            Err(_) => {
                StoreError::Transient("Cassandra does not say which generation is live".into())
            }
        };
        if matches!(failed, StoreError::Fatal(_)) {
            return Err(failed);
        }
        self.known.write().unwrap_or_else(PoisonError::into_inner).failed = Some(Instant::now());
        self.known(model, BLIND).ok_or(failed)
    }
}

#[async_trait]
impl Generations for CassandraLive {
    async fn live_generation(&self, model: &str) -> Result<Option<u32>, StoreError> {
        if let Some(pointer) = self.known(model, FRESH) {
            return Ok(pointer);
        }
        let _asking = match self.asking.try_lock() {
            Ok(asking) => asking,
            Err(_) => {
                if let Some(pointer) = self.known(model, WHILE_ASKED) {
                    return Ok(pointer);
                }
                self.asking.lock().await
            }
        };
        match self.known(model, FRESH) {
            Some(pointer) => Ok(pointer),
            None => self.refresh(model).await,
        }
    }

    async fn set_live(&self, model: &str, generation: u32) -> Result<(), StoreError> {
        let _asking = self.asking.lock().await;
        let keyspace = &self.link.keyspace;
        // The condition makes it a decision of all replicas, which follows the one before whatever the clocks say.
        let statement = format!(
            "UPDATE \"{keyspace}\".\"chimera_live\" SET generation = ? WHERE shop = ? AND model = ? IF generation != ?"
        );
        let number = i64::from(generation);
        self.link.decide(&statement, (number, SHOP, model, number)).await?;
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .pointers
            .insert(model.to_owned(), generation);
        // The pointer has moved, whether or not Cassandra still says so.
        if let Ok(pointers) = self.ask().await {
            self.know(pointers);
        }
        Ok(())
    }
}
