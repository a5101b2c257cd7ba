//! Rows as answers want them: cells by name and kind. A cell that is absent, or of another kind, is none.

use chimera_domain::money::{Amount, Currency};
use chimera_domain::time::Timestamp;
use chimera_kit::money::MoneyBody;
use chimera_model::{Row, Value};
use chimera_stores::KvValue;
use serde::de::DeserializeOwned;

/// The cells of a row.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a>(pub &'a Row);

/// A point in time as answers show it, RFC 3339.
#[must_use]
pub fn time_text(time: Timestamp) -> String {
    time.to_string()
}

/// What a part of a key-value holds.
#[must_use]
pub fn part<T: DeserializeOwned>(value: &KvValue, name: &str) -> Option<T> {
    serde_json::from_str(value.part(name)?).ok()
}

impl<'a> Cells<'a> {
    /// A part of the key.
    #[must_use]
    pub fn key(self, place: usize) -> Option<&'a Value> {
        self.0.key.0.get(place)
    }

    /// A part of the key that is text.
    #[must_use]
    pub fn key_text(self, place: usize) -> String {
        match self.key(place) {
            Some(Value::Text(text)) => text.clone(),
            Some(_) | None => String::new(),
        }
    }

    /// A part of the key that is a time.
    #[must_use]
    pub fn key_time(self, place: usize) -> String {
        match self.key(place) {
            Some(Value::Timestamp(time)) => time_text(*time),
            Some(_) | None => String::new(),
        }
    }

    /// A part of the key that is a number.
    #[must_use]
    pub fn key_integer(self, place: usize) -> i64 {
        match self.key(place) {
            Some(Value::Integer(number)) => *number,
            Some(_) | None => 0,
        }
    }

    /// A text.
    #[must_use]
    pub fn text(self, name: &str) -> Option<String> {
        match self.0.cells.get(name) {
            Some(Value::Text(text)) => Some(text.clone()),
            Some(_) | None => None,
        }
    }

    /// A number.
    #[must_use]
    pub fn integer(self, name: &str) -> Option<i64> {
        match self.0.cells.get(name) {
            Some(Value::Integer(number)) => Some(*number),
            Some(_) | None => None,
        }
    }

    /// Yes or no.
    #[must_use]
    pub fn boolean(self, name: &str) -> Option<bool> {
        match self.0.cells.get(name) {
            Some(Value::Boolean(yes)) => Some(*yes),
            Some(_) | None => None,
        }
    }

    /// An amount.
    #[must_use]
    pub fn amount(self, name: &str) -> Option<Amount> {
        match self.0.cells.get(name) {
            Some(Value::Decimal(amount)) => Some(*amount),
            Some(_) | None => None,
        }
    }

    /// A time, RFC 3339.
    #[must_use]
    pub fn time(self, name: &str) -> Option<String> {
        match self.0.cells.get(name) {
            Some(Value::Timestamp(time)) => Some(time_text(*time)),
            Some(_) | None => None,
        }
    }

    /// What a JSON cell holds.
    #[must_use]
    pub fn json<T: DeserializeOwned>(self, name: &str) -> Option<T> {
        serde_json::from_str(&self.text(name)?).ok()
    }

    /// An amount, and the currency that another cell names.
    #[must_use]
    pub fn money(self, amount: &str, currency: &str) -> Option<MoneyBody> {
        let currency: Currency = self.text(currency)?.parse().ok()?;
        Some(MoneyBody::new(self.amount(amount)?, currency))
    }
}
