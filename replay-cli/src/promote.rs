//! `replay promote`: readers see another generation from one moment on.
//!
//! The generation is brought up to the end of the log first, and kept there until the nodes that feed have taken it over. One event in
//! the control log is all that decides.

use chimera_config::Config;
use chimera_stores::{Built, Live};

use crate::cli::PromoteOptions;
use crate::data::Data;
use crate::failure::Failure;
use crate::models;
use crate::switch::{Decision, SwitchReport, decide};

pub(crate) async fn promote(
    config: &Config,
    options: &PromoteOptions,
) -> Result<SwitchReport, Failure> {
    let data = Data::open(config).await?;
    switch(&data, options).await
}

/// As the verb, on what is open already.
pub(crate) async fn switch(data: &Data, options: &PromoteOptions) -> Result<SwitchReport, Failure> {
    let model = models::one(&options.model)?;
    let generations = data.stores.live();
    let live = generations.live_generation(model.name)?;
    let generation = match options.generation {
        Some(generation) => generation,
        None => newest(data, model, live).await?,
    };
    if generation == live {
        return Err(Failure::Usage(format!("generation {live} of {} is live already", model.name)));
    }
    let built = generations.built(model.name, generation)?;
    let against = doubts(built.as_ref(), model.name, generation);
    let known = generations.live(model.name)?;
    let previous = Some(live);
    let to =
        Live { generation, previous, forced: options.force, ..crate::switch::now(&options.how) };
    decide(data, model, Decision { known, to, against, how: &options.how }).await
}

/// The newest generation that is not live.
async fn newest(
    data: &Data,
    model: &'static chimera_model::ReadModel,
    live: u32,
) -> Result<u32, Failure> {
    let there = data.generations(model).await?;
    there.into_iter().rev().find(|generation| *generation != live).ok_or_else(|| {
        let name = model.name;
        Failure::Failed(format!(
            "there is no generation of {name} beside the live one; build it with `replay run {name}`"
        ))
    })
}

/// What speaks against a generation before it is looked at.
fn doubts(built: Option<&Built>, model: &str, generation: u32) -> Vec<String> {
    let mut against = Vec::new();
    let Some(built) = built else {
        return vec![format!("nothing is known of how generation {generation} was built")];
    };
    if let Some(part) = &built.partial {
        against.push(format!("it holds only a part of the log: {part}"));
    }
    if !built.is_complete {
        against.push(format!("it was not built to the end; go on with `replay run {model}`"));
    }
    match &built.verified {
        Some(verified) if verified.is_identical => {}
        Some(_) => against.push("it was found different from the log".to_owned()),
        None => against.push(format!(
            "nobody has proved it; do so with `replay verify {model} --generation {generation}`"
        )),
    }
    against
}
