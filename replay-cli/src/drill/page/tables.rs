//! The tables of the page: steps, read models and what is in them, partitions.

use super::{Escaped, badge, section};
use crate::drill::report::{DrillReport, ModelDrilled, PartitionDrilled, Step, TableDrilled};
use crate::drill::words::{count, period, span};

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

pub(super) fn steps(steps: &[Step]) -> String {
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

pub(super) fn models(models: &[ModelDrilled]) -> String {
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

pub(super) fn partitions(report: &DrillReport) -> String {
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
