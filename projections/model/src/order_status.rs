//! Read model `order_status`: where each order stands, for readers that ask for nothing else and ask often.
//!
//! One part, replaced whole by every event of the order. Holds no content of the order and no personal data.

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::ids::CustomerId;
use chimera_domain::order::{self, Event, Status};
use chimera_domain::recorded::Recorded;
use chimera_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Change, KvSpec, Mutation, Projection, ReadModel};

/// The read model.
pub static MODEL: ReadModel = ReadModel {
    name: "order_status",
    event_types: order::Event::TYPES,
    tables: &[],
    spaces: &[&ORDER_STATUS],
    indices: &[],
    projection: Projection::Project(project),
};

/// `order_status:<order id>`: part `status` holds an [`OrderStatus`].
pub static ORDER_STATUS: KvSpec = KvSpec { space: "order_status", parts: &["status"] };

/// Where an order stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderStatus {
    /// CREDITED for a credit note.
    pub status: Status,
    /// Whether all its stock is held.
    pub confirmed: bool,
    /// Whose it is, to know who may ask.
    pub customer_id: CustomerId,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it came to this.
    pub updated_at: Timestamp,
    /// The order's version.
    pub version: u64,
}

fn project(change: &Change) -> Vec<Mutation> {
    match change {
        Change::Order(recorded) => vec![status(recorded)],
        Change::Product(_) | Change::Stock(_) | Change::Payment(_) => vec![],
    }
}

fn status(recorded: &Recorded<Event>) -> Mutation {
    let head = recorded.event.head();
    let version = recorded.meta.aggregate_version;
    let content = OrderStatus {
        status: head.status,
        confirmed: head.confirmed,
        customer_id: head.customer_id.clone(),
        placed_at: head.placed_at,
        updated_at: recorded.meta.occurred_at,
        version,
    };
    Mutation::part(&ORDER_STATUS, &recorded.key, "status", version, &content)
}

#[cfg(test)]
mod tests {
    use chimera_domain::order::Head;

    use super::*;
    use crate::testing::{START, Tables, history};

    #[test]
    fn the_last_event_says_where_an_order_stands() {
        let head = |status| Head {
            customer_id: "C1".try_into().unwrap(),
            placed_at: START,
            status,
            confirmed: true,
        };
        let events = [
            Event::Confirmed { head: head(Status::Pending) },
            Event::Fulfilled { head: head(Status::Fulfilled) },
        ];
        let changes: Vec<_> = history("O-1", events).into_iter().map(Change::Order).collect();
        let tables = Tables::after(&MODEL, &changes);
        let shown: OrderStatus =
            serde_json::from_str(&tables.part("order_status", "O-1", "status")).unwrap();
        assert_eq!((shown.status, shown.confirmed, shown.version), (Status::Fulfilled, true, 2));
        assert_eq!((shown.customer_id.to_string().as_str(), shown.placed_at), ("C1", START));
    }
}
