//! The payments of one order: attempts to take money, and its way back.
//!
//! Invariants: one attempt at a time; captured at most once; refunded at most once and only what was captured; what is
//! unknown stays requested until the gateway has answered. Holds tokens, never a card number.

use serde::{Deserialize, Serialize};

use crate::aggregate::{Aggregate, Context, DomainEvent, Refusal, RefusalKind};
use crate::money::Money;
use crate::order::PaymentMethod;

/// What can be asked of the payments of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Starts an attempt.
    Request(Charge),
    /// The gateway has taken the money.
    Capture {
        /// Which attempt.
        payment_id: String,
        /// The gateway's own number.
        reference: String,
    },
    /// The gateway has declined for good.
    Decline {
        /// Which attempt.
        payment_id: String,
        /// Its word for why.
        reason: String,
    },
    /// Wants back what was captured; nothing happens where nothing was.
    RequestRefund,
    /// The gateway has given the money back.
    RecordRefund {
        /// The gateway's own number.
        reference: String,
    },
    /// The gateway cannot give the money back.
    RecordRefundFailed {
        /// Its word for why.
        reason: String,
    },
}

/// One attempt to take money: what the gateway is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Charge {
    /// Names the attempt; the gateway's idempotency key.
    pub payment_id: String,
    /// How much.
    pub money: Money,
    /// How.
    pub method: PaymentMethod,
    /// Stands for the means of payment.
    pub token: String,
}

impl Charge {
    /// Whether this attempt came after `other`, by the number at the end of its id; without numbers, whether it is another.
    fn is_after(&self, other: &Self) -> bool {
        let number = |charge: &Self| charge.payment_id.rsplit_once('-')?.1.parse::<u32>().ok();
        match (number(self), number(other)) {
            (Some(this), Some(other)) => this > other,
            (None, _) | (_, None) => self.payment_id != other.payment_id,
        }
    }
}

/// Storage format: these names are in the log for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Event {
    /// An attempt has started; the gateway is to be asked.
    Requested {
        /// What to ask.
        charge: Charge,
    },
    /// The money is here.
    Captured {
        /// Which attempt.
        payment_id: String,
        /// How much.
        money: Money,
        /// The gateway's own number.
        reference: String,
    },
    /// The attempt failed for good.
    Declined {
        /// Which attempt.
        payment_id: String,
        /// The gateway's word for why.
        reason: String,
    },
    /// The money shall go back; the gateway is to be asked.
    RefundRequested {
        /// Which attempt had taken it.
        payment_id: String,
        /// How much.
        money: Money,
    },
    /// The money has gone back.
    Refunded {
        /// Which attempt had taken it.
        payment_id: String,
        /// How much.
        money: Money,
        /// The gateway's own number.
        reference: String,
    },
    /// The gateway cannot give the money back; somebody must look.
    RefundFailed {
        /// Which attempt had taken it.
        payment_id: String,
        /// The gateway's word for why.
        reason: String,
    },
}

impl DomainEvent for Event {
    const TYPES: &'static [&'static str] = &[
        "ecommerce.payment.payment.requested.v1",
        "ecommerce.payment.payment.captured.v1",
        "ecommerce.payment.payment.declined.v1",
        "ecommerce.payment.payment.refund_requested.v1",
        "ecommerce.payment.payment.refunded.v1",
        "ecommerce.payment.payment.refund_failed.v1",
    ];

    fn event_type(&self) -> &'static str {
        match self {
            Self::Requested { .. } => Self::TYPES[0],
            Self::Captured { .. } => Self::TYPES[1],
            Self::Declined { .. } => Self::TYPES[2],
            Self::RefundRequested { .. } => Self::TYPES[3],
            Self::Refunded { .. } => Self::TYPES[4],
            Self::RefundFailed { .. } => Self::TYPES[5],
        }
    }
}

/// Where the payments of an order stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payment {
    /// Nothing was asked yet.
    #[default]
    None,
    /// The gateway's answer is not known yet.
    Requested(Charge),
    /// The last attempt failed.
    Declined(Charge),
    /// The money is here.
    Captured(Charge),
    /// It shall go back.
    Refunding(Charge),
    /// It has gone back.
    Refunded(Charge),
    /// It should have gone back and did not.
    RefundFailed(Charge),
}

/// How payments say no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Rejection {
    /// Another attempt has not ended or has succeeded.
    #[error("payment {0} of this order is under way or done")]
    AnotherAttempt(String),
    /// The outcome of an attempt that isn't the current one.
    #[error("{0} is not the attempt that is under way")]
    NotUnderWay(String),
    /// There is no refund to report on.
    #[error("no refund is under way")]
    NoRefund,
}

impl Refusal for Rejection {
    fn code(&self) -> &'static str {
        match self {
            Self::AnotherAttempt(_) => "payment.another_attempt",
            Self::NotUnderWay(_) => "payment.not_under_way",
            Self::NoRefund => "payment.no_refund",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::AnotherAttempt(_) | Self::NotUnderWay(_) | Self::NoRefund => {
                RefusalKind::Conflict
            }
        }
    }
}

impl Aggregate for Payment {
    const STREAM: &'static str = "ecommerce.payment.payment";
    const STATE_FORMAT: u32 = 1;

    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn evolve(&mut self, event: &Event) {
        if let Event::Requested { charge } = event {
            *self = Self::Requested(charge.clone());
            return;
        }
        let Some(charge) = self.charge().cloned() else { return };
        *self = match event {
            Event::Requested { .. } => return,
            Event::Captured { .. } => Self::Captured(charge),
            Event::Declined { .. } => Self::Declined(charge),
            Event::RefundRequested { .. } => Self::Refunding(charge),
            Event::Refunded { .. } => Self::Refunded(charge),
            Event::RefundFailed { .. } => Self::RefundFailed(charge),
        };
    }

    fn decide(&self, command: Command, _: &Context) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Request(charge) => self.request(charge),
            Command::Capture { payment_id, reference } => self.capture(payment_id, reference),
            Command::Decline { payment_id, reason } => self.decline(payment_id, reason),
            Command::RequestRefund => Ok(self.request_refund()),
            Command::RecordRefund { reference } => self.record_refund(reference),
            Command::RecordRefundFailed { reason } => self.record_refund_failed(reason),
        }
    }
}

impl Payment {
    /// The current or last attempt.
    #[must_use]
    pub fn charge(&self) -> Option<&Charge> {
        match self {
            Self::None => None,
            Self::Requested(charge)
            | Self::Declined(charge)
            | Self::Captured(charge)
            | Self::Refunding(charge)
            | Self::Refunded(charge)
            | Self::RefundFailed(charge) => Some(charge),
        }
    }

    fn request(&self, charge: Charge) -> Result<Vec<Event>, Rejection> {
        match self {
            Self::None => Ok(vec![Event::Requested { charge }]),
            Self::Declined(last) if charge.is_after(last) => Ok(vec![Event::Requested { charge }]),
            // An earlier attempt, repeated late, has ended long ago.
            Self::Declined(_) => Ok(vec![]),
            Self::Requested(last)
            | Self::Captured(last)
            | Self::Refunding(last)
            | Self::Refunded(last)
            | Self::RefundFailed(last) => {
                if last.payment_id == charge.payment_id {
                    return Ok(vec![]);
                }
                Err(Rejection::AnotherAttempt(last.payment_id.clone()))
            }
        }
    }

    fn capture(&self, payment_id: String, reference: String) -> Result<Vec<Event>, Rejection> {
        match self {
            Self::Requested(charge) if charge.payment_id == payment_id => {
                Ok(vec![Event::Captured { payment_id, money: charge.money, reference }])
            }
            Self::Captured(charge)
            | Self::Refunding(charge)
            | Self::Refunded(charge)
            | Self::RefundFailed(charge)
                if charge.payment_id == payment_id =>
            {
                Ok(vec![])
            }
            Self::None
            | Self::Requested(_)
            | Self::Declined(_)
            | Self::Captured(_)
            | Self::Refunding(_)
            | Self::Refunded(_)
            | Self::RefundFailed(_) => Err(Rejection::NotUnderWay(payment_id)),
        }
    }

    fn decline(&self, payment_id: String, reason: String) -> Result<Vec<Event>, Rejection> {
        match self {
            Self::Requested(charge) if charge.payment_id == payment_id => {
                Ok(vec![Event::Declined { payment_id, reason }])
            }
            Self::Declined(charge) if charge.payment_id == payment_id => Ok(vec![]),
            Self::None
            | Self::Requested(_)
            | Self::Declined(_)
            | Self::Captured(_)
            | Self::Refunding(_)
            | Self::Refunded(_)
            | Self::RefundFailed(_) => Err(Rejection::NotUnderWay(payment_id)),
        }
    }

    fn request_refund(&self) -> Vec<Event> {
        match self {
            Self::Captured(charge) | Self::RefundFailed(charge) => {
                let payment_id = charge.payment_id.clone();
                vec![Event::RefundRequested { payment_id, money: charge.money }]
            }
            Self::None
            | Self::Requested(_)
            | Self::Declined(_)
            | Self::Refunding(_)
            | Self::Refunded(_) => vec![],
        }
    }

    fn record_refund(&self, reference: String) -> Result<Vec<Event>, Rejection> {
        match self {
            Self::Refunding(charge) => {
                let payment_id = charge.payment_id.clone();
                Ok(vec![Event::Refunded { payment_id, money: charge.money, reference }])
            }
            Self::Refunded(_) => Ok(vec![]),
            Self::None
            | Self::Requested(_)
            | Self::Declined(_)
            | Self::Captured(_)
            | Self::RefundFailed(_) => Err(Rejection::NoRefund),
        }
    }

    fn record_refund_failed(&self, reason: String) -> Result<Vec<Event>, Rejection> {
        match self {
            Self::Refunding(charge) => {
                let payment_id = charge.payment_id.clone();
                Ok(vec![Event::RefundFailed { payment_id, reason }])
            }
            Self::RefundFailed(_) => Ok(vec![]),
            Self::None
            | Self::Requested(_)
            | Self::Declined(_)
            | Self::Captured(_)
            | Self::Refunded(_) => Err(Rejection::NoRefund),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::testing::given;
    use crate::money::Currency;

    fn money() -> Money {
        Money { amount: "12.50".parse().unwrap(), currency: Currency::GBP }
    }

    fn charge(id: &str) -> Charge {
        let (method, token) = (PaymentMethod::Card, "tok_approve".to_owned());
        Charge { payment_id: id.into(), money: money(), method, token }
    }

    fn requested(id: &str) -> Event {
        Event::Requested { charge: charge(id) }
    }

    fn captured() -> Event {
        Event::Captured { payment_id: "O-1".into(), money: money(), reference: "g1".into() }
    }

    fn capture(id: &str) -> Command {
        Command::Capture { payment_id: id.into(), reference: "g1".into() }
    }

    fn declined() -> Event {
        Event::Declined { payment_id: "O-1".into(), reason: "declined".into() }
    }

    #[test]
    fn an_attempt_is_requested_once() {
        given::<Payment>([]).when(Command::Request(charge("O-1"))).then([requested("O-1")]);
        given::<Payment>([requested("O-1")]).when(Command::Request(charge("O-1"))).then([]);
    }

    #[test]
    fn one_attempt_at_a_time() {
        given::<Payment>([requested("O-1")])
            .when(Command::Request(charge("O-2")))
            .then_rejected(Rejection::AnotherAttempt("O-1".into()));
        given::<Payment>([requested("O-1"), declined()])
            .when(Command::Request(charge("O-2")))
            .then([requested("O-2")]);
    }

    #[test]
    fn an_attempt_that_was_declined_never_starts_again() {
        let declined = |id: &str| Event::Declined { payment_id: id.into(), reason: "no".into() };
        let mut history = vec![];
        for attempt in 1..=11 {
            let id = format!("O-{attempt}");
            history.extend([requested(&id), declined(&id)]);
        }
        for attempt in 1..=11 {
            let command = Command::Request(charge(&format!("O-{attempt}")));
            given::<Payment>(history.clone()).when(command).then([]);
        }
        given::<Payment>(history).when(Command::Request(charge("O-12"))).then([requested("O-12")]);
    }

    #[test]
    fn money_is_captured_once() {
        given::<Payment>([requested("O-1")]).when(capture("O-1")).then([captured()]);
        given::<Payment>([requested("O-1"), captured()]).when(capture("O-1")).then([]);
        given::<Payment>([requested("O-1")])
            .when(capture("O-9"))
            .then_rejected(Rejection::NotUnderWay("O-9".into()));
    }

    #[test]
    fn what_was_captured_cannot_be_declined() {
        given::<Payment>([requested("O-1"), captured()])
            .when(Command::Decline { payment_id: "O-1".into(), reason: "late".into() })
            .then_rejected(Rejection::NotUnderWay("O-1".into()));
    }

    #[test]
    fn only_what_was_captured_goes_back_and_only_once() {
        let refunding = Event::RefundRequested { payment_id: "O-1".into(), money: money() };
        let refunded =
            Event::Refunded { payment_id: "O-1".into(), money: money(), reference: "r1".into() };
        given::<Payment>([]).when(Command::RequestRefund).then([]);
        given::<Payment>([requested("O-1")]).when(Command::RequestRefund).then([]);
        let history = vec![requested("O-1"), captured()];
        given::<Payment>(history.clone()).when(Command::RequestRefund).then([refunding.clone()]);
        let history = [history, vec![refunding]].concat();
        let record = Command::RecordRefund { reference: "r1".into() };
        given::<Payment>(history.clone()).when(record.clone()).then([refunded.clone()]);
        let history = [history, vec![refunded]].concat();
        given::<Payment>(history.clone()).when(Command::RequestRefund).then([]);
        given::<Payment>(history).when(record).then([]);
    }

    #[test]
    fn a_failed_refund_can_be_asked_for_again() {
        let refunding = Event::RefundRequested { payment_id: "O-1".into(), money: money() };
        let failed = Event::RefundFailed { payment_id: "O-1".into(), reason: "closed".into() };
        given::<Payment>([requested("O-1"), captured(), refunding.clone(), failed])
            .when(Command::RequestRefund)
            .then([refunding]);
    }

    #[test]
    fn nothing_is_refunded_that_nobody_asked_to_refund() {
        given::<Payment>([requested("O-1"), captured()])
            .when(Command::RecordRefund { reference: "r1".into() })
            .then_rejected(Rejection::NoRefund);
    }
}
