//! Following one order: the events that are there, then those to come, in order and each once.
//!
//! Finds the first ones as the history does, without trusting an index; reads the rest at the log's tail. Never decides when to
//! end: whoever follows does.

use std::collections::VecDeque;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::ids::OrderId;
use chimera_domain::order::{Event, Order};
use chimera_domain::recorded::Recorded;
use chimera_engine::{Current, Position};
use chimera_kit::auth::{Caller, READ_ORDERS};
use chimera_kit::codes;
use chimera_kit::problem::Problem;
use chimera_log::{Partition, Reader};

use crate::Orders;
use crate::body::{OrderBody, from_order};
use crate::history::{History, Unreadable, unreadable};
use crate::orders::id::not_found;
use crate::problems::problem;

/// An event, and the order as it stood after it.
pub(crate) struct Seen {
    pub event: Recorded<Event>,
    pub order: OrderBody,
}

/// A place in the life of an order that moves forward.
pub(crate) struct Watch {
    order: OrderId,
    history: History,
    partition: Partition,
    /// What was found and not folded yet.
    found: VecDeque<Recorded<Event>>,
    tail: Box<dyn Reader>,
    state: Order,
    version: u64,
    /// Events up to this sequence are folded, and not shown.
    after: u64,
}

impl Orders {
    /// Follows an order behind `after`, or from its first event.
    pub(crate) async fn watch(
        &self,
        order: &OrderId,
        caller: &Caller,
        after: Option<&Position>,
    ) -> Result<Watch, Problem> {
        let key = order.as_key();
        let current = self.commands.read(key).await.map_err(problem)?;
        let now = from_order(key, &current.state, current.version).ok_or_else(not_found)?;
        caller.must_be(&now.customer_id, READ_ORDERS)?;
        let after = after.map_or(Ok(0), |after| sequence(after, &current.position))?;
        let mut found = self.told(order, &current).await?;
        // Of what was found, only what stands before the tail that is read from here on.
        found.retain(|event| event.meta.aggregate_version <= current.version);
        let Current { position: Position { partition, sequence: end }, .. } = current;
        let tail = self.history.log.read(&partition, end + 1).map_err(unreadable)?;
        Ok(Watch {
            order: order.clone(),
            history: self.history.clone(),
            partition,
            found: found.into(),
            tail,
            state: Order::default(),
            version: 0,
            after,
        })
    }
}

/// Where to resume: a place of the order's own partition that has been written.
fn sequence(after: &Position, end: &Position) -> Result<u64, Problem> {
    if after.partition != end.partition || after.sequence > end.sequence {
        let detail = "no position of this order; send one that the stream or a command gave";
        return Err(Problem::new(codes::POSITION_INVALID, detail).at("after"));
    }
    Ok(after.sequence)
}

impl Watch {
    /// The next event that was asked for; waits where there is none yet. Safe to drop while waiting: no event is lost.
    pub(crate) async fn next(&mut self) -> Result<Seen, Unreadable> {
        loop {
            let Some(event) = self.found.pop_front() else {
                self.read_on().await?;
                continue;
            };
            if event.meta.aggregate_version <= self.version {
                continue;
            }
            let order = self.folded(&event)?;
            if event.meta.sequence > self.after {
                return Ok(Seen { event, order });
            }
        }
    }

    async fn read_on(&mut self) -> Result<(), Unreadable> {
        let batch = self.tail.next().await.map_err(unreadable)?;
        for record in &batch.records {
            if record.key == self.order.as_key().as_bytes() {
                self.found.push_back(self.history.decoded(&self.partition, record)?);
            }
        }
        Ok(())
    }

    /// The order after one more event.
    fn folded(&mut self, event: &Recorded<Event>) -> Result<OrderBody, Unreadable> {
        let (version, key) = (event.meta.aggregate_version, self.order.as_key());
        if version != self.version + 1 {
            return Err(Unreadable(format!("{key}: version {version} follows {}", self.version)));
        }
        self.state.evolve(&event.event);
        self.version = version;
        from_order(key, &self.state, version)
            .ok_or_else(|| Unreadable(format!("{key}: its first event makes no order")))
    }
}
