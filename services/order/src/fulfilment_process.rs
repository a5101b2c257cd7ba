//! Drives fulfilment: the steps are the domain's, this sends the commands and brings back the answers.
//!
//! The stock commands of one order go out together. Ids of commands derive from the event that caused them, so doing it all
//! again is harmless. Never decides anything itself.

use async_trait::async_trait;
use chimera_domain::fulfilment::{
    EVENT_TYPES, Progress, Step, StockAnswer, StockCommand, concerns, next_step,
};
use chimera_domain::ids::OrderId;
use chimera_domain::order::{self, Event, Order};
use chimera_domain::payment::{self, Payment};
use chimera_domain::recorded::Recorded;
use chimera_domain::stock::{self, Stock};
use chimera_engine::{Failure, Process, Router, Unfinished};
use chimera_kit::cause::Cause;
use chimera_kit::metric_names::INVENTORY_RESERVATION_FAILURES_TOTAL;
use futures_util::future::try_join_all;

/// Fulfils orders.
pub struct Fulfilment {
    /// The shards of the orders.
    pub orders: Router<Order>,
    /// The shards of the stocks.
    pub stocks: Router<Stock>,
    /// The shards of the payments.
    pub payments: Router<Payment>,
}

#[async_trait]
impl Process for Fulfilment {
    type Source = Order;

    fn name(&self) -> &'static str {
        "fulfilment"
    }

    fn wants(&self, event_type: &str) -> bool {
        EVENT_TYPES.contains(&event_type)
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Unfinished> {
        if !concerns(&event.event) {
            return Ok(());
        }
        let now = self.orders.read(&event.key).await.map_err(unfinished)?.state;
        let order =
            OrderId::try_from(&*event.key).map_err(|wrong| Unfinished(wrong.to_string()))?;
        let mut answers = Vec::new();
        let mut step = next_step(&order, &event.event, &now, Progress::Started);
        if let Step::Stock(commands) = step {
            for command in commands {
                answers.push(self.ask_stock(event, command));
            }
            let answers = try_join_all(answers).await?;
            step = next_step(&order, &event.event, &now, Progress::StockAnswered(&answers));
        }
        self.finish(event, step).await
    }
}

impl Fulfilment {
    async fn ask_stock(
        &self,
        event: &Recorded<Event>,
        asked: StockCommand,
    ) -> Result<(StockCommand, StockAnswer), Unfinished> {
        let verb = match &asked.command {
            stock::Command::Adjust { .. } => "adjust",
            stock::Command::Reserve { .. } => "reserve",
            stock::Command::Release { .. } => "release",
            stock::Command::Commit { .. } => "commit",
        };
        let target = asked.product.as_key();
        let request = Cause::of(event).request(verb, target, asked.command.clone());
        match self.stocks.execute_patiently(request).await {
            Ok(_) => Ok((asked, StockAnswer::Honoured)),
            Err(Failure::Refused(refusal)) => {
                if verb == "reserve" {
                    metrics::counter!(INVENTORY_RESERVATION_FAILURES_TOTAL).increment(1);
                }
                Ok((asked, StockAnswer::Refused(refusal)))
            }
            Err(failure) => Err(unfinished(failure)),
        }
    }

    /// The last step; a no means that the order has gone another way since.
    async fn finish(&self, event: &Recorded<Event>, step: Step) -> Result<(), Unfinished> {
        match step {
            Step::Order(command) => {
                let request =
                    Cause::of(event).request(verb_to_order(&command), &event.key, command);
                done(self.orders.execute_patiently(request).await)
            }
            Step::Payment(command) => {
                debug_assert_eq!(command, payment::Command::RequestRefund);
                let now = self.payments.read(&event.key).await.map_err(unfinished)?.state;
                // A refund that has failed is for people to ask for again, not for an event that is repeated.
                if !matches!(*now, Payment::Captured(_)) {
                    return Ok(());
                }
                let request = Cause::of(event).request("request-refund", &event.key, command);
                done(self.payments.execute_patiently(request).await)
            }
            Step::Stock(_) | Step::Done => Ok(()),
        }
    }
}

/// Tells apart the commands that can follow from one event.
fn verb_to_order(command: &order::Command) -> &'static str {
    match command {
        order::Command::Confirm => "confirm",
        order::Command::Cancel { .. } => "cancel",
        order::Command::Place(_)
        | order::Command::Credit(_)
        | order::Command::RequestPayment { .. }
        | order::Command::RecordPaid { .. }
        | order::Command::RecordPaymentFailed { .. }
        | order::Command::Ship { .. }
        | order::Command::Deliver
        | order::Command::RequestReturn { .. }
        | order::Command::AcceptReturn
        | order::Command::RejectReturn { .. }
        | order::Command::RecordRefunded { .. } => "other",
    }
}

fn done<T, R: chimera_domain::aggregate::Refusal>(
    answer: Result<T, Failure<R>>,
) -> Result<(), Unfinished> {
    match answer {
        Ok(_) => Ok(()),
        Err(Failure::Refused(refusal)) => {
            tracing::info!(code = refusal.code(), "fulfilment: the order has gone another way");
            Ok(())
        }
        Err(failure) => Err(unfinished(failure)),
    }
}

fn unfinished(failure: impl std::error::Error) -> Unfinished {
    Unfinished(failure.to_string())
}
