//! The page of a report: one file, without scripts, fonts or pictures from elsewhere. Every text in it is escaped.

use std::fmt;

use super::chart;
use super::report::{DrillReport, ModelDrilled, PartitionDrilled, Rpo, Rto, Step, TableDrilled};
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
        section("Where the time went", &[chart::timeline(report), steps(&report.steps)].concat()),
        rebuilt(&report.models),
        models(&report.models),
        partitions(report),
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

/// A table; cells are escaped by whoever makes them, and headings that end in a star are of numbers.
fn table(headings: &[&str], rows: &str) -> String {
    let heading = |text: &&str| match text.strip_suffix('*') {
        Some(text) => format!("<th class=\"number\">{}</th>", Escaped(text)),
        None => format!("<th>{}</th>", Escaped(text)),
    };
    let headings: String = headings.iter().map(heading).collect();
    format!(
        "<div class=\"wide\">\n<table>\n<thead><tr>{headings}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>"
    )
}

fn number(text: &str) -> String {
    format!("<td class=\"number\">{}</td>", Escaped(text))
}

fn verdict(text: &str) -> String {
    let class = match text {
        "identical" | "sound" | "done" => "good",
        "different" | "damaged" | "failed" => "bad",
        _ => "neutral",
    };
    format!("<td>{}</td>", badge(class, text))
}

fn steps(steps: &[Step]) -> String {
    let row = |step: &Step| {
        format!(
            "<tr><th>{}</th>{}{}<td>{}</td>{}</tr>\n",
            Escaped(step.name),
            number(&span(step.at_seconds)),
            number(&span(step.seconds)),
            Escaped(&step.said),
            verdict(if step.good { "done" } else { "failed" })
        )
    };
    let rows: String = steps.iter().map(row).collect();
    table(&["Step", "Began after*", "Took*", "What came of it", ""], &rows)
}

fn rebuilt(models: &[ModelDrilled]) -> String {
    if models.is_empty() {
        return String::new();
    }
    section("Events a second, by read model", &chart::rates(models))
}

fn models(models: &[ModelDrilled]) -> String {
    if models.is_empty() {
        return String::new();
    }
    let rows: String = models.iter().map(model).collect();
    let headings = ["Read model", "Events*", "Rebuilt in*", "Rows*", "Checksum", "Proof"];
    section("Read models", &table(&headings, &rows))
}

/// A read model, and below it its tables, unless it has only one.
fn model(model: &ModelDrilled) -> String {
    let rows = model.tables.iter().map(|table| table.rows).sum();
    let single = match model.tables.as_slice() {
        [one] => checksum(&one.checksum),
        tables => Escaped(&format!("{} tables", tables.len())).to_string(),
    };
    let mut row = format!(
        "<tr><th>{}</th>{}{}{}<td>{single}</td>{}</tr>\n",
        Escaped(model.name),
        number(&count(model.events)),
        number(&span(model.seconds)),
        number(&count(rows)),
        verdict(model.verdict.unwrap_or("not looked at")),
    );
    if model.tables.len() > 1 {
        row.extend(model.tables.iter().map(inner));
    }
    for problem in &model.problems {
        row.push_str(&remark(problem));
    }
    if model.parked_events > 0 {
        row.push_str(&remark(&format!(
            "{} events wait among the dead letters",
            model.parked_events
        )));
    }
    row
}

fn inner(table: &TableDrilled) -> String {
    format!(
        "<tr class=\"inner\"><th>{}</th><td></td><td></td>{}<td>{}</td><td>{}</td></tr>\n",
        Escaped(table.name),
        number(&count(table.rows)),
        checksum(&table.checksum),
        if table.verdict == "identical" { String::new() } else { badge("bad", table.verdict) }
    )
}

fn checksum(text: &str) -> String {
    format!("<code>{}</code>", Escaped(text))
}

fn remark(text: &str) -> String {
    format!("<tr class=\"inner\"><td colspan=\"6\">{}</td></tr>\n", Escaped(text))
}

fn partitions(report: &DrillReport) -> String {
    let is_known = report.rpo.lacking.is_some();
    let row = |partition: &PartitionDrilled| {
        let or_unknown = |number: Option<u64>| number.map_or("unknown".to_owned(), count);
        let time = match (&partition.lacking_from, &partition.lacking_to) {
            (Some(from), Some(to)) => period(from, to),
            _ if partition.lacking.is_some_and(|lacking| lacking > 0) => "unknown".to_owned(),
            _ => String::new(),
        };
        format!(
            "<tr><th>{}/{}</th>{}{}{}<td>{}</td></tr>\n",
            Escaped(&partition.stream),
            partition.partition,
            number(&count(partition.restored)),
            number(&or_unknown(partition.live)),
            number(&or_unknown(partition.lacking)),
            Escaped(&time)
        )
    };
    let rows: String = report.partitions.iter().map(row).collect();
    let headings = ["Partition", "Restored up to*", "Live log ends at*", "Lacking*", "Recorded"];
    let why = format!("<p>Live log {}.</p>\n", Escaped(&report.rpo.live));
    let why = if is_known { String::new() } else { why };
    section("Partitions", &[why, table(&headings, &rows)].concat())
}

fn facts(report: &DrillReport) -> String {
    let (point, machine) = (&report.point, &report.machine);
    let memory = machine
        .memory_bytes
        .map_or(String::new(), |memory| format!(", {} of memory", bytes(memory)));
    let restored = report.restored.as_ref().map_or("not restored".to_owned(), |restored| {
        let (events, size) = (whole(restored.events_per_second), whole(restored.bytes_per_second));
        format!("{} events a second, {} a second", count(events), bytes(size))
    });
    let log = report.log.as_ref().map_or("not looked at".to_owned(), |log| {
        format!("{}, {} events read, {} faults", log.verdict, count(log.events), log.faults)
    });
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
        ("Restored at", restored),
        ("Restored log", log),
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
    let each: String = notes.iter().map(|note| format!("<li>{}</li>\n", Escaped(note))).collect();
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
