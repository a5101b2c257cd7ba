//! What `replay inspect` found, as lines for people.

use std::io::{self, Write};

use crate::inspect::{Cause, Changed, Content, EventShown, InspectReport, Timeline, What};

/// Before what stands under something else.
const INDENT: &str = "  ";

pub(super) fn write(out: &mut impl Write, report: &InspectReport) -> io::Result<()> {
    match &report.what {
        What::Aggregate(line) => timeline(out, line),
        What::Event(found) => {
            event(out, &found.event, "")?;
            writeln!(out, "caused {} events", found.caused.len())?;
            found.caused.iter().try_for_each(|caused| event(out, caused, INDENT))
        }
        What::Causes(found) => {
            writeln!(out, "request {}", found.correlation_id)?;
            found.causes.iter().try_for_each(|cause| tree(out, cause, INDENT))
        }
    }
}

fn timeline(out: &mut impl Write, line: &Timeline) -> io::Result<()> {
    let (key, stream, partition) = (&line.key, line.stream, line.partition);
    writeln!(out, "{key} in {stream}/{partition}")?;
    line.events.iter().try_for_each(|shown| event(out, shown, INDENT))?;
    if let Some(problem) = &line.problem {
        writeln!(out, "{problem}")?;
    }
    if let Some(changed) = &line.changed {
        writeln!(out, "changed since then: {} fields", changed.len())?;
        changed.iter().try_for_each(|field| change(out, field))?;
    }
    writeln!(out, "state at version {}:", line.version)?;
    writeln!(out, "{:#}", line.state)
}

fn change(out: &mut impl Write, changed: &Changed) -> io::Result<()> {
    writeln!(out, "{INDENT}{}: {} -> {}", changed.field, changed.before, changed.after)
}

fn event(out: &mut impl Write, shown: &EventShown, indent: &str) -> io::Result<()> {
    headline(out, shown, indent)?;
    match &shown.content {
        Content::Decoded(decoded) => {
            let (id, cause) = (&decoded.event_id, &decoded.causation_id);
            let correlation = &decoded.correlation_id;
            writeln!(out, "{indent}  event {id}, caused by {cause}, request {correlation}")?;
            writeln!(out, "{indent}  {}", decoded.data)
        }
        Content::Raw { bytes, problem, .. } => {
            writeln!(out, "{indent}  {bytes} bytes that cannot be decoded: {problem}")
        }
    }
}

fn headline(out: &mut impl Write, shown: &EventShown, indent: &str) -> io::Result<()> {
    let EventShown { stream, partition, sequence, key, event_type, content } = shown;
    match content {
        Content::Decoded(decoded) => {
            let (time, version) = (&decoded.recorded_at, decoded.version);
            write!(out, "{indent}{time} {event_type} of {key}, version {version}")?;
        }
        Content::Raw { .. } => write!(out, "{indent}{event_type} of {key}")?,
    }
    writeln!(out, ", at {stream}/{partition}/{sequence}")
}

fn tree(out: &mut impl Write, cause: &Cause, indent: &str) -> io::Result<()> {
    headline(out, &cause.event, indent)?;
    let below = format!("{indent}{INDENT}");
    cause.effects.iter().try_for_each(|effect| tree(out, effect, &below))
}
