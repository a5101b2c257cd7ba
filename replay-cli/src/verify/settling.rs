//! What events have written since the checkpoints, shown to the keys that differ: how a comparison stays exact while events flow in.
//!
//! Reads the log on from where the rebuild stands, through the same feed, into stores that write nothing (`dry.rs`), up to
//! the end of the log as it is after the keys in question were read: what a store holds cannot come from further on. A
//! checkpoint is saved after its data, so a store is never behind it. What a key may hold is said in `chimera_stores::checksum`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chimera_model::{KvMutation, Projection, ReadModel, RowMutation, SearchMutation};
use chimera_stores::checksum::{Settle, Suspects};
use chimera_stores::{StoreError, View};
use chimera_worker::{Leg, Limits, Positions as Standing, Stores};
use tokio::time::Instant;

use super::ground::Ground;
use crate::data::{LIMITS, Positions};
use crate::dry::{self, Before, Told};
use crate::failure::Failure;

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often the log is asked for its end again.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Settles what differs in one view, or in two that are compared.
pub(super) struct Settling<'a> {
    pub(super) ground: &'a Ground,
    pub(super) model: &'static ReadModel,
    pub(super) sides: Vec<Side>,
}

/// A view that is examined.
pub(super) struct Side {
    pub(super) view: View,
    /// Which generation of the scratch stores stands for it.
    pub(super) scratch: u32,
    /// What the scratch stores hold of it.
    pub(super) before: Before,
    /// Up to where it has applied everything, at least.
    pub(super) applied: Positions,
}

#[async_trait]
impl Settle for Settling<'_> {
    async fn settle(&self, suspects: &[Arc<Suspects>]) -> Result<(), StoreError> {
        for (side, suspects) in self.sides.iter().zip(suspects) {
            let settled = self.side(side, suspects).await;
            settled.map_err(|failure| StoreError::Fatal(failure.to_string()))?;
        }
        Ok(())
    }
}

impl Settling<'_> {
    async fn side(&self, side: &Side, suspects: &Arc<Suspects>) -> Result<(), Failure> {
        self.ground.leave_out(self.model, side.view, side.scratch).await?;
        if side.before == Before::Beneath {
            let mut walk = self.walk(side, Before::Beneath, side.applied.clone(), suspects);
            self.until_settled(&mut walk, suspects).await?;
            // A document may have had parts, at the checkpoints, that are not shown before its first part is there.
            if suspects.is_settled() || self.model.indices.is_empty() {
                return Ok(());
            }
        }
        suspects.from_nothing();
        let start = side.applied.keys().map(|partition| (partition.clone(), 0)).collect();
        let mut walk = self.walk(side, Before::Nothing, start, suspects);
        walk.to(&side.applied, LIMITS).await?;
        suspects.at_checkpoints();
        self.until_settled(&mut walk, suspects).await
    }

    fn walk(
        &self,
        side: &Side,
        before: Before,
        start: Positions,
        suspects: &Arc<Suspects>,
    ) -> Walk<'_> {
        let (ground, model) = (self.ground, self.model);
        let view = View::new(model.name, side.scratch);
        let told = Arc::new(Showing(suspects.clone()));
        let stores = dry::stores(&ground.scratch, (model, view), (before, &start), told);
        Walk { ground, model, view, stores, reached: start, suspects: suspects.clone() }
    }

    /// Shows what follows until nothing is left to be explained, or nothing more can have been applied when it was read.
    async fn until_settled(&self, walk: &mut Walk<'_>, suspects: &Suspects) -> Result<(), Failure> {
        // Between two events of one total there is a row that a store may hold.
        let each = match self.model.projection {
            Projection::Project(_) => LIMITS,
            Projection::Fold { .. } => Limits { events: 1, ..LIMITS },
        };
        let deadline = Instant::now() + self.ground.patience;
        loop {
            let is_last = Instant::now() >= deadline;
            walk.to(&self.ground.log.ends(&self.model.streams())?, each).await?;
            if suspects.is_settled() || is_last {
                return Ok(());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

/// Reads the log on from some positions.
struct Walk<'a> {
    ground: &'a Ground,
    model: &'static ReadModel,
    view: View,
    stores: Stores,
    reached: Positions,
    suspects: Arc<Suspects>,
}

impl Walk<'_> {
    /// Up to these positions, or until all is settled.
    async fn to(&mut self, upto: &Positions, limits: Limits) -> Result<(), Failure> {
        let mut legs = Vec::new();
        for (partition, reached) in &mut self.reached {
            let upto = upto.get(partition).copied().unwrap_or(0);
            if upto > *reached {
                let (partition, from) = (partition.clone(), *reached + 1);
                legs.push(Leg { partition, from, upto: Some(upto) });
                *reached = upto;
            }
        }
        let feeder = self.ground.feeder_of(self.stores.clone(), limits)?;
        let target = feeder.target(self.model, self.view.generation);
        target.create().await?;
        let standing = Standing::default();
        let fed = feeder.feed(&target, &legs, &standing);
        tokio::pin!(fed);
        loop {
            tokio::select! {
                ended = &mut fed => return ended.map_err(Failure::failed),
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if self.suspects.is_settled() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

struct Showing(Arc<Suspects>);

impl Told for Showing {
    fn row(&self, mutation: &RowMutation) {
        self.0.see_row(mutation);
    }

    fn part(&self, mutation: &KvMutation) {
        self.0.see_kv(mutation);
    }

    fn fields(&self, mutation: &SearchMutation) {
        self.0.see_document(mutation);
    }
}
