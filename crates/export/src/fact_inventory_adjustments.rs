//! `fact_inventory_adjustments`: a row each time that the number on hand changed other than by an order, or its reorder level did.
//!
//! What orders hold and take is no adjustment; it is in the events.

use chimera_domain::recorded::Recorded;
use chimera_domain::stock::Event;
use uuid::Uuid;

use crate::ExportError;
use crate::sink::Sink;
use crate::table::{Cell, Column, Kind, Row, Table};
use crate::table_file::{Ended, TableFile};

pub(crate) static TABLE: Table = Table {
    name: "fact_inventory_adjustments",
    columns: &[
        Column::new("event_id", Kind::Text),
        Column::new("product_id", Kind::Text),
        Column::new("adjusted_at", Kind::Moment),
        Column::new("adjusted_date_key", Kind::DateKey),
        Column::new("delta", Kind::Integer),
        Column::new("reason", Kind::Text),
        Column::nullable("reference", Kind::Text),
        Column::new("reorder_level", Kind::Integer),
        Column::new("on_hand_after", Kind::Integer),
        Column::new("reserved_after", Kind::Integer),
        Column::new("available_after", Kind::Integer),
        Column::new("recorded_at", Kind::Moment),
        Column::new("version", Kind::Integer),
        Column::new("source_partition", Kind::Integer),
        Column::new("source_sequence", Kind::Integer),
    ],
};

/// The adjustments of one partition.
pub(crate) struct Adjustments(TableFile);

impl Adjustments {
    pub(crate) fn new(file: TableFile) -> Self {
        Self(file)
    }
}

impl Sink<Event> for Adjustments {
    fn event(&mut self, recorded: &Recorded<Event>, wanted: bool) -> Result<(), ExportError> {
        match row(recorded) {
            Some(row) if wanted => self.0.row(row),
            Some(_) | None => Ok(()),
        }
    }

    fn end(self: Box<Self>) -> Result<Ended, ExportError> {
        self.0.end()
    }
}

fn row(recorded: &Recorded<Event>) -> Option<Row> {
    let meta = &recorded.meta;
    let Event::Adjusted { delta, reason, reorder_level, reference, balance } = &recorded.event
    else {
        return None;
    };
    Some(vec![
        Uuid::from_u128(meta.event_id).to_string().into(),
        (&recorded.key).into(),
        meta.occurred_at.into(),
        Cell::day_of(meta.occurred_at),
        (*delta).into(),
        Cell::word(reason),
        Cell::maybe(reference.clone()),
        (*reorder_level).into(),
        balance.on_hand.into(),
        balance.reserved.into(),
        balance.on_hand.saturating_sub(balance.reserved).into(),
        meta.recorded_at.into(),
        meta.aggregate_version.into(),
        recorded.partition.into(),
        meta.sequence.into(),
    ])
}
