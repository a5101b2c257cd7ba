//! `replay plan`: what a rebuild would read and write, how long it takes by the rates of earlier runs, and what is in its way.
//!
//! Reads a sample of the log and counts the live rows. Changes nothing.

mod duration;
mod report;
mod sample;

use std::fs;
use std::path::Path;

use chimera_config::Config;
use chimera_model::ReadModel;
use chimera_stores::View;

pub(crate) use report::{ModelPlan, PlanReport};

use crate::cli::PlanOptions;
use crate::data::Data;
use crate::failure::Failure;
use crate::models;
use crate::progress::Progress;
use crate::rates::Rates;
use crate::room;
use crate::scratch::Scratch;
use duration::{Calibration, all_together};
use sample::Sample;

pub(crate) async fn plan(config: &Config, options: &PlanOptions) -> Result<PlanReport, Failure> {
    let wanted = models::chosen(&options.chosen.models)?;
    let data = Data::open(config).await?;
    let progress = Progress::new();
    let (sample, rates) = (Sample::of(&data.log).await?, Rates::of(config));
    let scratch = scratch(&data, options)?;
    let mut models = Vec::new();
    for model in &wanted {
        let mut plan = of_model(&data, model, &sample, &progress).await?;
        plan.seconds = rates.seconds(config, model, plan.events);
        if let (None, Some(scratch)) = (plan.seconds, &scratch) {
            let calibration = Calibration { data: &data, scratch, progress: &progress };
            plan.seconds = Some(calibration.seconds(model, plan.events).await?);
        }
        models.push(plan);
    }
    let all = wanted.len() == chimera_model::ALL.len();
    let read = (!data.stores.are_shared()).then(|| bytes_in(&data.log.dir.join("read")));
    let (disk, seconds) =
        (read.filter(|_| all), all_together(models.iter().map(|model| model.seconds)));
    let in_the_way = Vec::from_iter(disk.and_then(|bytes| no_room(&data.log.dir, bytes)));
    Ok(PlanReport::new(models, seconds, disk, in_the_way))
}

fn no_room(dir: &Path, needed: u64) -> Option<String> {
    let answer = room::answer(dir, needed);
    (!answer.good).then_some(answer.said)
}

/// Where to measure, if that was asked for and can be done: embedded stores say nothing of others.
fn scratch(data: &Data, options: &PlanOptions) -> Result<Option<Scratch>, Failure> {
    if !options.calibrate || data.stores.are_shared() {
        return Ok(None);
    }
    let dir = options.scratch.as_deref().unwrap_or(&data.log.dir);
    Scratch::open(dir, "plan-scratch").map(Some)
}

async fn of_model(
    data: &Data,
    model: &'static ReadModel,
    sample: &Sample,
    progress: &Progress,
) -> Result<ModelPlan, Failure> {
    let mut plan = ModelPlan::new(model.name);
    let known = data.log.log.streams()?;
    for stream in model.streams() {
        if known.iter().any(|spec| &*spec.name == stream) {
            plan.add(sample.stream(model, stream));
        } else {
            plan.in_the_way.push(format!("the log has no stream {stream}"));
        }
    }
    plan.in_the_way.extend(sample.unreadable(model));
    plan.live = data.live(model).await?;
    plan.beside = data.generations(model).await?;
    plan.beside.retain(|generation| Some(*generation) != plan.live);
    if let Some(live) = plan.live {
        plan.rows = rows(data, View::new(model.name, live), model, progress).await?;
    }
    Ok(plan)
}

/// How many rows the live generation has; none where a store of it was lost.
async fn rows(
    data: &Data,
    view: View,
    model: &'static ReadModel,
    progress: &Progress,
) -> Result<Option<u64>, Failure> {
    if data.applied(model, view).await?.missing(model).is_some() {
        return Ok(None);
    }
    let stores = data.all();
    let step = progress.step(model.name, 0, "rows counted");
    let mut rows = 0;
    for content in crate::verify::contents_of(&stores, model, view) {
        let sums = chimera_stores::checksum::sums(content, &|read| step.add(read)).await?;
        rows += sums.rows();
    }
    step.end();
    Ok(Some(rows))
}

/// What lies in a directory; what cannot be read counts as nothing.
fn bytes_in(dir: &Path) -> u64 {
    let mut bytes = 0;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        bytes += match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes_in(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_too_small_is_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(no_room(dir.path(), 1), None);
        let in_the_way = Vec::from_iter(no_room(dir.path(), u64::MAX));
        let report = PlanReport::new(vec![], None, Some(u64::MAX), in_the_way);
        assert_eq!(report.verdict, "blocked");
        assert!(report.in_the_way[0].contains("are needed"), "{report:?}");
    }
}
