//! Settlement: how an order, its payments and the gateway come to agree. A process over events, not a transaction.
//!
//! order asks for payment → payment requested → gateway → captured or declined → order paid or payment failed.
//! Money that arrives for an order which no longer waits for it goes back. Each step is a function of the event and of the
//! answer before it, so a crash anywhere ends in the same state. What the order or the payment has left behind is never asked
//! for again, however late an event is repeated. Never calls anybody, keeps no state of its own.

use crate::money::Money;
use crate::order::{self, Order};
use crate::payment::{self, Charge, Payment};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send this to the payments of the order; nothing follows.
    Payment(payment::Command),
    /// Send this to the order, and come back with its answer.
    Order(order::Command),
    /// Ask the gateway to take money, and come back with its answer.
    Charge(Charge),
    /// Ask the gateway to give money back, and come back with its answer.
    Refund {
        /// Which attempt had taken it.
        payment_id: String,
        /// How much.
        money: Money,
    },
    /// Nothing is left to do.
    Done,
}

/// The gateway's final word. What it has not answered stays unknown and is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayAnswer {
    /// Done, under this number of its own.
    Approved {
        /// The gateway's own number.
        reference: String,
    },
    /// It will not.
    Declined {
        /// Its word for why.
        reason: String,
    },
}

/// What the step before was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The order honoured the command.
    Honoured,
    /// The order said no.
    Refused(order::Rejection),
    /// The gateway answered.
    Gateway(GatewayAnswer),
}

/// The first step after an event of an order, which stands as `now`: at this event, or already beyond it.
#[must_use]
pub fn after_order_event(event: &order::Event, now: &Order) -> Step {
    let paying = now.placed().and_then(|placed| placed.paying.as_ref());
    match event {
        order::Event::PaymentRequested { payment_id, .. } if paying != Some(payment_id) => {
            Step::Done
        }
        order::Event::PaymentRequested { payment_id, method, token, amount, currency, .. } => {
            Step::Payment(payment::Command::Request(Charge {
                payment_id: payment_id.clone(),
                money: Money { amount: *amount, currency: *currency },
                method: *method,
                token: token.clone(),
            }))
        }
        order::Event::Created { .. }
        | order::Event::Confirmed { .. }
        | order::Event::Paid { .. }
        | order::Event::PaymentFailed { .. }
        | order::Event::Shipped { .. }
        | order::Event::Fulfilled { .. }
        | order::Event::Canceled { .. }
        | order::Event::ReturnRequested { .. }
        | order::Event::ReturnRejected { .. }
        | order::Event::Returned { .. }
        | order::Event::Refunded { .. }
        | order::Event::Credited { .. } => Step::Done,
    }
}

/// The first step after an event of the payments, which stand as `now`: at this event, or already beyond it.
#[must_use]
pub fn first_step(event: &payment::Event, now: &Payment) -> Step {
    if is_under_way(event, now) { next_step(event, None) } else { Step::Done }
}

/// Whether what follows from `event` can still be missing.
fn is_under_way(event: &payment::Event, now: &Payment) -> bool {
    match event {
        payment::Event::Requested { charge } => {
            matches!(now, Payment::Requested(asked) if asked.payment_id == charge.payment_id)
        }
        payment::Event::Captured { .. } => matches!(now, Payment::Captured(_)),
        payment::Event::RefundRequested { .. } => matches!(now, Payment::Refunding(_)),
        payment::Event::Declined { .. } | payment::Event::Refunded { .. } => true,
        payment::Event::RefundFailed { .. } => false,
    }
}

/// The next step after an event of the payments; `answer` is that of the step before, none at first.
#[must_use]
pub fn next_step(event: &payment::Event, answer: Option<Answer>) -> Step {
    match event {
        payment::Event::Requested { charge } => match answer {
            None => Step::Charge(charge.clone()),
            Some(answer) => charged(&charge.payment_id, answer),
        },
        payment::Event::Captured { payment_id, .. } => match answer {
            None => Step::Order(order::Command::RecordPaid { payment_id: payment_id.clone() }),
            Some(Answer::Refused(_)) => Step::Payment(payment::Command::RequestRefund),
            Some(Answer::Honoured | Answer::Gateway(_)) => Step::Done,
        },
        payment::Event::Declined { payment_id, reason } if answer.is_none() => {
            let (payment_id, reason) = (payment_id.clone(), reason.clone());
            Step::Order(order::Command::RecordPaymentFailed { payment_id, reason })
        }
        payment::Event::RefundRequested { payment_id, money } => match answer {
            None => Step::Refund { payment_id: payment_id.clone(), money: *money },
            Some(answer) => given_back(answer),
        },
        payment::Event::Refunded { payment_id, money, .. } if answer.is_none() => {
            let (payment_id, amount) = (payment_id.clone(), money.amount);
            Step::Order(order::Command::RecordRefunded { payment_id, amount })
        }
        payment::Event::Declined { .. }
        | payment::Event::Refunded { .. }
        | payment::Event::RefundFailed { .. } => Step::Done,
    }
}

fn charged(payment_id: &str, answer: Answer) -> Step {
    let payment_id = payment_id.to_owned();
    match answer {
        Answer::Gateway(GatewayAnswer::Approved { reference }) => {
            Step::Payment(payment::Command::Capture { payment_id, reference })
        }
        Answer::Gateway(GatewayAnswer::Declined { reason }) => {
            Step::Payment(payment::Command::Decline { payment_id, reason })
        }
        Answer::Honoured | Answer::Refused(_) => Step::Done,
    }
}

fn given_back(answer: Answer) -> Step {
    match answer {
        Answer::Gateway(GatewayAnswer::Approved { reference }) => {
            Step::Payment(payment::Command::RecordRefund { reference })
        }
        Answer::Gateway(GatewayAnswer::Declined { reason }) => {
            Step::Payment(payment::Command::RecordRefundFailed { reason })
        }
        Answer::Honoured | Answer::Refused(_) => Step::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::order::PaymentMethod;

    fn money() -> Money {
        Money { amount: "1".parse().unwrap(), currency: Currency::GBP }
    }

    fn captured() -> payment::Event {
        let (payment_id, reference) = ("O-1".to_owned(), "g".to_owned());
        payment::Event::Captured { payment_id, money: money(), reference }
    }

    #[test]
    fn a_requested_payment_goes_to_the_gateway_and_its_word_to_the_log() {
        let charge = Charge {
            payment_id: "O-1".into(),
            money: money(),
            method: PaymentMethod::Card,
            token: "tok".into(),
        };
        let event = payment::Event::Requested { charge: charge.clone() };
        assert_eq!(next_step(&event, None), Step::Charge(charge));
        let yes = Answer::Gateway(GatewayAnswer::Approved { reference: "g".into() });
        assert_eq!(
            next_step(&event, Some(yes)),
            Step::Payment(payment::Command::Capture {
                payment_id: "O-1".into(),
                reference: "g".into()
            })
        );
        let no = Answer::Gateway(GatewayAnswer::Declined { reason: "no".into() });
        assert_eq!(
            next_step(&event, Some(no)),
            Step::Payment(payment::Command::Decline {
                payment_id: "O-1".into(),
                reason: "no".into()
            })
        );
    }

    fn charge(id: &str) -> Charge {
        let (method, token) = (PaymentMethod::Card, "tok".into());
        Charge { payment_id: id.into(), money: money(), method, token }
    }

    #[test]
    fn what_a_payment_has_left_behind_is_not_asked_for_again() {
        use payment::Event;
        let requested = Event::Requested { charge: charge("O-1") };
        let refunding = Event::RefundRequested { payment_id: "O-1".into(), money: money() };
        let all = [
            (Payment::None, [false, false, false]),
            (Payment::Requested(charge("O-1")), [true, false, false]),
            (Payment::Requested(charge("O-2")), [false, false, false]),
            (Payment::Declined(charge("O-1")), [false, false, false]),
            (Payment::Captured(charge("O-1")), [false, true, false]),
            (Payment::Refunding(charge("O-1")), [false, false, true]),
            (Payment::Refunded(charge("O-1")), [false, false, false]),
            (Payment::RefundFailed(charge("O-1")), [false, false, false]),
        ];
        for (now, expected) in all {
            let steps = [&requested, &captured(), &refunding].map(|event| first_step(event, &now));
            assert_eq!(steps.map(|step| step != Step::Done), expected, "{now:?}");
        }
    }

    #[test]
    fn captured_money_pays_the_order() {
        let expected = order::Command::RecordPaid { payment_id: "O-1".into() };
        assert_eq!(next_step(&captured(), None), Step::Order(expected));
        assert_eq!(next_step(&captured(), Some(Answer::Honoured)), Step::Done);
    }

    #[test]
    fn money_for_an_order_that_no_longer_waits_goes_back() {
        let refused = Answer::Refused(order::Rejection::NotFound);
        assert_eq!(
            next_step(&captured(), Some(refused)),
            Step::Payment(payment::Command::RequestRefund)
        );
    }
}
