//! The page of a report: one file, without scripts, fonts or pictures from elsewhere. Every text in it is escaped.

mod tables;

use std::fmt;

use super::chart;
use super::report::{DrillReport, ModelDrilled, Rpo, Rto};
use super::words::{bytes, count, moment, period, span, whole};

const STYLE: &str = include_str!("page.css");

/// A text as it may stand in the page.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                _ => fmt::Write::write_char(out, character)?,
            }
        }
        Ok(())
    }
}

/// The whole page.
pub(super) fn page(report: &DrillReport) -> String {
    let parts = [
        header(report),
        problem(report),
        figures(report),
        section(
            "Where the time went",
            &[chart::timeline(report), tables::steps(&report.steps)].concat(),
        ),
        rebuilt(&report.models),
        tables::models(&report.models),
        tables::partitions(report),
        section("What was run", &facts(report)),
        notes(&report.notes),
    ];
    let (verdict, body) = (Escaped(report.verdict), parts.concat());
    let name = Escaped(&report.point.name);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>Recovery drill {name}: {verdict}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{body}{}</main>\n</body>\n</html>\n",
        footer(report)
    )
}

fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{body}\n</section>\n", Escaped(title))
}

fn badge(class: &str, text: &str) -> String {
    format!("<span class=\"badge {class}\">{}</span>", Escaped(text))
}

fn header(report: &DrillReport) -> String {
    let (class, what) = match report.verdict {
        "reached" => ("good", "Every read model came back and was proved."),
        "missed" => {
            ("warn", "Every read model came back and was proved, but not within the targets.")
        }
        "different" => ("bad", "It came back, but not as the log says."),
        _ => ("bad", "It did not come back."),
    };
    format!(
        "<header>\n<p>Chimera, rehearsed on a copy {}</p>\n<h1>Recovery drill {}</h1>\n<p>{what} \
         Restore point {} of {}.</p>\n</header>\n",
        Escaped(&moment(&report.began)),
        badge(class, report.verdict),
        Escaped(&report.point.name),
        Escaped(&moment(&report.point.began)),
    )
}

fn problem(report: &DrillReport) -> String {
    let Some(problem) = &report.problem else { return String::new() };
    format!(
        "<section class=\"problem\">\n<h2>What kept it from its end</h2>\n<p>{}</p>\n</section>\n",
        Escaped(problem)
    )
}

fn figures(report: &DrillReport) -> String {
    format!(
        "<div class=\"figures\">\n{}{}</div>\n",
        section("Recovery time (RTO)", &recovery_time(&report.rto)),
        section("Recovery point (RPO)", &recovery_point(&report.rpo)),
    )
}

fn recovery_time(rto: &Rto) -> String {
    let big = rto.proved_seconds.map_or("not reached".to_owned(), span);
    let rebuilt = match rto.rebuilt_seconds {
        Some(seconds) => format!("Readable after {}.", span(seconds)),
        None => "It never could be read.".to_owned(),
    };
    format!(
        "<p class=\"big\">{}</p>\n{}\n<p>Until every read model and the log were proved. {}</p>",
        Escaped(&big),
        target(rto.target_seconds, rto.met),
        Escaped(&rebuilt)
    )
}

fn recovery_point(rpo: &Rpo) -> String {
    let at_most = match rpo.reached_seconds {
        Some(_) if !rpo.is_exact => "<small>at most</small> ",
        _ => "",
    };
    let big = rpo.reached_seconds.map_or("unknown".to_owned(), span);
    let newest = match (&rpo.newest_at, rpo.age_seconds) {
        (Some(at), Some(age)) => format!(
            "The newest restored event was recorded {}, {} before the drill.",
            moment(at),
            span(age)
        ),
        _ => "The restore point holds no event.".to_owned(),
    };
    let recorded = match (&rpo.lacking_from, &rpo.lacking_to) {
        (Some(from), Some(to)) => format!(", recorded {}", period(from, to)),
        _ => String::new(),
    };
    let live = match rpo.lacking {
        Some(0) => "The restore point lacks nothing of the live log.".to_owned(),
        Some(lacking) => format!("The live log has {} events more{recorded}.", count(lacking)),
        None => format!("Live log {}.", rpo.live),
    };
    format!(
        "<p class=\"big\">{at_most}{}</p>\n{}\n<p>{}</p>\n<p>{}</p>",
        Escaped(&big),
        target(rpo.target_seconds, rpo.met),
        Escaped(&newest),
        Escaped(&live)
    )
}

fn target(seconds: Option<u32>, met: Option<bool>) -> String {
    match (seconds, met) {
        (Some(seconds), Some(true)) => {
            badge("good", &format!("target {} met", span(seconds.into())))
        }
        (Some(seconds), _) => badge("bad", &format!("target {} missed", span(seconds.into()))),
        (None, _) => badge("neutral", "no target set"),
    }
}

fn rebuilt(models: &[ModelDrilled]) -> String {
    if models.is_empty() {
        return String::new();
    }
    section("Events a second, by read model", &chart::rates(models))
}

fn facts(report: &DrillReport) -> String {
    let (point, machine) = (&report.point, &report.machine);
    let memory = machine
        .memory_bytes
        .map_or(String::new(), |memory| format!(", {} of memory", bytes(memory)));
    let facts = [
        ("Restore point", format!("{} in {}", point.name, point.place)),
        ("Written by", format!("{}, from a log that was {}", point.program, point.source)),
        ("Signature", signature(report).to_owned()),
        (
            "Size",
            format!(
                "{} events, {} of records in {} compressed",
                count(point.events),
                bytes(point.raw_bytes),
                bytes(point.bytes)
            ),
        ),
        ("Restored at", restored(report)),
        ("Restored log", log(report)),
        ("Rehearsed by", machine.release.clone()),
        ("Machine", format!("{} cores{memory}, {}", machine.cores, machine.system)),
        ("Began", moment(&report.began)),
        ("Ended", moment(&report.ended)),
        (
            "This report",
            match &report.signer {
                Some(key) => format!("signed for the key {key}"),
                None => "NOT SIGNED".to_owned(),
            },
        ),
    ];
    let each = facts
        .iter()
        .map(|(name, said)| format!("<dt>{}</dt><dd>{}</dd>\n", Escaped(name), Escaped(said)));
    format!("<dl>\n{}</dl>", each.collect::<String>())
}

fn restored(report: &DrillReport) -> String {
    let Some(restored) = &report.restored else { return "not restored".to_owned() };
    let (events, size) = (whole(restored.events_per_second), whole(restored.bytes_per_second));
    format!("{} events a second, {} a second", count(events), bytes(size))
}

fn log(report: &DrillReport) -> String {
    let Some(log) = &report.log else { return "not looked at".to_owned() };
    format!("{}, {} events read, {} faults", log.verdict, count(log.events), log.faults)
}

fn signature(report: &DrillReport) -> &'static str {
    match (report.point.trusted, report.point.signed) {
        (true, _) => "by the trusted key",
        (false, true) => "whole, by a key that nobody said to trust",
        (false, false) => "NOT SIGNED",
    }
}

fn notes(notes: &[String]) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let each: Vec<String> =
        notes.iter().map(|note| format!("<li>{}</li>\n", Escaped(note))).collect();
    let each = each.concat();
    section("To know", &format!("<ul>\n{each}</ul>"))
}

fn footer(report: &DrillReport) -> String {
    let json = report.files.first().map_or("", |name| &**name);
    let check = match report.signer {
        Some(_) => format!("; check it with replay drill --check {json} --trust KEY.pub"),
        None => String::new(),
    };
    let text = format!("All of this is from {json}{check}.");
    format!("<footer>{}</footer>\n", Escaped(&text))
}
