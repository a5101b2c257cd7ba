//! Dead letters as lines for people.

use std::io::{self, Write};

use crate::dlq::{Content, DlqReport, Letter, What};

pub(super) fn write(out: &mut impl Write, report: &DlqReport) -> io::Result<()> {
    match &report.what {
        What::Aggregates(waiting) if waiting.is_empty() => writeln!(out, "nothing waits"),
        What::Aggregates(waiting) => {
            for one in waiting {
                let (model, key, events) = (one.model, &one.key, one.events);
                let (stream, partition, sequence) = (&one.stream, one.partition, one.sequence);
                writeln!(out, "{model} {key}: {events} events wait since {}", one.first_seen)?;
                writeln!(out, "  {} at {stream}/{partition}/{sequence}", one.event_type)?;
                writeln!(out, "  {} after {} attempts: {}", one.class, one.attempts, one.error)?;
            }
            Ok(())
        }
        What::Letters(letters) => letters.iter().try_for_each(|letter| shown(out, letter)),
        What::Asked(asked) => {
            let (verb, about, waiting) = (asked.verb, asked.about, asked.waiting);
            if asked.done {
                return writeln!(out, "{verb} of {about}: carried out; {waiting} events wait now");
            }
            writeln!(
                out,
                "{verb} of {about}: asked for; the node that feeds them will carry it out"
            )
        }
    }
}

fn shown(out: &mut impl Write, letter: &Letter) -> io::Result<()> {
    let (stream, partition, sequence) = (&letter.stream, letter.partition, letter.sequence);
    writeln!(out, "{} at {stream}/{partition}/{sequence}: {}", letter.event_type, letter.class)?;
    if !letter.error.is_empty() {
        writeln!(out, "  after {} attempts: {}", letter.attempts, letter.error)?;
    }
    match &letter.event {
        Content::Decoded(event) => writeln!(out, "  {event}"),
        Content::Raw { bytes, schema_id: Some(id) } => {
            writeln!(out, "  {bytes} bytes of schema {id}")
        }
        Content::Raw { bytes, schema_id: None } => writeln!(out, "  {bytes} bytes"),
    }
}
