//! Read model `inventory_snapshot`: what is on hand, held and available of each product, as a row and as a key-value.
//!
//! Whether stock is low is not stored: most stock events do not carry the reorder level. Both numbers are here, so a
//! reader asks [`is_low`]; a stock gives its notice at exactly that point. For the same reason the key-value has two parts.

use chimera_domain::recorded::Recorded;
use chimera_domain::stock::{Balance, Event};
use chimera_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Change, Column, Kind, KvSpec, Mutation, Projection, ReadModel, TableSpec, Value};

/// The read model.
pub static MODEL: ReadModel = ReadModel {
    name: "inventory_snapshot",
    event_types: &[
        "ecommerce.inventory.stock.adjusted.v1",
        "ecommerce.inventory.stock.reserved.v1",
        "ecommerce.inventory.stock.released.v1",
        "ecommerce.inventory.stock.committed.v1",
    ],
    tables: &[&INVENTORY_SNAPSHOT],
    spaces: &[&INVENTORY],
    indices: &[],
    projection: Projection::Project(project),
};

/// One row a product.
pub static INVENTORY_SNAPSHOT: TableSpec = TableSpec {
    name: "inventory_snapshot",
    partition_key: &[Column::new("product_id", Kind::Text)],
    clustering: &[],
    columns: &[
        Column::new("on_hand", Kind::Integer),
        Column::new("reserved", Kind::Integer),
        Column::new("available", Kind::Integer),
        Column::new("reorder_level", Kind::Integer),
        Column::new("updated_at", Kind::Timestamp),
        Column::new("version", Kind::Integer),
    ],
};

/// `inventory:<product id>`: part `balance` holds a [`StockBalance`], part `reorder` a [`Reorder`].
pub static INVENTORY: KvSpec = KvSpec { space: "inventory", parts: &["balance", "reorder"] };

/// The numbers of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockBalance {
    /// Units in the building.
    pub on_hand: i64,
    /// Units held by orders.
    pub reserved: i64,
    /// What is left to sell.
    pub available: i64,
    /// When it came to this.
    pub updated_at: Timestamp,
    /// The stock's version after it.
    pub version: u64,
}

/// Below which number of available units a notice is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reorder {
    /// The level in force.
    pub reorder_level: i64,
}

/// Whether so few are available that more should be ordered.
#[must_use]
pub const fn is_low(available: i64, reorder_level: i64) -> bool {
    available < reorder_level
}

impl StockBalance {
    /// The numbers after an event.
    pub(crate) fn after(recorded: &Recorded<Event>, balance: Balance) -> Self {
        Self {
            on_hand: balance.on_hand,
            reserved: balance.reserved,
            available: balance.available(),
            updated_at: recorded.meta.occurred_at,
            version: recorded.meta.aggregate_version,
        }
    }
}

fn project(change: &Change) -> Vec<Mutation> {
    let Change::Stock(recorded) = change else {
        return vec![];
    };
    match &recorded.event {
        Event::Adjusted { balance, reorder_level, .. } => {
            adjusted(recorded, StockBalance::after(recorded, *balance), *reorder_level)
        }
        Event::Reserved { balance, .. }
        | Event::Released { balance, .. }
        | Event::Committed { balance, .. } => {
            moved(recorded, StockBalance::after(recorded, *balance))
        }
        Event::Low { .. } => vec![],
    }
}

fn adjusted(recorded: &Recorded<Event>, after: StockBalance, reorder_level: i64) -> Vec<Mutation> {
    let (id, version) = (recorded.key.as_ref(), after.version);
    let mut cells = vec![("reorder_level", reorder_level.into())];
    cells.extend(numbers(after));
    vec![
        Mutation::upsert(&INVENTORY_SNAPSHOT, [id.into()], version, cells),
        Mutation::part(&INVENTORY, id, "balance", version, &after),
        Mutation::part(&INVENTORY, id, "reorder", version, &Reorder { reorder_level }),
    ]
}

fn moved(recorded: &Recorded<Event>, after: StockBalance) -> Vec<Mutation> {
    let (id, version) = (recorded.key.as_ref(), after.version);
    vec![
        Mutation::upsert(&INVENTORY_SNAPSHOT, [id.into()], version, numbers(after).into()),
        Mutation::part(&INVENTORY, id, "balance", version, &after),
    ]
}

fn numbers(after: StockBalance) -> [(&'static str, Value); 5] {
    [
        ("on_hand", after.on_hand.into()),
        ("reserved", after.reserved.into()),
        ("available", after.available.into()),
        ("updated_at", after.updated_at.into()),
        ("version", after.version.into()),
    ]
}

#[cfg(test)]
mod tests {
    use chimera_domain::stock::AdjustmentReason;

    use super::*;
    use crate::testing::{Tables, history};

    fn adjusted(on_hand: i64, reorder_level: i64) -> Event {
        let (delta, reason, reference) = (on_hand, AdjustmentReason::Received, None);
        let balance = Balance { on_hand, reserved: 0 };
        Event::Adjusted { delta, reason, reorder_level, reference, balance }
    }

    fn reserved(on_hand: i64, reserved: i64) -> Event {
        let order_id = "O-1".try_into().unwrap();
        Event::Reserved { order_id, quantity: 2, balance: Balance { on_hand, reserved } }
    }

    fn given(events: impl IntoIterator<Item = Event>) -> Tables {
        let changes: Vec<_> = history("P.1", events).into_iter().map(Change::Stock).collect();
        Tables::after(&MODEL, &changes)
    }

    #[test]
    fn the_balance_after_the_last_event_is_shown() {
        let tables = given([adjusted(5, 4), reserved(5, 2)]);
        let row = tables.at(&INVENTORY_SNAPSHOT, ["P.1".into()]).unwrap();
        assert_eq!(row["on_hand"], Value::Integer(5));
        assert_eq!(row["reserved"], Value::Integer(2));
        assert_eq!(row["available"], Value::Integer(3));
        assert_eq!(row["version"], Value::Integer(2));
    }

    #[test]
    fn the_reorder_level_outlives_later_events_and_tells_what_is_low() {
        let tables = given([adjusted(5, 4), reserved(5, 2)]);
        let row = tables.at(&INVENTORY_SNAPSHOT, ["P.1".into()]).unwrap();
        assert_eq!(row["reorder_level"], Value::Integer(4));
        assert!(is_low(3, 4) && !is_low(4, 4));
    }

    #[test]
    fn the_key_value_says_the_same_in_two_parts() {
        let tables = given([adjusted(5, 4), reserved(5, 2)]);
        let balance: StockBalance =
            serde_json::from_str(&tables.part("inventory", "P.1", "balance")).unwrap();
        assert_eq!((balance.on_hand, balance.available, balance.version), (5, 3, 2));
        assert_eq!(tables.part("inventory", "P.1", "reorder"), r#"{"reorderLevel":4}"#);
    }
}
