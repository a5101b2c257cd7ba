//! The stock of one product: what is on hand, what orders hold, what is left to sell.
//!
//! Invariants: available = on hand − reserved, and is never negative; an order holds all that it asked for or nothing;
//! a low-stock notice comes once, and again only after recovery; an adjustment with a reference is made once.
//! Never knows what an order contains, what a product costs, or what time it is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::aggregate::{Aggregate, Context, DomainEvent, Refusal, RefusalKind};
use crate::ids::OrderId;

/// The most that may lie on a shelf; keeps every sum far from overflow.
pub const MOST_ON_HAND: i64 = 1_000_000_000_000;

/// What can be asked of a stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Changes what is on hand, by a delivery, a count, damage, a sensor or a return.
    Adjust {
        /// How many more, or fewer.
        delta: i64,
        /// Why.
        reason: AdjustmentReason,
        /// Below which number of available units a notice is wanted; none keeps it as it is.
        reorder_level: Option<i64>,
        /// The paper it stands on (delivery note, return, import line): the same one counts once.
        reference: Option<String>,
    },
    /// Holds units for an order: all that it asks for, or none.
    Reserve {
        /// Who holds them.
        order: OrderId,
        /// How many, at least 1.
        quantity: u32,
    },
    /// Gives an order's units back to the shelf.
    Release {
        /// Who held them.
        order: OrderId,
    },
    /// An order's units have left the building.
    Commit {
        /// Who held them.
        order: OrderId,
    },
}

/// Why the number on hand changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdjustmentReason {
    /// A delivery.
    Received,
    /// A count of the shelf.
    Count,
    /// Broken or spoilt.
    Damaged,
    /// A sensor's reading.
    Sensor,
    /// Sent back by a customer.
    Returned,
    /// Taken over from another system.
    Imported,
}

/// What is on hand and held after an event, so that a reader of it needs no history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    /// Units in the building.
    pub on_hand: i64,
    /// Units held by orders.
    pub reserved: i64,
}

impl Balance {
    /// What is left to sell.
    #[must_use]
    pub fn available(self) -> i64 {
        self.on_hand - self.reserved
    }
}

/// Storage format: these names are in the log for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Event {
    /// The number on hand changed, or the reorder level did.
    Adjusted {
        /// How many more, or fewer; 0 where only the reorder level changed.
        delta: i64,
        /// Why.
        reason: AdjustmentReason,
        /// The level in force from now on.
        reorder_level: i64,
        /// The paper it stands on.
        reference: Option<String>,
        /// The numbers after it.
        balance: Balance,
    },
    /// An order holds units.
    Reserved {
        /// Who.
        order_id: OrderId,
        /// How many.
        quantity: u32,
        /// The numbers after it.
        balance: Balance,
    },
    /// An order gave its units back.
    Released {
        /// Who.
        order_id: OrderId,
        /// How many.
        quantity: u32,
        /// The numbers after it.
        balance: Balance,
    },
    /// An order's units have left.
    Committed {
        /// Who.
        order_id: OrderId,
        /// How many.
        quantity: u32,
        /// The numbers after it.
        balance: Balance,
    },
    /// Available fell below the reorder level.
    Low {
        /// What is left to sell.
        available: i64,
        /// The level it fell below.
        reorder_level: i64,
    },
}

impl DomainEvent for Event {
    const TYPES: &'static [&'static str] = &[
        "ecommerce.inventory.stock.adjusted.v1",
        "ecommerce.inventory.stock.reserved.v1",
        "ecommerce.inventory.stock.released.v1",
        "ecommerce.inventory.stock.committed.v1",
        "ecommerce.inventory.stock.low.v1",
    ];

    fn event_type(&self) -> &'static str {
        match self {
            Self::Adjusted { .. } => Self::TYPES[0],
            Self::Reserved { .. } => Self::TYPES[1],
            Self::Released { .. } => Self::TYPES[2],
            Self::Committed { .. } => Self::TYPES[3],
            Self::Low { .. } => Self::TYPES[4],
        }
    }
}

/// The stock of one product; a product nobody counted yet has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    balance: Balance,
    held: BTreeMap<OrderId, u32>,
    reorder_level: i64,
    warned: bool,
    references: BTreeSet<String>,
}

/// How a stock says no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Rejection {
    /// Fewer are available than wanted.
    #[error("{asked} wanted, {available} available")]
    Insufficient {
        /// How many were wanted.
        asked: i64,
        /// How many could be had.
        available: i64,
    },
    /// The order holds another number.
    #[error("the order already holds {held} of this product, and asks for {asked}")]
    HeldDifferently {
        /// What it holds.
        held: u32,
        /// What it asks for.
        asked: u32,
    },
    /// An adjustment that changes nothing.
    #[error("the adjustment changes nothing; give a delta other than 0 or another reorder level")]
    NothingToAdjust,
    /// Beyond what a shelf may hold.
    #[error("at most {MOST_ON_HAND} units can be on hand")]
    TooMany,
    /// Nobody reserves nothing.
    #[error("a reservation needs at least 1 unit")]
    NothingToReserve,
    /// A level below zero.
    #[error("a reorder level must be from 0 to {MOST_ON_HAND}")]
    BadReorderLevel,
}

impl Refusal for Rejection {
    fn code(&self) -> &'static str {
        match self {
            Self::Insufficient { .. } => "stock.insufficient",
            Self::HeldDifferently { .. } => "stock.held_differently",
            Self::NothingToAdjust => "stock.nothing_to_adjust",
            Self::TooMany => "stock.too_many",
            Self::NothingToReserve => "stock.nothing_to_reserve",
            Self::BadReorderLevel => "stock.bad_reorder_level",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::Insufficient { .. } | Self::HeldDifferently { .. } => RefusalKind::Conflict,
            Self::NothingToAdjust
            | Self::TooMany
            | Self::NothingToReserve
            | Self::BadReorderLevel => RefusalKind::Invalid,
        }
    }
}

impl Aggregate for Stock {
    const STREAM: &'static str = "ecommerce.inventory.stock";
    const STATE_FORMAT: u32 = 1;

    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Adjusted { balance, reorder_level, reference, .. } => {
                self.balance = *balance;
                self.reorder_level = *reorder_level;
                self.references.extend(reference.clone());
            }
            Event::Reserved { order_id, quantity, balance } => {
                self.held.insert(order_id.clone(), *quantity);
                self.balance = *balance;
            }
            Event::Released { order_id, balance, .. }
            | Event::Committed { order_id, balance, .. } => {
                self.held.remove(order_id);
                self.balance = *balance;
            }
            Event::Low { .. } => self.warned = true,
        }
        if self.balance.available() >= self.reorder_level {
            self.warned = false;
        }
    }

    fn decide(&self, command: Command, _: &Context) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Adjust { delta, reason, reorder_level, reference } => {
                self.adjust(delta, reason, reorder_level, reference)
            }
            Command::Reserve { order, quantity } => self.reserve(order, quantity),
            Command::Release { order } => Ok(self.release(order)),
            Command::Commit { order } => Ok(self.commit(order)),
        }
    }
}

impl Stock {
    /// What is on hand and held.
    #[must_use]
    pub fn balance(&self) -> Balance {
        self.balance
    }

    /// Below which number of available units a notice is given.
    #[must_use]
    pub fn reorder_level(&self) -> i64 {
        self.reorder_level
    }

    /// How many units an order holds.
    #[must_use]
    pub fn held_by(&self, order: &OrderId) -> Option<u32> {
        self.held.get(order).copied()
    }

    fn adjust(
        &self,
        delta: i64,
        reason: AdjustmentReason,
        reorder_level: Option<i64>,
        reference: Option<String>,
    ) -> Result<Vec<Event>, Rejection> {
        if reference.as_ref().is_some_and(|paper| self.references.contains(paper)) {
            return Ok(vec![]);
        }
        let level = reorder_level.unwrap_or(self.reorder_level);
        if !(0..=MOST_ON_HAND).contains(&level) {
            return Err(Rejection::BadReorderLevel);
        }
        if delta == 0 && level == self.reorder_level {
            return Err(Rejection::NothingToAdjust);
        }
        let available = self.balance.available();
        let on_hand = self.balance.on_hand.saturating_add(delta);
        if on_hand > MOST_ON_HAND {
            return Err(Rejection::TooMany);
        }
        if on_hand < self.balance.reserved {
            return Err(Rejection::Insufficient { asked: delta.saturating_neg(), available });
        }
        let balance = Balance { on_hand, ..self.balance };
        let adjusted = Event::Adjusted { delta, reason, reorder_level: level, reference, balance };
        Ok(self.with_notice(adjusted, balance, level))
    }

    fn reserve(&self, order: OrderId, quantity: u32) -> Result<Vec<Event>, Rejection> {
        if quantity == 0 {
            return Err(Rejection::NothingToReserve);
        }
        match self.held.get(&order) {
            Some(&held) if held == quantity => return Ok(vec![]),
            Some(&held) => return Err(Rejection::HeldDifferently { held, asked: quantity }),
            None => {}
        }
        let asked = i64::from(quantity);
        let available = self.balance.available();
        if asked > available {
            return Err(Rejection::Insufficient { asked, available });
        }
        let balance = Balance { reserved: self.balance.reserved + asked, ..self.balance };
        let reserved = Event::Reserved { order_id: order, quantity, balance };
        Ok(self.with_notice(reserved, balance, self.reorder_level))
    }

    fn release(&self, order: OrderId) -> Vec<Event> {
        let Some(&quantity) = self.held.get(&order) else {
            return vec![];
        };
        let reserved = self.balance.reserved - i64::from(quantity);
        let balance = Balance { reserved, ..self.balance };
        vec![Event::Released { order_id: order, quantity, balance }]
    }

    fn commit(&self, order: OrderId) -> Vec<Event> {
        let Some(&quantity) = self.held.get(&order) else {
            return vec![];
        };
        let left = i64::from(quantity);
        let balance = Balance {
            on_hand: self.balance.on_hand - left,
            reserved: self.balance.reserved - left,
        };
        vec![Event::Committed { order_id: order, quantity, balance }]
    }

    /// Adds the low-stock notice where the balance after `event` calls for the first one.
    fn with_notice(&self, event: Event, balance: Balance, level: i64) -> Vec<Event> {
        let available = balance.available();
        if self.warned || available >= level {
            return vec![event];
        }
        vec![event, Event::Low { available, reorder_level: level }]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::aggregate::testing::{NOW, given};

    fn order(id: &str) -> OrderId {
        OrderId::try_from(id).unwrap()
    }

    fn delivery(delta: i64, level: i64, on_hand: i64, reserved: i64) -> Event {
        Event::Adjusted {
            delta,
            reason: AdjustmentReason::Received,
            reorder_level: level,
            reference: None,
            balance: Balance { on_hand, reserved },
        }
    }

    fn delivered(quantity: i64) -> Event {
        delivery(quantity, 0, quantity, 0)
    }

    fn held(id: &str, quantity: u32, on_hand: i64, reserved: i64) -> Event {
        let balance = Balance { on_hand, reserved };
        Event::Reserved { order_id: order(id), quantity, balance }
    }

    fn reserve(id: &str, quantity: u32) -> Command {
        Command::Reserve { order: order(id), quantity }
    }

    fn adjust(delta: i64) -> Command {
        let reason = AdjustmentReason::Received;
        Command::Adjust { delta, reason, reorder_level: None, reference: None }
    }

    #[test]
    fn an_order_holds_what_is_available() {
        given::<Stock>([delivered(5)]).when(reserve("A", 5)).then([held("A", 5, 5, 5)]);
    }

    #[test]
    fn the_last_copy_is_sold_once() {
        given::<Stock>([delivered(1), held("A", 1, 1, 1)])
            .when(reserve("B", 1))
            .then_rejected(Rejection::Insufficient { asked: 1, available: 0 });
    }

    #[test]
    fn what_nobody_counted_cannot_be_sold() {
        given::<Stock>([])
            .when(reserve("A", 1))
            .then_rejected(Rejection::Insufficient { asked: 1, available: 0 });
    }

    #[test]
    fn asking_twice_for_the_same_changes_nothing() {
        given::<Stock>([delivered(5), held("A", 2, 5, 2)]).when(reserve("A", 2)).then([]);
    }

    #[test]
    fn asking_again_for_another_number_is_refused() {
        given::<Stock>([delivered(5), held("A", 2, 5, 2)])
            .when(reserve("A", 3))
            .then_rejected(Rejection::HeldDifferently { held: 2, asked: 3 });
    }

    #[test]
    fn a_release_gives_back_and_a_commit_takes_away() {
        let history = [delivered(5), held("A", 2, 5, 2)];
        given::<Stock>(history.clone()).when(Command::Release { order: order("A") }).then([
            Event::Released {
                order_id: order("A"),
                quantity: 2,
                balance: Balance { on_hand: 5, reserved: 0 },
            },
        ]);
        given::<Stock>(history).when(Command::Commit { order: order("A") }).then([
            Event::Committed {
                order_id: order("A"),
                quantity: 2,
                balance: Balance { on_hand: 3, reserved: 0 },
            },
        ]);
    }

    #[test]
    fn releasing_or_committing_what_nobody_holds_changes_nothing() {
        given::<Stock>([delivered(5)]).when(Command::Release { order: order("A") }).then([]);
        given::<Stock>([delivered(5)]).when(Command::Commit { order: order("A") }).then([]);
    }

    #[test]
    fn low_stock_is_said_once_and_again_only_after_recovery() {
        let low = Event::Low { available: 3, reorder_level: 4 };
        let history = [delivery(5, 4, 5, 0)];
        given::<Stock>(history.clone())
            .when(reserve("A", 2))
            .then([held("A", 2, 5, 2), low.clone()]);
        let said = history.into_iter().chain([held("A", 2, 5, 2), low]);
        given::<Stock>(said.clone()).when(reserve("B", 1)).then([held("B", 1, 5, 3)]);
        let recovered = said.chain([delivery(5, 4, 10, 2)]);
        given::<Stock>(recovered)
            .when(reserve("B", 5))
            .then([held("B", 5, 10, 7), Event::Low { available: 3, reorder_level: 4 }]);
    }

    #[test]
    fn what_is_held_cannot_be_adjusted_away() {
        given::<Stock>([delivered(5), held("A", 4, 5, 4)])
            .when(adjust(-2))
            .then_rejected(Rejection::Insufficient { asked: 2, available: 1 });
    }

    #[test]
    fn the_same_paper_counts_once() {
        let noted = Event::Adjusted {
            delta: 5,
            reason: AdjustmentReason::Received,
            reorder_level: 0,
            reference: Some("note 7".into()),
            balance: Balance { on_hand: 5, reserved: 0 },
        };
        let again = Command::Adjust {
            delta: 5,
            reason: AdjustmentReason::Received,
            reorder_level: None,
            reference: Some("note 7".into()),
        };
        given::<Stock>([]).when(again.clone()).then([noted.clone()]);
        given::<Stock>([noted]).when(again).then([]);
    }

    #[test]
    fn an_adjustment_must_change_something_and_stay_in_range() {
        given::<Stock>([]).when(adjust(0)).then_rejected(Rejection::NothingToAdjust);
        given::<Stock>([]).when(adjust(i64::MAX)).then_rejected(Rejection::TooMany);
        given::<Stock>([])
            .when(adjust(i64::MIN))
            .then_rejected(Rejection::Insufficient { asked: i64::MAX, available: 0 });
    }

    fn any_command() -> impl Strategy<Value = Command> {
        let id = prop::sample::select(vec!["A", "B", "C", "D"]);
        prop_oneof![
            (-20_i64..40, proptest::option::of(0_i64..10)).prop_map(|(delta, reorder_level)| {
                let reason = AdjustmentReason::Count;
                Command::Adjust { delta, reason, reorder_level, reference: None }
            }),
            (id.clone(), 0_u32..12).prop_map(|(id, quantity)| reserve(id, quantity)),
            id.clone().prop_map(|id| Command::Release { order: order(id) }),
            id.prop_map(|id| Command::Commit { order: order(id) }),
        ]
    }

    proptest! {
        #[test]
        fn available_is_never_negative_and_reserved_is_what_orders_hold(
            commands in prop::collection::vec(any_command(), 0..60)
        ) {
            let mut stock = Stock::default();
            let context = Context { now: NOW, occurred_at: NOW };
            for command in commands {
                for event in stock.decide(command, &context).unwrap_or_default() {
                    stock.evolve(&event);
                }
                let held: i64 = stock.held.values().copied().map(i64::from).sum();
                prop_assert_eq!(stock.balance.reserved, held);
                prop_assert!(stock.balance.available() >= 0);
            }
        }
    }
}
