//! What there is of a read model beside the live generation.

use chimera_model::ReadModel;
use chimera_stores::View;

use super::GenerationStatus;
use crate::data::Data;
use crate::failure::Failure;

pub(super) async fn all(
    data: &Data,
    model: &'static ReadModel,
) -> Result<Vec<GenerationStatus>, Failure> {
    let known = data.stores.live();
    let live = known.live_generation(model.name)?;
    let previous = known.live(model.name)?.and_then(|live| live.previous);
    let ends = data.log.ends(&model.streams())?;
    let mut found = Vec::new();
    for generation in data.generations(model).await? {
        let applied = data.applied(model, View::new(model.name, generation)).await?;
        let lag =
            ends.iter().map(|(partition, end)| end.saturating_sub(applied.least(partition))).sum();
        let built = known.built(model.name, generation)?;
        let state = match &built {
            _ if generation == live => "live",
            _ if Some(generation) == previous => "previous",
            Some(built) if built.is_complete => "built",
            Some(_) => "building",
            None => "unknown",
        };
        let verified = built.as_ref().and_then(|built| built.verified.as_ref());
        let verified = verified.map(|verified| verified.is_identical);
        let partial = built.and_then(|built| built.partial);
        found.push(GenerationStatus { generation, state, partial, verified, lag });
    }
    Ok(found)
}
