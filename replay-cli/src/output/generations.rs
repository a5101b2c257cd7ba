//! What became of generations, as lines for people.

use std::io::{self, Write};

use crate::drop_generations::DropReport;
use crate::run::{Rebuilt, RunReport};
use crate::switch::SwitchReport;

pub(super) fn run(out: &mut impl Write, report: &RunReport) -> io::Result<()> {
    let is_plan = report.verdict == "planned";
    for model in &report.models {
        of_model(out, model, is_plan)?;
    }
    Ok(())
}

fn of_model(out: &mut impl Write, model: &Rebuilt, is_plan: bool) -> io::Result<()> {
    let (name, events) = (model.name, model.events);
    let number = model.generation.map_or("none".to_owned(), |number| number.to_string());
    if let Some(problem) = &model.problem {
        return writeln!(out, "{name}: failed at generation {number}: {problem}");
    }
    let place = if model.is_live { "live" } else { "beside the live one" };
    let gone_on =
        if model.is_resumed { ", going on with what an earlier run has left" } else { "" };
    if is_plan {
        return writeln!(
            out,
            "{name}: would build generation {number}, {place}, from {events} events{gone_on}"
        );
    }
    let seconds = model.seconds;
    writeln!(
        out,
        "{name}: generation {number}, {place}, built from {events} events in {seconds:.1} s{gone_on}"
    )?;
    if let Some(part) = &model.partial {
        writeln!(out, "  it holds only a part of the log: {part}")?;
    }
    if model.parked_events > 0 {
        let (events, aggregates) = (model.parked_events, model.parked_aggregates);
        writeln!(
            out,
            "  {events} events of {aggregates} aggregates could not be applied and wait; see `replay dlq list`"
        )?;
    }
    if !model.is_live {
        writeln!(
            out,
            "  prove it with `replay verify {name} --generation {number}`, then `replay promote {name}`"
        )?;
    }
    Ok(())
}

pub(super) fn switch(out: &mut impl Write, report: &SwitchReport) -> io::Result<()> {
    let SwitchReport { model, live, generation, previous, events, .. } = report;
    match report.verdict {
        "done" => {
            writeln!(
                out,
                "{model}: generation {live} is live, brought forward by {events} events"
            )?;
            if let Some(previous) = previous {
                writeln!(
                    out,
                    "  generation {previous} stays for `replay rollback {model}`, until it is dropped"
                )?;
            }
        }
        "planned" => {
            writeln!(out, "{model}: would switch readers from generation {live} to {generation}")?;
        }
        _ => writeln!(out, "{model}: refused, generation {live} stays live")?,
    }
    for reason in &report.against {
        writeln!(out, "  {reason}")?;
    }
    if report.verdict == "refused" {
        writeln!(out, "  --force promotes it nevertheless")?;
    }
    Ok(())
}

pub(super) fn drop(out: &mut impl Write, report: &DropReport) -> io::Result<()> {
    let DropReport { model, dropped, live, .. } = report;
    if dropped.is_empty() {
        return writeln!(out, "{model}: there is nothing to remove; generation {live} is live");
    }
    let numbers: Vec<String> = dropped.iter().map(u32::to_string).collect();
    let did = if report.verdict == "done" { "removed" } else { "would remove" };
    writeln!(out, "{model}: {did} generation {}; generation {live} is live", numbers.join(", "))
}
