//! `Debug` of messages that hold personal data, payment tokens or payloads, so that none of it reaches a log by accident.

use std::fmt;

use crate::internal::v1::{Current, ExecuteRequest, Receipt};
use crate::order::v1::{Address, OrderEvent, PayOrderRequest};

/// Shows the country alone.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("country", &self.country).finish_non_exhaustive()
    }
}

/// Hides the token.
impl fmt::Debug for PayOrderRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayOrderRequest")
            .field("order_id", &self.order_id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Hides what it says, which may be an address.
impl fmt::Debug for OrderEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderEvent")
            .field("event_id", &self.event_id)
            .field("event_type", &self.event_type)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Hides the command.
impl fmt::Debug for ExecuteRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecuteRequest")
            .field("target", &self.target)
            .field("format", &self.format)
            .field("command_id", &self.command_id)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Counts the events.
impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("position", &self.position)
            .field("version", &self.version)
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

/// Hides the state.
impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("format", &self.format)
            .field("version", &self.version)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::v1::{Order, PlaceOrderRequest};

    #[test]
    fn what_must_not_be_logged_is_not_shown() {
        let secret = "hush";
        let address = Address { street: secret.into(), country: "GB".into(), ..Address::default() };
        let order = Order { shipping_address: Some(address.clone()), ..Order::default() };
        let place = PlaceOrderRequest { shipping_address: Some(address), ..Default::default() };
        let pay = PayOrderRequest { token: Some(secret.into()), ..Default::default() };
        let execute = ExecuteRequest { command: secret.into(), ..Default::default() };
        let receipt = Receipt { events: vec![secret.into()], ..Default::default() };
        let current = Current { state: secret.into(), ..Default::default() };
        let bytes = format!("{:?}", secret.as_bytes());
        for shown in [
            format!("{order:?}"),
            format!("{place:?}"),
            format!("{pay:?}"),
            format!("{execute:?}"),
            format!("{receipt:?}"),
            format!("{current:?}"),
        ] {
            assert!(!shown.contains(secret) && !shown.contains(&bytes), "{shown}");
        }
    }
}
