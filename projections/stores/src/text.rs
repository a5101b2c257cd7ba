//! How keys and values are shown to a person.

use chimera_model::{RowKey, Value};

/// A value as an operator reads it.
#[must_use]
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(amount) => amount.to_string(),
        Value::Timestamp(time) => time.to_string(),
        Value::Text(text) => text.clone(),
    }
}

/// A key as an operator reads it: its values, separated by strokes.
#[must_use]
pub fn key_text(key: &RowKey) -> String {
    let mut text = String::new();
    for (index, value) in key.0.iter().enumerate() {
        if index > 0 {
            text.push('/');
        }
        text.push_str(&value_text(value));
    }
    text
}
