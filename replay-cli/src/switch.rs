//! What `promote` and `rollback` share: a generation brought level, kept level, and made live by one event.

use std::time::Duration;

use chimera_model::ReadModel;
use chimera_stores::search::Purpose;
use chimera_stores::{Live, View};
use chimera_worker::{Feeder, Positions as Standing, Target};
use serde::Serialize;

use crate::cli::Decided;
use crate::data::Data;
use crate::failure::Failure;
use crate::operator::{confirm, who};
use crate::progress::Progress;
use crate::rebuild::feed;

/// For how long the generation is fed on after the switch. The nodes that feed hear of it within milliseconds, and begin at its
/// checkpoint; until they do nobody else would feed it.
const HAND_OVER: Duration = Duration::from_secs(2);

/// What was switched.
#[derive(Debug, Serialize)]
pub struct SwitchReport {
    /// `done`, `planned` with `--dry-run`, or `refused`.
    pub verdict: &'static str,
    /// The read model.
    pub model: &'static str,
    /// The generation that readers see now.
    pub live: u32,
    /// The generation that was asked for.
    pub generation: u32,
    /// The one before the live one, to which `replay rollback` leads.
    pub previous: Option<u32>,
    /// How many events it was brought forward before the switch.
    pub events: u64,
    /// What speaks against it.
    pub against: Vec<String>,
}

/// A switch that was asked for.
pub(crate) struct Decision<'a> {
    /// The last one.
    pub(crate) known: Option<Live>,
    pub(crate) to: Live,
    /// What speaks against it so far.
    pub(crate) against: Vec<String>,
    pub(crate) how: &'a Decided,
}

/// A decision of this moment, with everything that does not depend on what was decided.
pub(crate) fn now(how: &Decided) -> Live {
    Live {
        generation: 0,
        previous: None,
        at: jiff::Timestamp::now().to_string(),
        by: who(),
        reason: how.reason.clone(),
        forced: false,
    }
}

/// Brings the generation level, and switches to it unless something speaks against it.
pub(crate) async fn decide(
    data: &Data,
    model: &'static ReadModel,
    mut decision: Decision<'_>,
) -> Result<SwitchReport, Failure> {
    let feeder = data.feeder(data.all())?;
    let target = feeder.target(model, decision.to.generation);
    if let Some(missing) = data.applied(model, target.view()).await?.missing(model) {
        return Err(Failure::Failed(format!("{} is not in the store of {missing}", target.view())));
    }
    let live = data.stores.live().live_generation(model.name)?;
    let mut report = SwitchReport {
        verdict: "refused",
        model: model.name,
        live,
        generation: decision.to.generation,
        previous: decision.known.as_ref().and_then(|known| known.previous),
        events: 0,
        against: Vec::new(),
    };
    let is_refused = !decision.against.is_empty() && !decision.to.forced;
    if !is_refused && !decision.how.dry_run {
        let (name, to) = (model.name, decision.to.generation);
        confirm(
            decision.how.yes,
            &format!("switch readers of {name} from generation {live} to {to}?"),
        )?;
        report.events = level(data, &feeder, &target).await?;
    }
    decision.against.extend(behind(data, model, View::new(model.name, live), &target).await?);
    report.against = std::mem::take(&mut decision.against);
    if decision.how.dry_run {
        report.verdict = "planned";
        return Ok(report);
    }
    if !report.against.is_empty() && !decision.to.forced {
        return Ok(report);
    }
    switch(data, &feeder, &target, &decision).await?;
    (report.verdict, report.live, report.previous) =
        ("done", decision.to.generation, decision.to.previous);
    Ok(report)
}

/// Applies what the log holds beyond the generation.
async fn level(data: &Data, feeder: &Feeder, target: &Target) -> Result<u64, Failure> {
    target.tune(Purpose::Serving).await?;
    let ends = data.log.ends(&target.model().streams())?;
    let legs = feeder.legs(target, |partition| ends.get(partition).copied()).await;
    let mut legs = legs.map_err(Failure::failed)?;
    legs.retain(|leg| leg.upto.is_some_and(|upto| leg.from <= upto));
    let events = feed(feeder, target, &legs, &Progress::new()).await?;
    data.stores.flush()?;
    Ok(events)
}

/// Partitions of which the live generation has more.
async fn behind(
    data: &Data,
    model: &ReadModel,
    live: View,
    target: &Target,
) -> Result<Option<String>, Failure> {
    let (of_live, applied) = (data.applied(model, live).await?, target.applied().await?);
    let mut missing = 0;
    for (partition, end) in data.log.ends(&model.streams())? {
        let has = applied.get(&partition).copied().unwrap_or(0);
        // What is not in the log, nobody can have.
        missing += of_live.least(&partition).min(end).saturating_sub(has);
    }
    Ok((missing > 0).then(|| format!("it is {missing} events behind the live one")))
}

/// Decides, while the generation is kept at the tail of the log. Where nobody else can be feeding, that is not needed.
async fn switch(
    data: &Data,
    feeder: &Feeder,
    target: &Target,
    Decision { known, to, .. }: &Decision<'_>,
) -> Result<(), Failure> {
    let (name, generations) = (target.model().name, data.stores.live());
    if data.log.embedded.is_some() {
        let switched = generations.switch(name, known.as_ref(), to).await;
        return switched.map_err(Failure::failed);
    }
    let legs = feeder.legs(target, |_| None).await.map_err(Failure::failed)?;
    let standing = Standing::default();
    let mut feeds = feeder.start(target, &legs, &standing).map_err(Failure::failed)?;
    let switched = generations.switch(name, known.as_ref(), to).await;
    if switched.is_ok() {
        tokio::time::sleep(HAND_OVER).await;
    }
    feeds.shutdown().await;
    switched.map_err(Failure::failed)
}
