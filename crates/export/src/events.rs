//! The events themselves: what surrounds each as columns, and what it says as JSON, without payment tokens.
//!
//! The names are those that `replay inspect` shows.

use std::sync::Arc;

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::recorded::Recorded;
use chimera_log::Partition;
use uuid::Uuid;

use crate::sink::Sink;
use crate::table::{Cell, Column, Kind, Row, Table};
use crate::table_file::{Ended, TableFile};
use crate::{ExportError, without_tokens};

pub(crate) static TABLE: Table = Table {
    name: "events",
    columns: &[
        Column::new("stream", Kind::Text),
        Column::new("partition", Kind::Integer),
        Column::new("sequence", Kind::Integer),
        Column::new("key", Kind::Text),
        Column::new("event_type", Kind::Text),
        Column::new("version", Kind::Integer),
        Column::new("event_id", Kind::Text),
        Column::new("occurred_at", Kind::Moment),
        Column::new("recorded_at", Kind::Moment),
        Column::new("correlation_id", Kind::Text),
        Column::new("causation_id", Kind::Text),
        Column::new("command_id", Kind::Text),
        Column::nullable("actor", Kind::Text),
        Column::nullable("trace_id", Kind::Text),
        Column::new("producer", Kind::Text),
        Column::new("data", Kind::Json),
    ],
};

/// The events of one partition.
pub(crate) struct Events {
    stream: Arc<str>,
    file: TableFile,
}

impl Events {
    pub(crate) fn new(partition: &Partition, file: TableFile) -> Self {
        Self { stream: partition.stream.clone(), file }
    }
}

impl<E: DomainEvent> Sink<E> for Events {
    fn event(&mut self, recorded: &Recorded<E>, wanted: bool) -> Result<(), ExportError> {
        if !wanted {
            return Ok(());
        }
        let row = row(&self.stream, recorded);
        self.file.row(row.map_err(|problem| ExportError::Row { table: TABLE.name, problem })?)
    }

    fn end(self: Box<Self>) -> Result<Ended, ExportError> {
        self.file.end()
    }
}

fn row<E: DomainEvent>(stream: &Arc<str>, recorded: &Recorded<E>) -> Result<Row, String> {
    let meta = &recorded.meta;
    let data = serde_json::to_value(&recorded.event).map_err(|error| error.to_string())?;
    Ok(vec![
        stream.into(),
        recorded.partition.into(),
        meta.sequence.into(),
        (&recorded.key).into(),
        recorded.event.event_type().into(),
        meta.aggregate_version.into(),
        Uuid::from_u128(meta.event_id).to_string().into(),
        meta.occurred_at.into(),
        meta.recorded_at.into(),
        (&meta.correlation_id).into(),
        (&meta.causation_id).into(),
        (&meta.command_id).into(),
        Cell::maybe(meta.actor.as_ref()),
        Cell::maybe(meta.trace_id.as_ref()),
        (&meta.producer).into(),
        Cell::Json(without_tokens(data)),
    ])
}
