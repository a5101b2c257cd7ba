//! Which generation a run builds, and what the control log hears of it.

use chimera_model::ReadModel;
use chimera_stores::{Built, View};

use crate::data::Data;
use crate::failure::Failure;

/// Two releases may project differently, so that neither goes on with what the other has begun.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// What a run builds.
pub(super) struct Chosen {
    pub(super) generation: u32,
    /// Readers see it, for there is nothing else to see.
    pub(super) is_live: bool,
    pub(super) is_resumed: bool,
    built: Built,
}

/// What to build: what an earlier run of the same part has left beside the live one, whole or not, unless it was found different or a
/// `fresh` one is wanted; else a generation of its own.
pub(super) async fn choose(
    data: &Data,
    model: &'static ReadModel,
    part: Option<&str>,
    fresh: bool,
) -> Result<Chosen, Failure> {
    let generations = data.stores.live();
    let live = generations.live_generation(model.name)?;
    let there = data.generations(model).await?;
    let begun = generations.built(model.name, live)?.filter(|built| !built.is_complete);
    let of_live = data.applied(model, View::new(model.name, live)).await?;
    let is_lost = of_live.missing(model).is_some();
    if part.is_none() && (is_lost || begun.is_some()) {
        let is_resumed = there.contains(&live);
        let built = begun.unwrap_or_else(|| beginning(part));
        return Ok(Chosen { generation: live, is_live: true, is_resumed, built });
    }
    // What has been live was put aside for a reason.
    for generation in there.iter().rev().copied().filter(|generation| *generation > live && !fresh)
    {
        let Some(built) = generations.built(model.name, generation)? else { continue };
        let is_same = built.release == RELEASE && built.partial.as_deref() == part;
        if is_same && !was_live(data, model, generation)? && !is_different(&built) {
            return Ok(Chosen { generation, is_live: false, is_resumed: true, built });
        }
    }
    let generation = there.last().copied().unwrap_or(0).max(live) + 1;
    Ok(Chosen { generation, is_live: false, is_resumed: false, built: beginning(part) })
}

/// Whether readers have been sent back from it.
fn was_live(data: &Data, model: &ReadModel, generation: u32) -> Result<bool, Failure> {
    let live = data.stores.live().live(model.name)?;
    Ok(live.and_then(|live| live.previous) == Some(generation))
}

/// Whether a verification has found something else in it than the log says.
fn is_different(built: &Built) -> bool {
    built.verified.as_ref().is_some_and(|verified| !verified.is_identical)
}

fn beginning(part: Option<&str>) -> Built {
    Built {
        is_complete: false,
        partial: part.map(str::to_owned),
        release: RELEASE.to_owned(),
        since: jiff::Timestamp::now().to_string(),
        verified: None,
    }
}

/// Says that it is being built, before anything of it is there.
pub(super) async fn begin(
    data: &Data,
    model: &'static ReadModel,
    chosen: &Chosen,
) -> Result<(), Failure> {
    if chosen.is_live && !chosen.is_resumed {
        // What is left of it, such as checkpoints without their index, would say that it is full.
        let view = View::new(model.name, chosen.generation);
        data.stores.rows().remove(view).await?;
        data.stores.kv().remove(view).await?;
        data.stores.search().remove(view).await?;
    }
    let generations = data.stores.live();
    let noted = generations.note(model.name, chosen.generation, Some(&chosen.built)).await;
    noted.map_err(Failure::failed)
}

/// Says that it is complete.
pub(super) async fn end(data: &Data, model: &ReadModel, chosen: Chosen) -> Result<(), Failure> {
    let built = Built { is_complete: true, ..chosen.built };
    let noted = data.stores.live().note(model.name, chosen.generation, Some(&built)).await;
    noted.map_err(Failure::failed)
}
