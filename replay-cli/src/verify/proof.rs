//! What the control log keeps of a verification: whether a generation that was built beside may be promoted.

use std::collections::BTreeMap;

use chimera_stores::{Verified, View};

use super::report::{ModelReport, VerifyReport};
use crate::data::Data;
use crate::failure::Failure;
use crate::models;

/// Only of generations that a run has built, and only of comparisons with the log.
pub(super) async fn keep(data: &Data, report: &VerifyReport) -> Result<(), Failure> {
    for examined in report.models.iter().filter(|model| model.against.is_none()) {
        one(data, examined).await?;
    }
    Ok(())
}

async fn one(data: &Data, examined: &ModelReport) -> Result<(), Failure> {
    let Some(generation) = examined.generation else { return Ok(()) };
    let is_identical = examined.verdict == "identical";
    if !is_identical && !examined.differs() {
        // It could not be compared to its end, as with a store that went away: that says nothing of it.
        return Ok(());
    }
    let generations = data.stores.live();
    let Some(mut built) = generations.built(examined.name, generation)? else { return Ok(()) };
    let model = models::one(examined.name)?;
    let applied = data.applied(model, View::new(model.name, generation)).await?;
    let mut positions = BTreeMap::new();
    for partition in data.log.ends(&model.streams())?.keys() {
        positions.insert(partition.to_string(), applied.least(partition));
    }
    let at = jiff::Timestamp::now().to_string();
    built.verified = Some(Verified { at, is_identical, positions });
    generations.note(examined.name, generation, Some(&built)).await.map_err(Failure::failed)
}
