//! Credit notes: placed once under their own number, never changed.

use super::lines::{self, Charges, MOST_LINES};
use super::{Crediting, Event, Head, Rejection, Sale, Status};
use crate::aggregate::Context;

pub(super) fn note(crediting: Crediting, context: &Context) -> Result<Vec<Event>, Rejection> {
    if crediting.lines.is_empty() {
        return Err(Rejection::NoLines);
    }
    if crediting.lines.len() > MOST_LINES {
        return Err(Rejection::TooManyLines(crediting.lines.len()));
    }
    let totals = lines::total(&crediting.lines, crediting.currency, Charges::default())?;
    let head = Head {
        customer_id: crediting.customer,
        placed_at: context.occurred_at,
        status: Status::Credited,
        confirmed: false,
    };
    let credit = Sale { currency: totals.currency, units: totals.units, amount: totals.subtotal };
    Ok(vec![Event::Credited { head, lines: crediting.lines, reason: crediting.reason, credit }])
}
