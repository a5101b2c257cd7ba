//! A plan as lines for people.

use std::io::{self, Write};

use crate::plan::{ModelPlan, PlanReport};

pub(super) fn write(out: &mut impl Write, report: &PlanReport) -> io::Result<()> {
    let (events, read, bytes) = ("events", "of them read", "bytes");
    writeln!(
        out,
        "{:<26}{events:>12}{read:>14}{bytes:>16}{:>12}{:>10}",
        "read model", "rows", "time"
    )?;
    for model in &report.models {
        of_model(out, model)?;
    }
    match report.seconds {
        Some(seconds) => writeln!(out, "time: about {seconds:.1} s for all of it")?,
        None => writeln!(
            out,
            "time: not known; a `replay run` leaves its rate for the next plan, or measure one with --calibrate"
        )?,
    }
    match report.disk_bytes {
        Some(bytes) => writeln!(out, "disk: about {bytes} bytes beside the live generations")?,
        None => writeln!(out, "disk: as much as the live generation of each takes")?,
    }
    for reason in &report.in_the_way {
        writeln!(out, "in the way: {reason}")?;
    }
    writeln!(out, "verdict: {}", report.verdict)
}

fn of_model(out: &mut impl Write, model: &ModelPlan) -> io::Result<()> {
    let read: u64 = model.streams.iter().map(|stream| stream.read).sum();
    let rows = model.rows.map_or("-".to_owned(), |rows| rows.to_string());
    let time = model.seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1} s"));
    let (name, events, bytes) = (model.name, model.events, model.bytes);
    writeln!(out, "{name:<26}{events:>12}{read:>14}{bytes:>16}{rows:>12}{time:>10}")?;
    for generation in &model.beside {
        writeln!(out, "  generation {generation} is there beside the live one")?;
    }
    for reason in &model.in_the_way {
        writeln!(out, "  in the way: {reason}")?;
    }
    Ok(())
}
