//! A shop in memory: real orders and stocks, and a worker that runs the process between them and may die at any moment.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::*;
use crate::stock::Stock;

/// All that lasts.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Shop {
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) stocks: BTreeMap<ProductId, Stock>,
    pub(super) refunds: BTreeSet<OrderId>,
    log: Vec<(OrderId, Event)>,
}

/// All that is lost in a crash.
#[derive(Debug, Default)]
pub(super) struct Worker {
    position: usize,
    asking: Option<Asking>,
}

/// A step whose stock commands are being sent.
#[derive(Debug)]
struct Asking {
    left: VecDeque<StockCommand>,
    answers: Vec<(StockCommand, StockAnswer)>,
}

impl Shop {
    pub(super) fn with_stock(units: &[(&str, i64)]) -> Self {
        let mut shop = Self::default();
        for (id, delta) in units {
            let reason = AdjustmentReason::Received;
            let command = stock::Command::Adjust {
                delta: *delta,
                reason,
                reorder_level: None,
                reference: None,
            };
            shop.ask_stock(&stock_command(id, command));
        }
        shop
    }

    /// What somebody wants of an order; whatever the rules refuse changes nothing.
    pub(super) fn ask_order(&mut self, id: &OrderId, command: Command) {
        let order = self.orders.entry(id.clone()).or_default();
        for event in order.decide(command, &CONTEXT).unwrap_or_default() {
            order.evolve(&event);
            self.log.push((id.clone(), event));
        }
    }

    fn ask_stock(&mut self, asked: &StockCommand) -> StockAnswer {
        let stock = self.stocks.entry(asked.product.clone()).or_default();
        match stock.decide(asked.command.clone(), &CONTEXT) {
            Err(rejection) => StockAnswer::Refused(rejection),
            Ok(events) => {
                for event in events {
                    stock.evolve(&event);
                }
                StockAnswer::Honoured
            }
        }
    }

    fn act(&mut self, id: &OrderId, step: Step) {
        match step {
            Step::Order(command) => self.ask_order(id, command),
            Step::Payment(payment::Command::RequestRefund) => {
                self.refunds.insert(id.clone());
            }
            Step::Payment(other) => panic!("{other:?}"),
            Step::Done => {}
            Step::Stock(_) => panic!("stock is asked once an event"),
        }
    }
}

impl Worker {
    /// One effect on the shop, at most; whether there was anything to do.
    pub(super) fn advance(&mut self, shop: &mut Shop) -> bool {
        let Some((id, event)) = shop.log.get(self.position).cloned() else { return false };
        match &mut self.asking {
            None => match next_step(&id, &event, &shop.orders[&id], Progress::Started) {
                Step::Stock(commands) => {
                    self.asking = Some(Asking { left: commands.into(), answers: vec![] });
                }
                step => self.finish(shop, &id, step),
            },
            Some(asking) => {
                if let Some(command) = asking.left.pop_front() {
                    let answer = shop.ask_stock(&command);
                    asking.answers.push((command, answer));
                } else {
                    let progress = Progress::StockAnswered(&asking.answers);
                    let step = next_step(&id, &event, &shop.orders[&id], progress);
                    self.finish(shop, &id, step);
                }
            }
        }
        true
    }

    fn finish(&mut self, shop: &mut Shop, id: &OrderId, step: Step) {
        shop.act(id, step);
        self.asking = None;
        self.position += 1;
    }

    pub(super) fn settle(&mut self, shop: &mut Shop) {
        while self.advance(shop) {}
    }

    /// Dies, and starts again from a checkpoint that lies `back` events behind: at the same event or long before it.
    pub(super) fn crash(&mut self, back: usize) {
        self.position = self.position.saturating_sub(back);
        self.asking = None;
    }
}
