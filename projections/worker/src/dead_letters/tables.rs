//! How dead letters lie in the row store: three tables of one built-in view.
//!
//! Letters and requests of one partition of one generation lie together, so that the feed of that partition finds them with one
//! question. Derived like the tables of any read model, so every row store can hold them.

use chimera_log::Partition;
use chimera_model::{Column, Kind, TableSpec, Value};
use chimera_stores::View;

/// The view that holds the dead letters of all read models. There is only one generation of it.
pub const VIEW: View = View::new("dead_letters", 1);

const OF_PARTITION: &[Column] = &[
    Column::new("model", Kind::Text),
    Column::new("generation", Kind::Integer),
    Column::new("stream", Kind::Text),
    Column::new("source_partition", Kind::Integer),
];

/// One row an event that waits or was dropped. Sequence 0 is no event: its version is the newest that the partition's feed has
/// used, so that a feed elsewhere, whose clock is behind, goes on above it.
pub(super) static LETTERS: TableSpec = TableSpec {
    name: "dead_letters",
    partition_key: OF_PARTITION,
    clustering: &[Column::new("sequence", Kind::Integer)],
    columns: &[
        Column::new("aggregate_id", Kind::Text),
        Column::new("event_type", Kind::Text),
        Column::new("error_class", Kind::Text),
        Column::new("error", Kind::Text),
        Column::new("attempts", Kind::Integer),
        Column::new("first_seen", Kind::Timestamp),
        Column::new("last_tried", Kind::Timestamp),
    ],
};

/// One row a request that has not been carried out yet.
pub(super) static REQUESTS: TableSpec = TableSpec {
    name: "dead_letter_requests",
    partition_key: OF_PARTITION,
    clustering: &[Column::new("asked_at", Kind::Timestamp), Column::new("request_id", Kind::Text)],
    columns: &[
        Column::new("verb", Kind::Text),
        Column::new("aggregate_id", Kind::Text),
        Column::new("upto", Kind::Integer),
    ],
};

/// One row a request, for ever.
pub(super) static AUDIT: TableSpec = TableSpec {
    name: "dead_letter_audit",
    partition_key: &[Column::new("model", Kind::Text)],
    clustering: &[
        Column::descending("asked_at", Kind::Timestamp),
        Column::new("request_id", Kind::Text),
    ],
    columns: &[
        Column::new("generation", Kind::Integer),
        Column::new("stream", Kind::Text),
        Column::new("source_partition", Kind::Integer),
        Column::new("verb", Kind::Text),
        Column::new("aggregate_id", Kind::Text),
        Column::new("upto", Kind::Integer),
        Column::new("asked_by", Kind::Text),
        Column::new("reason", Kind::Text),
        Column::new("outcome", Kind::Text),
        Column::new("done_at", Kind::Timestamp),
    ],
};

pub(super) static ALL: [&TableSpec; 3] = [&LETTERS, &REQUESTS, &AUDIT];

/// The partition key of what belongs to one partition of one generation.
pub(super) fn of_partition(view: View, partition: &Partition) -> [Value; 4] {
    [view.model.into(), view.generation.into(), (&*partition.stream).into(), partition.index.into()]
}
