//! What `replay drill` says, as lines for people.

use std::io::{self, Write};

use crate::drill::{CheckReport, DrillReport, count, span, whole};

pub(super) fn drill(out: &mut impl Write, report: &DrillReport) -> io::Result<()> {
    let point = &report.point;
    let signed = if point.signed { "signed" } else { "NOT SIGNED" };
    writeln!(out, "drill of the restore point {} of {}, {signed}", point.name, point.place)?;
    for step in &report.steps {
        let good = if step.good { "ok" } else { "NO" };
        writeln!(out, "  {:<8} {:>12}  {good}: {}", step.name, span(step.seconds), step.said)?;
    }
    for model in &report.models {
        let (name, verdict) = (model.name, model.verdict.unwrap_or("not looked at"));
        let rate = count(whole(model.events_per_second));
        writeln!(out, "  {name}: {} events, {rate}/s, {verdict}", count(model.events))?;
        if model.parked_events > 0 {
            writeln!(out, "    {} events wait among the dead letters", model.parked_events)?;
        }
        for problem in &model.problems {
            writeln!(out, "    {problem}")?;
        }
    }
    figures(out, report)?;
    for note in &report.notes {
        writeln!(out, "  note: {note}")?;
    }
    writeln!(out, "report: {}", report.files.join(", "))?;
    writeln!(out, "verdict: {}", report.verdict)
}

fn figures(out: &mut impl Write, report: &DrillReport) -> io::Result<()> {
    let (rto, rpo) = (&report.rto, &report.rpo);
    let after = |seconds: Option<f64>| seconds.map_or("never".to_owned(), span);
    let (proved, rebuilt) = (after(rto.proved_seconds), after(rto.rebuilt_seconds));
    let target = target(rto.target_seconds, rto.met);
    writeln!(out, "RTO: proved after {proved}{target}; readable after {rebuilt}")?;
    let lost = rpo.reached_seconds.map_or("unknown".to_owned(), span);
    let at_most = if rpo.is_exact || rpo.reached_seconds.is_none() { "" } else { "at most " };
    let target = self::target(rpo.target_seconds, rpo.met);
    writeln!(out, "RPO: {at_most}{lost}{target}; live log: {}", rpo.live)
}

fn target(seconds: Option<u32>, met: Option<bool>) -> String {
    let Some(seconds) = seconds else { return String::new() };
    let met = if met == Some(true) { "met" } else { "MISSED" };
    format!(" (target {}: {met})", span(seconds.into()))
}

pub(super) fn check(out: &mut impl Write, report: &CheckReport) -> io::Result<()> {
    let CheckReport { verdict, file, key, drill } = report;
    match drill {
        Some(drill) => writeln!(out, "{file} is as the key {key} signed it; the drill: {drill}")?,
        None => writeln!(out, "{file} is NOT what the key {key} has signed")?,
    }
    writeln!(out, "verdict: {verdict}")
}
