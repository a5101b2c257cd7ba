//! Reports as lines for people.

use std::io::{self, Write};

use super::{Report, generations};
use crate::log_check::LogReport;
use crate::status::{GenerationStatus, ModelStatus, PartitionStatus, StatusReport};
use crate::verify::{Differing, ModelReport, TableReport, VerifyReport};

pub(super) fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    match report {
        Report::Status(report) => status(out, report),
        Report::Run(report) => generations::run(out, report),
        Report::Switch(report) => generations::switch(out, report),
        Report::Drop(report) => generations::drop(out, report),
        Report::Plan(report) => super::planned::write(out, report),
        Report::Verify(report) => verify(out, report),
        Report::Dlq(report) => super::letters::write(out, report),
        Report::Backup(report) => super::backups::backup(out, report),
        Report::Restore(report) => super::backups::restore(out, report),
        Report::VerifyBackup(report) => super::backups::verify_backup(out, report),
        Report::Drill(report) => super::drilled::drill(out, report),
        Report::DrillCheck(report) => super::drilled::check(out, report),
        Report::Inspect(report) => super::inspected::write(out, report),
        Report::Export(report) => super::exported::write(out, report),
    }
}

fn status(out: &mut impl Write, report: &StatusReport) -> io::Result<()> {
    writeln!(
        out,
        "{:<36}{:>12}{:>14}{:>10}  oldest, newest",
        "partition", "last", "bytes", "segments"
    )?;
    for size in &report.partitions {
        of_partition(out, size)?;
    }
    writeln!(out)?;
    writeln!(out, "{:<36}{:>12}{:>14}  generations", "read model", "live", "lag")?;
    for model in &report.models {
        let live = model.live.map_or("none".to_owned(), |live| live.to_string());
        let others = model.generations.iter().map(of_generation).collect::<Vec<_>>();
        let (name, lag) = (model.name, model.lag);
        writeln!(out, "{name:<36}{live:>12}{lag:>14}  {}", others.join(", "))?;
        behind(out, model)?;
    }
    Ok(())
}

fn of_partition(out: &mut impl Write, size: &PartitionStatus) -> io::Result<()> {
    let name = format!("{}/{}", size.stream, size.partition);
    let bytes = size.bytes.map_or("-".to_owned(), |bytes| bytes.to_string());
    let segments = size.segments.map_or("-".to_owned(), |segments| segments.to_string());
    let time = |time: &Option<String>| time.clone().unwrap_or_else(|| "-".to_owned());
    let times = format!("{}, {}", time(&size.oldest), time(&size.newest));
    write!(out, "{name:<36}{:>12}{bytes:>14}{segments:>10}  {times}", size.last)?;
    match &size.owner {
        Some(owner) => writeln!(out, ", owned by {} in term {}", owner.address, owner.term),
        None => writeln!(out),
    }
}

/// `2 built, proved`.
fn of_generation(of: &GenerationStatus) -> String {
    let proved = match of.verified {
        Some(true) => ", proved",
        Some(false) => ", found different",
        None => "",
    };
    let partial = if of.partial.is_some() { ", partial" } else { "" };
    format!("{} {}{partial}{proved}", of.generation, of.state)
}

fn behind(out: &mut impl Write, model: &ModelStatus) -> io::Result<()> {
    for position in model.positions.iter().filter(|position| position.applied != position.end) {
        let (stream, partition) = (&position.stream, position.partition);
        let (applied, end) = (position.applied, position.end);
        write!(out, "  {stream}/{partition}: applied {applied} of {end}")?;
        match position.lag_seconds {
            Some(seconds) => writeln!(out, ", {seconds:.0} s behind")?,
            None => writeln!(out)?,
        }
    }
    if model.parked_events > 0 {
        let (events, aggregates) = (model.parked_events, model.parked_aggregates);
        writeln!(
            out,
            "  dead letters: {events} events of {aggregates} aggregates wait; see `replay dlq list`"
        )?;
    }
    Ok(())
}

fn verify(out: &mut impl Write, report: &VerifyReport) -> io::Result<()> {
    log(out, &report.log)?;
    for model in &report.models {
        of_model(out, model)?;
    }
    writeln!(out, "verdict: {}", report.verdict)
}

fn log(out: &mut impl Write, log: &LogReport) -> io::Result<()> {
    writeln!(out, "log: {}, {} events", log.verdict, log.events)?;
    for fault in &log.faults {
        let (stream, partition, sequence) = (&fault.stream, fault.partition, fault.sequence);
        writeln!(out, "  {stream}/{partition} at sequence {sequence}: {}", fault.reason)?;
    }
    Ok(())
}

fn of_model(out: &mut impl Write, model: &ModelReport) -> io::Result<()> {
    let generation = model.generation.map_or("none".to_owned(), |live| live.to_string());
    write!(out, "{}: {}, generation {generation}", model.name, model.verdict)?;
    match model.against {
        Some(other) => writeln!(out, " beside generation {other}")?,
        None => writeln!(out)?,
    }
    if model.lag > 0 {
        let lag = model.lag;
        writeln!(out, "  it is {lag} events behind the log and was compared where it stands")?;
    }
    if model.parked_events > 0 {
        let parked = model.parked_events;
        writeln!(
            out,
            "  {parked} events wait among the dead letters and were left out; see `replay dlq list`"
        )?;
    }
    for problem in &model.problems {
        writeln!(out, "  {problem}")?;
    }
    let sides = Sides::of(model);
    for table in &model.tables {
        of_table(out, table, &sides)?;
    }
    Ok(())
}

/// What the two sides of a comparison are called.
struct Sides {
    examined: String,
    other: String,
}

impl Sides {
    fn of(model: &ModelReport) -> Self {
        let named = |generation: u32| format!("generation {generation}");
        match (model.generation, model.against) {
            (Some(examined), Some(other)) => {
                Self { examined: named(examined), other: named(other) }
            }
            (_, _) => Self { examined: "live".to_owned(), other: "rebuilt".to_owned() },
        }
    }
}

fn of_table(out: &mut impl Write, table: &TableReport, sides: &Sides) -> io::Result<()> {
    let (name, rows, checksum) = (table.name, table.rows, &table.checksum);
    if table.verdict == "identical" {
        write!(out, "  {name}: identical, {rows} rows, checksum {checksum}")?;
        if table.in_flight > 0 {
            write!(out, "; {} keys were written meanwhile, each as the log says", table.in_flight)?;
        }
        return writeln!(out);
    }
    let Sides { examined, other } = sides;
    writeln!(out, "  {name}: different")?;
    writeln!(out, "    {examined:<8} {rows} rows, checksum {checksum}")?;
    writeln!(
        out,
        "    {other:<8} {} rows, checksum {}",
        table.rebuilt_rows, table.rebuilt_checksum
    )?;
    ranges(out, table)?;
    for damage in &table.damage {
        writeln!(out, "    damaged: {damage}")?;
    }
    for differing in &table.differing {
        of_key(out, differing, sides)?;
    }
    if table.more {
        writeln!(out, "    more keys differ; name more of them with --named")?;
    }
    Ok(())
}

fn ranges(out: &mut impl Write, table: &TableReport) -> io::Result<()> {
    let differing = table.ranges.iter().filter(|range| range.verdict != "identical");
    let differing: Vec<String> = differing.map(|range| range.first.to_string()).collect();
    if differing.len() == table.ranges.len() {
        return writeln!(out, "    all key ranges differ");
    }
    writeln!(out, "    key ranges that differ: {}", differing.join(", "))
}

fn of_key(out: &mut impl Write, differing: &Differing, sides: &Sides) -> io::Result<()> {
    let (key, found) = (&differing.key, differing.found);
    match &differing.reason {
        Some(reason) => writeln!(out, "    {key}: {found}: {reason}")?,
        None => writeln!(out, "    {key}: {found}")?,
    }
    for field in &differing.fields {
        let of = |side: &std::collections::BTreeMap<String, Option<String>>| {
            side.get(field).cloned().flatten().unwrap_or_else(|| "nothing".to_owned())
        };
        let (examined, other) = (of(&differing.live), of(&differing.rebuilt));
        writeln!(out, "      {field}: {} {examined}, {} {other}", sides.examined, sides.other)?;
    }
    Ok(())
}
