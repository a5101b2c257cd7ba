//! A postal address as it was when the order was placed; a snapshot that nothing changes later.

use serde::{Deserialize, Serialize};

/// Where to send an order. Personal data: never in a log line.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    /// Who receives it.
    pub recipient: String,
    /// Street and number.
    pub street: String,
    /// Town.
    pub city: String,
    /// State or region.
    pub region: String,
    /// Postal code.
    pub postal_code: String,
    /// Country by name or ISO code.
    pub country: String,
}

/// Shows the country alone, so that an address never reaches a log by accident.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("country", &self.country).finish_non_exhaustive()
    }
}

impl Address {
    /// The first field that is too long, or the country if it is missing; with what must be.
    #[must_use]
    pub fn broken_field(&self) -> Option<(&'static str, &'static str)> {
        if self.country.trim().is_empty() {
            return Some(("country", "must be given"));
        }
        let fields = [
            ("recipient", &self.recipient),
            ("street", &self.street),
            ("city", &self.city),
            ("region", &self.region),
            ("postalCode", &self.postal_code),
            ("country", &self.country),
        ];
        for (name, text) in fields {
            if text.chars().count() > 255 {
                return Some((name, "must be at most 255 characters"));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_never_shows_a_person_in_debug_output() {
        let address = Address {
            recipient: "Ada".into(),
            country: "United Kingdom".into(),
            ..Address::default()
        };
        assert!(!format!("{address:?}").contains("Ada"));
    }

    #[test]
    fn a_country_is_needed() {
        assert_eq!(Address::default().broken_field().unwrap().0, "country");
    }
}
