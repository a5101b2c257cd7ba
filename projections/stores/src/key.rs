//! Keys as bytes whose order is the order of their values; also the canonical bytes that checksums are made of.
//!
//! One tag byte for the kind, then eight big-endian bytes with the sign flipped, or text that ends in 00 00 with each 00 in it
//! written as 00 FF. A descending column has all its bytes inverted. No value's bytes are the beginning of another's.

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::{Order, Value};

const NULL: u8 = 1;
const BOOLEAN: u8 = 2;
const INTEGER: u8 = 3;
const DECIMAL: u8 = 4;
const TIMESTAMP: u8 = 5;
const TEXT: u8 = 6;

/// Appends one value.
pub(crate) fn encode(out: &mut Vec<u8>, value: &Value, order: Order) {
    let start = out.len();
    match value {
        Value::Null => out.push(NULL),
        Value::Boolean(yes) => out.extend_from_slice(&[BOOLEAN, u8::from(*yes)]),
        Value::Integer(number) => encode_number(out, INTEGER, *number),
        Value::Decimal(amount) => encode_number(out, DECIMAL, amount.ten_thousandths()),
        Value::Timestamp(time) => encode_number(out, TIMESTAMP, time.0),
        Value::Text(text) => {
            out.push(TEXT);
            encode_text(out, text);
        }
    }
    if order == Order::Descending {
        for byte in &mut out[start..] {
            *byte = !*byte;
        }
    }
}

fn encode_number(out: &mut Vec<u8>, tag: u8, number: i64) {
    out.push(tag);
    out.extend_from_slice(&(number ^ i64::MIN).to_be_bytes());
}

fn encode_text(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(zero) = rest.iter().position(|byte| *byte == 0) {
        out.extend_from_slice(&rest[..zero]);
        out.extend_from_slice(&[0, 0xFF]);
        rest = &rest[zero + 1..];
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(&[0, 0]);
}

/// Takes values off the front of encoded bytes.
pub(crate) struct Decoder<'a> {
    bytes: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next value; none where the bytes are no key.
    pub(crate) fn value(&mut self, order: Order) -> Option<Value> {
        let mask = if order == Order::Descending { 0xFF } else { 0 };
        Some(match self.byte(mask)? {
            NULL => Value::Null,
            BOOLEAN => Value::Boolean(self.byte(mask)? != 0),
            INTEGER => Value::Integer(self.number(mask)?),
            DECIMAL => Value::Decimal(Amount::from_ten_thousandths(self.number(mask)?)),
            TIMESTAMP => Value::Timestamp(Timestamp(self.number(mask)?)),
            TEXT => Value::Text(self.text(mask)?),
            _ => return None,
        })
    }

    fn byte(&mut self, mask: u8) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first ^ mask)
    }

    fn number(&mut self, mask: u8) -> Option<i64> {
        let (number, rest) = self.bytes.split_first_chunk::<8>()?;
        self.bytes = rest;
        let bytes = number.map(|byte| byte ^ mask);
        Some(i64::from_be_bytes(bytes) ^ i64::MIN)
    }

    fn text(&mut self, mask: u8) -> Option<String> {
        let mut text = Vec::new();
        loop {
            match self.byte(mask)? {
                0 => match self.byte(mask)? {
                    0 => return String::from_utf8(text).ok(),
                    0xFF => text.push(0),
                    _ => return None,
                },
                byte => text.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Integer),
            (-3..3_i64).prop_map(Value::Integer),
            any::<i64>().prop_map(|n| Value::Decimal(Amount::from_ten_thousandths(n))),
            any::<i64>().prop_map(|n| Value::Timestamp(Timestamp(n))),
            "[\u{0}\u{1}a\u{7f}\u{ff}\u{ffff}]{0,4}".prop_map(Value::Text),
            any::<String>().prop_map(Value::Text),
        ]
    }

    fn encoded(key: &[(Value, Order)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (value, order) in key {
            encode(&mut out, value, *order);
        }
        out
    }

    fn compared(left: &[Value], right: &[Value], orders: &[Order]) -> Ordering {
        for ((left, right), order) in left.iter().zip(right).zip(orders) {
            let ordering = match order {
                Order::Ascending => left.cmp(right),
                Order::Descending => right.cmp(left),
            };
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        Ordering::Equal
    }

    proptest! {
        #[test]
        fn the_order_of_bytes_is_the_order_of_values(
            left in prop::collection::vec(any_value(), 3),
            right in prop::collection::vec(any_value(), 3),
            equal in 0..3_usize,
            descending in prop::collection::vec(any::<bool>(), 3),
        ) {
            let orders: Vec<Order> = descending
                .iter()
                .map(|yes| if *yes { Order::Descending } else { Order::Ascending })
                .collect();
            let mut right = right;
            right[..equal].clone_from_slice(&left[..equal]);
            let bytes = |values: &[Value]| {
                encoded(&values.iter().cloned().zip(orders.iter().copied()).collect::<Vec<_>>())
            };
            prop_assert_eq!(bytes(&left).cmp(&bytes(&right)), compared(&left, &right, &orders));
        }

        #[test]
        fn a_key_survives_its_bytes(values in prop::collection::vec((any_value(), any::<bool>()), 0..5)) {
            let key: Vec<(Value, Order)> = values
                .into_iter()
                .map(|(value, up)| (value, if up { Order::Ascending } else { Order::Descending }))
                .collect();
            let bytes = encoded(&key);
            let mut decoder = Decoder::new(&bytes);
            for (value, order) in &key {
                prop_assert_eq!(decoder.value(*order), Some(value.clone()));
            }
            prop_assert!(decoder.is_at_end());
        }

        #[test]
        fn bytes_that_are_no_key_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut decoder = Decoder::new(&bytes);
            while decoder.value(Order::Ascending).is_some() && !decoder.is_at_end() {}
        }
    }
}
