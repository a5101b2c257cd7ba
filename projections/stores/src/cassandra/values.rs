//! Values as Cassandra has them, both ways: exactly what was written comes back, or it is called damaged.

use std::collections::BTreeMap;

use chimera_domain::money::Amount;
use chimera_domain::time::Timestamp;
use chimera_model::{Kind, Row, RowKey, TableSpec, Value};
use scylla::serialize::SerializationError;
use scylla::serialize::writers::RowWriter;
use scylla::value::{CqlDecimal, CqlValue};

/// An amount is a whole number of ten-thousandths.
const PLACES: i32 = 4;

/// Appends a value to those of a statement.
pub(super) fn write(writer: &mut RowWriter<'_>, value: &Value) -> Result<(), SerializationError> {
    let cell = writer.make_cell_writer();
    let written = match value {
        Value::Null => {
            cell.set_null();
            return Ok(());
        }
        Value::Boolean(yes) => cell.set_value(&[u8::from(*yes)]),
        Value::Integer(number) => cell.set_value(&number.to_be_bytes()),
        Value::Timestamp(time) => cell.set_value(&time.0.to_be_bytes()),
        Value::Text(text) => cell.set_value(text.as_bytes()),
        Value::Decimal(amount) => {
            let (bytes, length) = decimal_bytes(amount.ten_thousandths());
            cell.set_value(&bytes[..length])
        }
    };
    written.map(|_| ()).map_err(SerializationError::new)
}

/// How many bytes a value takes, roughly.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Boolean(_) => 1,
        Value::Integer(_) | Value::Timestamp(_) => 8,
        Value::Decimal(_) => 12,
        Value::Text(text) => text.len(),
    }
}

/// The scale, then the number without needless leading bytes.
fn decimal_bytes(number: i64) -> ([u8; 12], usize) {
    let digits = number.to_be_bytes();
    let mut first = 0;
    while first < 7 && i64::from(digits[first].cast_signed()) == number >> 63 {
        let next_is_negative = digits[first + 1] & 0x80 != 0;
        if next_is_negative != (number < 0) {
            break;
        }
        first += 1;
    }
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&PLACES.to_be_bytes());
    bytes[4..12 - first].copy_from_slice(&digits[first..]);
    (bytes, 12 - first)
}

fn amount(decimal: &CqlDecimal) -> Option<Amount> {
    let (bytes, places) = decimal.as_signed_be_bytes_slice_and_exponent();
    let negative = bytes.first()? & 0x80 != 0;
    let mut digits = if negative { [0xFF; 8] } else { [0; 8] };
    let start = digits.len().checked_sub(bytes.len())?;
    digits[start..].copy_from_slice(bytes);
    (places == PLACES).then(|| Amount::from_ten_thousandths(i64::from_be_bytes(digits)))
}

/// A cell of a column of this kind; none if it is of another.
fn value(kind: Kind, found: CqlValue) -> Option<Value> {
    match (kind, found) {
        (Kind::Boolean, CqlValue::Boolean(yes)) => Some(Value::Boolean(yes)),
        (Kind::Integer, CqlValue::BigInt(number)) => Some(Value::Integer(number)),
        (Kind::Timestamp, CqlValue::BigInt(number)) => Some(Value::Timestamp(Timestamp(number))),
        (Kind::Text | Kind::Json, CqlValue::Text(text)) => Some(Value::Text(text)),
        (Kind::Decimal, CqlValue::Decimal(decimal)) => amount(&decimal).map(Value::Decimal),
        _ => None,
    }
}

/// What is wrong with a row that is not as it was written.
pub(super) struct Damage {
    pub(super) key: Option<RowKey>,
    pub(super) reason: String,
}

/// The row in a line of a selection, whose columns stand as `ddl::select_all` has them; none if readers don't see it.
pub(super) fn row(table: &TableSpec, found: Vec<Option<CqlValue>>) -> Result<Option<Row>, Damage> {
    let mut found = found.into_iter();
    let mut key = Vec::with_capacity(table.partition_key.len() + table.clustering.len());
    for column in table.partition_key.iter().chain(table.clustering) {
        match found.next().flatten().and_then(|found| value(column.kind, found)) {
            Some(value) => key.push(value),
            None => return Err(damage(None, column.name)),
        }
    }
    let key = RowKey(key);
    let version = match found.next().flatten() {
        None => return Ok(None),
        Some(CqlValue::BigInt(version)) if version > 0 => version.cast_unsigned(),
        Some(_) => return Err(damage(Some(key), super::ddl::VERSION)),
    };
    let mut cells = BTreeMap::new();
    for (column, found) in table.columns.iter().zip(found) {
        let Some(found) = found else { continue };
        match value(column.kind, found) {
            Some(value) => cells.insert(column.name.to_owned(), value),
            None => return Err(damage(Some(key), column.name)),
        };
    }
    Ok(Some(Row { key, cells, version }))
}

fn damage(key: Option<RowKey>, column: &str) -> Damage {
    Damage { key, reason: format!("column {column} holds what was never written there") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_survives_its_bytes_and_has_no_needless_ones() {
        let edges = [0, 1, -1, 127, 128, -128, -129, 32_767, -32_768, i64::MAX, i64::MIN];
        for number in edges {
            let (bytes, length) = decimal_bytes(number);
            let (places, digits) = bytes[..length].split_at(4);
            let places = i32::from_be_bytes(places.try_into().unwrap());
            let decimal = CqlDecimal::from_signed_be_bytes_slice_and_exponent(digits, places);
            assert_eq!(amount(&decimal), Some(Amount::from_ten_thousandths(number)));
        }
        for (number, length) in [(0, 5), (-1, 5), (127, 5), (128, 6), (-128, 5), (-129, 6)] {
            assert_eq!(decimal_bytes(number).1, length, "{number}");
        }
    }

    #[test]
    fn an_amount_of_other_places_or_too_many_digits_is_not_taken() {
        for (digits, places) in [(vec![1], 2), (vec![1; 9], 4), (vec![], 4)] {
            assert_eq!(
                amount(&CqlDecimal::from_signed_be_bytes_and_exponent(digits, places)),
                None
            );
        }
    }
}
