//! An export as lines for people.

use std::io::{self, Write};

use crate::export::ExportReport;

pub(super) fn write(out: &mut impl Write, report: &ExportReport) -> io::Result<()> {
    for position in &report.positions {
        let (stream, partition) = (&position.stream, position.partition);
        let (first, last) = (position.first, position.last);
        let name = format!("{stream}/{partition}");
        if first > last {
            writeln!(out, "{name:<36}nothing")?;
        } else {
            writeln!(out, "{name:<36}{first} to {last}")?;
        }
    }
    for event in &report.undecodable {
        let (stream, partition, sequence) = (&event.stream, event.partition, event.sequence);
        writeln!(out, "  {stream}/{partition} at sequence {sequence}: {}", event.problem)?;
    }
    if report.verdict == "dry_run" {
        return writeln!(out, "nothing was written to {}", report.to);
    }
    writeln!(out)?;
    writeln!(out, "{:<36}{:>12}{:>14}{:>10}", "table", "rows", "bytes", "files")?;
    for table in &report.tables {
        let (name, rows, bytes, files) = (&table.name, table.rows, table.bytes, table.files);
        writeln!(out, "{name:<36}{rows:>12}{bytes:>14}{files:>10}")?;
    }
    let undecodable: u64 = report.positions.iter().map(|position| position.undecodable).sum();
    if undecodable > 0 {
        writeln!(out, "incomplete: {undecodable} events could not be decoded and are missing")?;
    }
    writeln!(out, "{} was written in {:.1} s", report.to, report.seconds)
}
