//! What `backup`, `restore` and `verify-backup` say, as lines for people.

use std::io::{self, Write};

use crate::backup::BackupReport;
use crate::restore::RestoreReport;
use crate::verify_backup::VerifyBackupReport;

pub(super) fn backup(out: &mut impl Write, report: &BackupReport) -> io::Result<()> {
    let (point, place) = (&report.point, &report.place);
    writeln!(out, "restore point {point} in {place}{}", signed(report.signed))?;
    let (raw, bytes) = (report.raw_bytes, report.bytes);
    writeln!(out, "  {} events, {raw} bytes in {bytes} compressed", report.events)?;
    let (new, new_bytes, reused) = (report.new_objects, report.new_bytes, report.reused_objects);
    let seconds = report.seconds;
    writeln!(
        out,
        "  {new} objects of {new_bytes} bytes written, {reused} were there, in {seconds:.1} s"
    )?;
    notes(out, &report.notes)
}

pub(super) fn restore(out: &mut impl Write, report: &RestoreReport) -> io::Result<()> {
    writeln!(out, "restore point {}{}", report.point, signed(report.signed))?;
    for answer in &report.answers {
        let good = if answer.good { "ok" } else { "NO" };
        writeln!(out, "  {:<10} {good}: {}", answer.question, answer.said)?;
    }
    if let Some(until) = report.until {
        writeln!(out, "  until {until}: {} events are left out", report.left_out)?;
    }
    for end in &report.ends {
        writeln!(out, "  {}/{} ends at {}", end.stream, end.partition, end.last)?;
    }
    notes(out, &report.notes)?;
    match report.verdict {
        "done" => writeln!(
            out,
            "done: {} events restored, {} were there, in {:.1} s",
            report.events, report.there, report.seconds
        ),
        "ready" => writeln!(out, "ready: nothing was changed"),
        verdict => writeln!(out, "{verdict}: nothing was changed"),
    }
}

pub(super) fn verify_backup(out: &mut impl Write, report: &VerifyBackupReport) -> io::Result<()> {
    writeln!(out, "restore point {}{}", report.point, signed(report.signed))?;
    if report.signed && !report.trusted {
        writeln!(out, "  the signature is whole; --trust says whether it is by the right key")?;
    }
    let how =
        if report.deep { "everything was read" } else { "sizes only; --deep reads everything" };
    writeln!(out, "  {} events in {} bytes, {how}", report.events, report.bytes)?;
    for fault in &report.faults {
        writeln!(out, "  {}: {}", fault.object, fault.reason)?;
    }
    writeln!(out, "verdict: {}", report.verdict)
}

fn signed(signed: bool) -> &'static str {
    if signed { ", signed" } else { ", NOT SIGNED" }
}

fn notes(out: &mut impl Write, notes: &[String]) -> io::Result<()> {
    for note in notes {
        writeln!(out, "  note: {note}")?;
    }
    Ok(())
}
