//! The shop's own commands from inside: what demo, import and benchmarks send, and how they insist until it is done.

use std::sync::Arc;
use std::time::Duration;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::ids::OrderId;
use chimera_domain::order::{self, Order, PaymentMethod, Placed, Status};
use chimera_domain::time::Timestamp;
use chimera_engine::{CommandId, Failure, Origin, Receipt, Request, Router};

/// How often a command is sent again when the log cannot take it.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Who sends commands from inside, and when they happened for the business.
#[derive(Debug, Clone)]
pub struct Errand {
    /// Prefix of the command ids; the same errand sends the same ids again.
    pub name: Arc<str>,
    /// The business time.
    pub at: Timestamp,
}

/// An errand that could not be finished.
#[derive(Debug, thiserror::Error)]
#[error("{errand}: {reason}; running it again goes on from here")]
pub struct Stuck {
    errand: Arc<str>,
    reason: String,
}

impl Stuck {
    /// A task that broke off in the middle.
    pub(crate) fn broke_off(error: &tokio::task::JoinError) -> Self {
        Self { errand: "a task".into(), reason: error.to_string() }
    }
}

impl Errand {
    /// Sends `command`, as often as it takes. The business's no is an answer.
    ///
    /// # Errors
    /// [`Stuck`] if the log cannot take it for long.
    pub async fn send<A: Aggregate>(
        &self,
        router: &Router<A>,
        key: &Arc<str>,
        verb: &str,
        command: A::Command,
    ) -> Result<Result<Receipt<A>, A::Rejection>, Stuck> {
        let request = Request {
            key: Arc::clone(key),
            command,
            id: CommandId::derived(&format!("{}:{verb}", self.name)),
            origin: self.origin(),
        };
        let mut attempt = 1;
        loop {
            match router.execute_patiently(request.clone()).await {
                Ok(receipt) => return Ok(Ok(receipt)),
                Err(Failure::Refused(rejection)) => return Ok(Err(rejection)),
                Err(failure) if attempt == ATTEMPTS => return Err(self.stuck(failure.to_string())),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
            attempt += 1;
        }
    }

    fn origin(&self) -> Origin {
        Origin {
            correlation_id: Arc::clone(&self.name),
            causation_id: Arc::clone(&self.name),
            traceparent: None,
            actor: None,
            occurred_at: Some(self.at),
        }
    }

    fn stuck(&self, reason: String) -> Stuck {
        Stuck { errand: Arc::clone(&self.name), reason }
    }

    /// Pays an order once its stock is held, and waits for the outcome. Its status then.
    ///
    /// # Errors
    /// [`Stuck`] if the log cannot take a command for long.
    pub async fn pay(
        &self,
        orders: &Router<Order>,
        order: &OrderId,
        token: &str,
    ) -> Result<Status, Stuck> {
        let decided =
            |placed: &Placed| placed.head.status != Status::Pending || placed.head.confirmed;
        let status = self.until(orders, order, decided).await?;
        if status != Status::Pending {
            return Ok(status);
        }
        let command = order::Command::RequestPayment {
            order: order.clone(),
            by: order::Asker::Shop,
            method: PaymentMethod::Card,
            token: token.to_owned(),
        };
        // A payment that is refused leaves the order as it is, which the status says.
        let _ = self.send(orders, order.as_key(), "pay", command).await?;
        self.until(orders, order, |placed| placed.paying.is_none()).await
    }

    /// Takes an order that was placed as far as it goes: paid with `token`, shipped, delivered. Its last status.
    ///
    /// # Errors
    /// [`Stuck`] if the log cannot take a command for long.
    pub async fn see_through(
        &self,
        orders: &Router<Order>,
        order: &OrderId,
        token: &str,
    ) -> Result<Status, Stuck> {
        let mut status = self.pay(orders, order, token).await?;
        if status == Status::Paid {
            let ship = order::Command::Ship { carrier: None, tracking_number: None };
            let shipped = self.send(orders, order.as_key(), "ship", ship).await?;
            status = if shipped.is_ok() { Status::Shipped } else { status };
        }
        if status == Status::Shipped {
            let delivered =
                self.send(orders, order.as_key(), "deliver", order::Command::Deliver).await?;
            status = if delivered.is_ok() { Status::Fulfilled } else { status };
        }
        Ok(status)
    }

    /// Waits until the order is as `condition` wants it. Its status then.
    async fn until(
        &self,
        orders: &Router<Order>,
        order: &OrderId,
        condition: impl Fn(&Placed) -> bool,
    ) -> Result<Status, Stuck> {
        let mut version = 0;
        loop {
            let read = orders.read_past(order.as_key(), version).await;
            let current = read.map_err(|failure| self.stuck(failure.to_string()))?;
            let Some(placed) = current.state.placed() else {
                return Err(self.stuck("it is no order".to_owned()));
            };
            if condition(placed) {
                return Ok(placed.head.status);
            }
            version = current.version;
        }
    }
}
