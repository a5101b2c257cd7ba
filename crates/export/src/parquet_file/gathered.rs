//! The values of one column that wait for their row group, in the form that the Parquet writer takes.

use chimera_domain::money::Amount;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType,
    Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedColumnWriter;

use crate::calendar::date_key;
use crate::table::{Cell, Column, Kind};

/// The least that holds nineteen digits.
pub(super) const AMOUNT_BYTES: usize = 9;

/// What is gathered of a column.
pub(super) struct Gathered {
    values: Values,
    /// For each value, each null and each list without elements: 1 if there is a value. Unused where there is always one.
    present: Vec<i16>,
    /// For each value of a list: 1 if the same list goes on with it. Used by lists only.
    continued: Vec<i16>,
    nullable: bool,
}

enum Values {
    Texts(Vec<ByteArray>),
    Lists(Vec<ByteArray>),
    Longs(Vec<i64>),
    Dates(Vec<i32>),
    DateKeys(Vec<i32>),
    Flags(Vec<bool>),
    Amounts(Vec<FixedLenByteArray>),
}

impl Gathered {
    pub(super) fn new(column: &Column) -> Self {
        let values = match column.kind {
            Kind::Text | Kind::Json => Values::Texts(vec![]),
            Kind::Texts => Values::Lists(vec![]),
            Kind::Integer | Kind::Moment => Values::Longs(vec![]),
            Kind::Date => Values::Dates(vec![]),
            Kind::DateKey => Values::DateKeys(vec![]),
            Kind::Flag => Values::Flags(vec![]),
            Kind::Amount => Values::Amounts(vec![]),
        };
        Self { values, present: vec![], continued: vec![], nullable: column.nullable }
    }

    /// Takes a cell and gives the bytes of its text.
    pub(super) fn push(&mut self, cell: Cell) -> usize {
        if let Cell::Texts(texts) = cell {
            return self.push_list(texts);
        }
        if self.nullable {
            self.present.push(i16::from(cell != Cell::Null));
        }
        let mut bytes = 0;
        match (&mut self.values, cell) {
            (Values::Texts(values), Cell::Text(text)) => {
                bytes = text.len();
                values.push(ByteArray::from(&*text));
            }
            (Values::Texts(values), Cell::Json(json)) => {
                let text = json.to_string();
                bytes = text.len();
                values.push(ByteArray::from(text.into_bytes()));
            }
            (Values::Longs(values), Cell::Integer(number)) => values.push(number),
            (Values::Longs(values), Cell::Moment(moment)) => values.push(moment.0),
            (Values::Dates(values), Cell::Day(day)) => values.push(in_range(day)),
            (Values::DateKeys(values), Cell::Day(day)) => values.push(date_key(day)),
            (Values::Flags(values), Cell::Flag(flag)) => values.push(flag),
            (Values::Amounts(values), Cell::Amount(amount)) => values.push(decimal(amount)),
            // A null; or what does not fit the column, which was refused before, and would leave it a value short.
            (_, _) => {}
        }
        bytes
    }

    fn push_list(&mut self, texts: Vec<String>) -> usize {
        let Values::Lists(values) = &mut self.values else { return 0 };
        if texts.is_empty() {
            self.present.push(0);
            self.continued.push(0);
        }
        let mut bytes = 0;
        for (index, text) in texts.into_iter().enumerate() {
            bytes += text.len();
            self.present.push(1);
            self.continued.push(i16::from(index > 0));
            values.push(ByteArray::from(text.into_bytes()));
        }
        bytes
    }

    /// Writes what was gathered, and begins anew.
    pub(super) fn write(
        &mut self,
        to: &mut SerializedColumnWriter<'_>,
    ) -> Result<(), ParquetError> {
        let present = (!self.present.is_empty()).then_some(&*self.present);
        let continued = (!self.continued.is_empty()).then_some(&*self.continued);
        let levels = Levels { present, continued };
        match &mut self.values {
            Values::Texts(values) | Values::Lists(values) => {
                put::<ByteArrayType>(to, values, levels)?;
            }
            Values::Longs(values) => put::<Int64Type>(to, values, levels)?,
            Values::Dates(values) | Values::DateKeys(values) => {
                put::<Int32Type>(to, values, levels)?;
            }
            Values::Flags(values) => put::<BoolType>(to, values, levels)?,
            Values::Amounts(values) => put::<FixedLenByteArrayType>(to, values, levels)?,
        }
        self.present.clear();
        self.continued.clear();
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Levels<'a> {
    present: Option<&'a [i16]>,
    continued: Option<&'a [i16]>,
}

fn put<T: DataType>(
    to: &mut SerializedColumnWriter<'_>,
    values: &mut Vec<T::T>,
    levels: Levels<'_>,
) -> Result<(), ParquetError> {
    to.typed::<T>().write_batch(values, levels.present, levels.continued)?;
    values.clear();
    Ok(())
}

fn in_range(day: i64) -> i32 {
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}

/// Ten-thousandths, big-endian, with the sign in front.
fn decimal(amount: Amount) -> FixedLenByteArray {
    let value = amount.ten_thousandths();
    let sign = if value < 0 { u8::MAX } else { 0 };
    let mut bytes = Vec::with_capacity(AMOUNT_BYTES);
    bytes.push(sign);
    bytes.extend(value.to_be_bytes());
    ByteArray::from(bytes).into()
}
