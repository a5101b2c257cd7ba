//! What an export reads: which tables of which streams, and from where to where in each partition.

use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;
use chimera_export::{Chosen, Export, ExportError, Manifest, Part, PartWritten, Position};

use crate::cli::ExportOptions;
use crate::failure::Failure;
use crate::open_log::OpenLog;
use crate::progress::Step;

/// The tables that are asked for.
pub(super) fn chosen(options: &ExportOptions) -> Result<Vec<Chosen>, Failure> {
    for stream in &options.stream {
        if !Chosen::Events.streams().contains(&&**stream) {
            let known = Chosen::Events.streams().join(", ");
            return Err(Failure::Usage(format!("there is no stream {stream}; there are: {known}")));
        }
    }
    if let (Some(from), Some(until)) = (options.from, options.until)
        && from >= until
    {
        return Err(Failure::Usage(format!("--from {from} is not before --until {until}")));
    }
    let made = |table: &Chosen| table.streams().iter().any(|stream| is_asked(options, stream));
    if options.only.is_empty() {
        return Ok(Chosen::ALL.into_iter().filter(made).collect());
    }
    let only: Vec<Chosen> = options.only.iter().map(|table| (*table).into()).collect();
    if let Some(table) = only.iter().find(|table| !made(table)) {
        let (name, streams) = (table.name(), table.streams().join(", "));
        let problem = format!("{name} is made of {streams}, which --stream leaves out");
        return Err(Failure::Usage(problem));
    }
    Ok(only)
}

fn is_asked(options: &ExportOptions, stream: &str) -> bool {
    options.stream.is_empty() || options.stream.iter().any(|asked| asked == stream)
}

/// The partitions that these tables are made of.
pub(super) fn parts(
    source: &OpenLog,
    chosen: &[Chosen],
    options: &ExportOptions,
) -> Result<Vec<Part>, Failure> {
    let before = options.after.as_deref().map(Manifest::read).transpose()?;
    let mut streams: Vec<&str> = chosen.iter().flat_map(|table| table.streams()).copied().collect();
    streams.retain(|stream| is_asked(options, stream));
    let mut parts = Vec::new();
    for (partition, end) in source.ends(&streams)? {
        let last = |before: &Manifest| before.last(&partition.stream, partition.index);
        let after = before.as_ref().map_or(0, last);
        if after > end {
            return Err(Failure::Usage(format!(
                "the export of --after holds {partition} up to {after}, but this log ends at {end}: it is another log"
            )));
        }
        parts.push(Part { partition, after, end });
    }
    Ok(parts)
}

/// What would be read of a partition.
pub(super) fn position(part: &Part) -> Position {
    Position {
        stream: part.partition.stream.to_string(),
        partition: part.partition.index,
        first: part.after + 1,
        last: part.end,
        undecodable: 0,
    }
}

/// Exports one partition.
pub(super) async fn part(
    source: &OpenLog,
    export: &Export,
    part: &Part,
    step: &Step,
) -> Result<PartWritten, ExportError> {
    let (log, decoder) = (&*source.log, &source.decoder);
    let seen = |records| step.add(records);
    match &*part.partition.stream {
        Product::STREAM => export.part(log, &decoder.product, part, &seen).await,
        Stock::STREAM => export.part(log, &decoder.stock, part, &seen).await,
        Order::STREAM => export.part(log, &decoder.order, part, &seen).await,
        Payment::STREAM => export.part(log, &decoder.payment, part, &seen).await,
        other => Err(ExportError::Refused(format!("{other} is no stream of the shop"))),
    }
}
