//! Which generation of a read model its readers see: one pointer each, moved in one step.

use async_trait::async_trait;

use crate::error::StoreError;

/// The live pointers of all read models.
#[async_trait]
pub trait Generations: Send + Sync {
    /// The generation that readers use; none before the first. Cheap: readers ask on every call and so follow a swap.
    ///
    /// # Errors
    /// If the pointer cannot be read.
    async fn live_generation(&self, model: &str) -> Result<Option<u32>, StoreError>;

    /// Moves the pointer, durably and in one step: no reader ever sees anything between the two.
    ///
    /// # Errors
    /// If the pointer cannot be written; then it stands where it stood.
    async fn set_live(&self, model: &str, generation: u32) -> Result<(), StoreError>;
}
