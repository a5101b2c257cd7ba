//! Drives settlement: the steps are the domain's, this asks the gateway and sends the commands.
//!
//! Reads where the order or the payment stands before it does anything, and the ids of commands derive from the event that
//! caused them, so doing it all again is harmless. Two processes, since a process reads one stream: one after events of
//! orders, one after events of payments.

use std::sync::Arc;

use async_trait::async_trait;
use chimera_domain::aggregate::Refusal;
use chimera_domain::order::{self, Order};
use chimera_domain::payment::{self, Payment};
use chimera_domain::recorded::Recorded;
use chimera_domain::settlement::{Answer, Step, after_order_event, first_step, next_step};
use chimera_engine::{Failure, Process, Router, Unfinished};
use chimera_kit::cause::Cause;

use crate::PaymentGateway;

/// Whom settlement talks to.
#[derive(Clone)]
pub struct Settlement {
    /// The shards of the orders.
    pub orders: Router<Order>,
    /// The shards of the payments.
    pub payments: Router<Payment>,
    /// Who moves the money.
    pub gateway: Arc<dyn PaymentGateway>,
}

/// Starts payments that orders ask for.
pub struct OrderSettlement(pub Settlement);

/// Sees payments through to the order's end of it.
pub struct PaymentSettlement(pub Settlement);

#[async_trait]
impl Process for OrderSettlement {
    type Source = Order;

    fn name(&self) -> &'static str {
        "order-settlement"
    }

    fn wants(&self, event_type: &str) -> bool {
        event_type == "ecommerce.order.order.payment_requested.v1"
    }

    async fn handle(&self, event: &Recorded<order::Event>) -> Result<(), Unfinished> {
        let now = self.0.orders.read(&event.key).await.map_err(unfinished)?.state;
        let step = after_order_event(&event.event, &now);
        self.0.take(Cause::of(event), &event.key, step).await?;
        Ok(())
    }
}

#[async_trait]
impl Process for PaymentSettlement {
    type Source = Payment;

    fn name(&self) -> &'static str {
        "payment-settlement"
    }

    fn wants(&self, event_type: &str) -> bool {
        event_type != "ecommerce.payment.payment.refund_failed.v1"
    }

    async fn handle(&self, event: &Recorded<payment::Event>) -> Result<(), Unfinished> {
        let cause = Cause::of(event);
        let now = self.0.payments.read(&event.key).await.map_err(unfinished)?.state;
        let mut step = first_step(&event.event, &now);
        while let Some(answer) = self.0.take(cause, &event.key, step).await? {
            step = next_step(&event.event, Some(answer));
        }
        Ok(())
    }
}

impl Settlement {
    /// Takes one step; the answer if another step may follow.
    async fn take(
        &self,
        cause: Cause<'_>,
        order: &Arc<str>,
        step: Step,
    ) -> Result<Option<Answer>, Unfinished> {
        match step {
            Step::Done => Ok(None),
            Step::Payment(command) => {
                let request = cause.request(verb_to_payment(&command), order, command);
                answered(self.payments.execute_patiently(request).await)?;
                Ok(None)
            }
            Step::Order(command) => {
                let request = cause.request("settle", order, command);
                let answer = answered(self.orders.execute_patiently(request).await)?;
                Ok(Some(answer.map_or(Answer::Honoured, Answer::Refused)))
            }
            Step::Charge(charge) => {
                let answer = self.gateway.charge(&charge).await;
                answer.map(|answer| Some(Answer::Gateway(answer))).map_err(unfinished)
            }
            Step::Refund { payment_id, money } => {
                let answer = self.gateway.refund(&payment_id, money).await;
                answer.map(|answer| Some(Answer::Gateway(answer))).map_err(unfinished)
            }
        }
    }
}

fn unfinished(failure: impl std::error::Error) -> Unfinished {
    Unfinished(failure.to_string())
}

/// Tells apart the commands that can follow from one event.
fn verb_to_payment(command: &payment::Command) -> &'static str {
    match command {
        payment::Command::Request(_) => "request",
        payment::Command::Capture { .. } => "capture",
        payment::Command::Decline { .. } => "decline",
        payment::Command::RequestRefund => "request-refund",
        payment::Command::RecordRefund { .. } => "record-refund",
        payment::Command::RecordRefundFailed { .. } => "record-refund-failed",
    }
}

/// A no is an answer; everything else has to be tried again.
fn answered<T, R: Refusal>(result: Result<T, Failure<R>>) -> Result<Option<R>, Unfinished> {
    match result {
        Ok(_) => Ok(None),
        Err(Failure::Refused(refusal)) => {
            tracing::info!(code = refusal.code(), "settlement: a command was refused");
            Ok(Some(refusal))
        }
        Err(failure) => Err(unfinished(failure)),
    }
}
