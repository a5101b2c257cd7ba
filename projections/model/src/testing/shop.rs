//! A small shop whose history is decided by the rules: three orders, three products, whatever is asked of them.
//!
//! What the rules refuse leaves no trace, so every history is one that a log could hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_domain::aggregate::{Aggregate, Context};
use chimera_domain::money::{Amount, Currency, Money};
use chimera_domain::order::{
    self, Asker, CancelReason, Charges, CreditReason, PaymentMethod, Status,
};
use chimera_domain::product::{Details, Offer};
use chimera_domain::recorded::Recorded;
use chimera_domain::{payment, product, stock};

use super::meta;
use crate::Change;

/// How many partitions each stream of the shop has.
pub const PARTITIONS: u32 = 2;

/// What is asked: which thing to do, of which of three aggregates, and how many.
pub type Act = (u8, u8, u8);

/// The shop and what has happened in it.
#[derive(Debug, Default)]
pub struct Shop {
    orders: BTreeMap<String, order::Order>,
    payments: BTreeMap<String, payment::Payment>,
    products: BTreeMap<String, product::Product>,
    stocks: BTreeMap<String, stock::Stock>,
    journal: Journal,
}

#[derive(Debug, Default)]
struct Journal {
    versions: BTreeMap<(&'static str, String), u64>,
    sequences: BTreeMap<(&'static str, u32), u64>,
    changes: Vec<Change>,
}

impl Shop {
    /// Everything that has happened after these acts.
    #[must_use]
    pub fn history(acts: &[Act]) -> Vec<Change> {
        let mut shop = Self::default();
        for act in acts {
            shop.act(*act);
        }
        shop.journal.changes
    }

    /// So many orders, all placed, then all confirmed, and so on until every one is sent back and refunded.
    #[must_use]
    pub fn of_orders(count: u32) -> Vec<Change> {
        let mut shop = Self::default();
        for _step in 0..9 {
            for number in 0..count {
                let id = format!("O-{number}");
                let command = for_order(u8::MAX, &id, shop.orders.get(&id));
                decide(&mut shop.orders, &mut shop.journal, &id, command, Change::Order);
            }
        }
        shop.journal.changes
    }

    fn act(&mut self, (what, which, many): Act) {
        let (order, product) = (format!("O-{}", which % 3), format!("P.{}", which % 3));
        let journal = &mut self.journal;
        match what % 4 {
            0 => {
                let command = for_product(many);
                decide(&mut self.products, journal, &product, command, Change::Product);
            }
            1 => {
                let command = for_stock(many, &order);
                decide(&mut self.stocks, journal, &product, command, Change::Stock);
            }
            2 => {
                let command = for_order(many, &order, self.orders.get(&order));
                decide(&mut self.orders, journal, &order, command, Change::Order);
            }
            _ => {
                let command = for_payment(many, &order);
                decide(&mut self.payments, journal, &order, command, Change::Payment);
            }
        }
    }
}

fn decide<A: Aggregate>(
    states: &mut BTreeMap<String, A>,
    journal: &mut Journal,
    id: &str,
    command: A::Command,
    wrap: fn(Recorded<A::Event>) -> Change,
) {
    let state = states.entry(id.to_owned()).or_default();
    let minute = i64::try_from(journal.changes.len()).unwrap_or(0) * 400;
    let occurred_at = super::START.plus(minute * chimera_domain::time::MINUTE);
    let context = Context { now: occurred_at, occurred_at };
    for event in state.decide(command, &context).unwrap_or_default() {
        state.evolve(&event);
        let recorded = journal.number(A::STREAM, id, minute, event);
        journal.changes.push(wrap(recorded));
    }
}

impl Journal {
    fn number<E>(&mut self, stream: &'static str, id: &str, minute: i64, event: E) -> Recorded<E> {
        let partition = id.bytes().map(u32::from).sum::<u32>() % PARTITIONS;
        let version = self.versions.entry((stream, id.to_owned())).or_default();
        let sequence = self.sequences.entry((stream, partition)).or_default();
        *version += 1;
        *sequence += 1;
        let mut meta = meta(*version, *sequence, minute);
        // Each command has a minute of its own.
        meta.command_id = format!("{id}:{minute}").into();
        Recorded { partition, key: Arc::from(id), meta, event }
    }
}

fn money(many: u8) -> Money {
    Money { amount: Amount::from_ten_thousandths(i64::from(many) * 1_234), currency: Currency::GBP }
}

fn details(many: u8) -> Box<Details> {
    Box::new(Details { title: format!("title {many}"), ..Details::default() })
}

fn for_product(many: u8) -> product::Command {
    match many % 6 {
        0 | 1 => product::Command::Create {
            details: details(many),
            price: money(many),
            stock_tracked: true,
        },
        2 => product::Command::Update { details: details(many) },
        3 => product::Command::ChangePrice { price: money(many), reason: None },
        4 => product::Command::Discontinue { reason: Some("gone".into()) },
        _ => product::Command::Relist,
    }
}

fn for_stock(many: u8, order: &str) -> stock::Command {
    let Ok(order) = order.try_into() else {
        return for_stock(0, "O-0");
    };
    match many % 5 {
        0 | 1 => stock::Command::Adjust {
            delta: i64::from(many),
            reason: stock::AdjustmentReason::Received,
            reorder_level: Some(i64::from(many / 2)),
            reference: None,
        },
        2 => stock::Command::Reserve { order, quantity: u32::from(many % 7) + 1 },
        3 => stock::Command::Release { order },
        _ => stock::Command::Commit { order },
    }
}

/// Half of the acts take the next step of a happy order, so that histories get far; the others ask for anything.
fn for_order(many: u8, id: &str, state: Option<&order::Order>) -> order::Command {
    let placed = match state {
        Some(order::Order::Placed(placed)) => Some(placed),
        Some(order::Order::Absent | order::Order::CreditNote { .. }) | None => None,
    };
    let paying = placed.and_then(|placed| placed.paying.clone());
    let step = if many < 128 { many % 13 } else { next_step(placed.map(|placed| &**placed)) };
    let (by, reason, payment_id) = (Asker::Shop, "because".to_owned(), paying.unwrap_or_default());
    match (step, id.try_into()) {
        (0, _) | (_, Err(_)) => order::Command::Place(Box::new(placing(many))),
        (1, _) => order::Command::Confirm,
        (2, Ok(order)) => {
            let (method, token) = (PaymentMethod::Card, "tok".to_owned());
            order::Command::RequestPayment { order, by, method, token }
        }
        (3, _) => order::Command::RecordPaid { payment_id },
        (4, _) => order::Command::Ship { carrier: Some("post".into()), tracking_number: None },
        (5, _) => order::Command::Deliver,
        (6, _) => order::Command::RequestReturn { by, reason },
        (7, _) => order::Command::AcceptReturn,
        (8, _) => order::Command::RecordRefunded { payment_id, amount: money(many).amount },
        (9, _) => order::Command::Credit(Box::new(crediting(many))),
        (10, _) => order::Command::RecordPaymentFailed { payment_id, reason },
        (11, _) => order::Command::RejectReturn { reason },
        (_, _) => order::Command::Cancel { by, reason: CancelReason::Staff, short_lines: vec![] },
    }
}

fn next_step(placed: Option<&order::Placed>) -> u8 {
    let Some(placed) = placed else { return 0 };
    match placed.head.status {
        Status::Pending if !placed.head.confirmed => 1,
        Status::Pending if placed.paying.is_none() => 2,
        Status::Pending => 3,
        Status::Paid => 4,
        Status::Shipped => 5,
        Status::Fulfilled => 6,
        Status::ReturnRequested => 7,
        Status::Returned | Status::Canceled | Status::Credited => 8,
    }
}

fn placing(many: u8) -> order::Placing {
    let offer = Offer {
        title: "title".into(),
        price: money(many),
        stock_tracked: true,
        discontinued: false,
    };
    let line = |product: &str| order::LineRequest {
        product: product.try_into().unwrap_or_else(|_| unreachable!("a plain id")),
        quantity: u32::from(many) + 1,
        offer: Some(offer.clone()),
        price_override: None,
    };
    order::Placing {
        customer: customer(many),
        lines: vec![line("P.0"), line("P.1")],
        currency: Currency::GBP,
        charges: Charges::default(),
        shipping_address: order::Address::default(),
        may_override_prices: false,
        payment_window: None,
    }
}

fn crediting(many: u8) -> order::Crediting {
    let line = order::Line {
        product_id: "P.0".try_into().unwrap_or_else(|_| unreachable!("a plain id")),
        title: "title".into(),
        unit_price: money(many).amount,
        quantity: -i64::from(many) - 1,
        stock_tracked: true,
    };
    let (customer, reason) = (customer(many), CreditReason::Return);
    order::Crediting { customer, lines: vec![line], currency: Currency::GBP, reason }
}

fn customer(many: u8) -> chimera_domain::ids::CustomerId {
    let text = format!("C{}", many % 2);
    text.as_str().try_into().unwrap_or_else(|_| unreachable!("a plain id"))
}

fn for_payment(many: u8, order: &str) -> payment::Command {
    let payment_id = format!("{order}-{}", many % 2);
    match many % 7 {
        0 | 1 => payment::Command::Request(payment::Charge {
            payment_id,
            money: money(many),
            method: PaymentMethod::Card,
            token: "tok".into(),
        }),
        2 | 3 => payment::Command::Capture { payment_id, reference: "g".into() },
        4 => payment::Command::Decline { payment_id, reason: "no".into() },
        5 => payment::Command::RequestRefund,
        _ => payment::Command::RecordRefund { reference: "r".into() },
    }
}
