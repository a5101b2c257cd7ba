//! `dim_date`: a row for every day from the first to the last that the export names. Days are UTC; weeks are those of ISO 8601.

use std::path::Path;

use jiff::civil::Weekday;

use crate::calendar::{Days, date};
use crate::manifest::FileWritten;
use crate::table::{Cell, Column, Kind, Row, Table};
use crate::table_file::TableFile;
use crate::{ExportError, FileFormat};

static TABLE: Table = Table {
    name: "dim_date",
    columns: &[
        Column::new("date_key", Kind::DateKey),
        Column::new("date", Kind::Date),
        Column::new("year", Kind::Integer),
        Column::new("quarter", Kind::Integer),
        Column::new("month", Kind::Integer),
        Column::new("month_name", Kind::Text),
        Column::new("day", Kind::Integer),
        Column::new("day_of_year", Kind::Integer),
        Column::new("iso_year", Kind::Integer),
        Column::new("iso_week", Kind::Integer),
        Column::new("iso_weekday", Kind::Integer),
        Column::new("weekday_name", Kind::Text),
        Column::new("is_weekend", Kind::Flag),
    ],
};

/// Writes the table for these days into the directory of an export.
///
/// # Errors
/// If it cannot be written.
pub fn write(dir: &Path, files: FileFormat, days: Days) -> Result<FileWritten, ExportError> {
    let mut file = TableFile::create(dir, files, &TABLE, "part-0000")?;
    for day in days.each() {
        file.row(row(day))?;
    }
    Ok(file.end()?.written)
}

fn row(day: i64) -> Row {
    let date = date(day);
    let week = date.iso_week_date();
    let weekday = date.weekday();
    vec![
        Cell::Day(day),
        Cell::Day(day),
        number(date.year()),
        number((date.month() + 2) / 3),
        number(date.month()),
        month_name(date.month()).into(),
        number(date.day()),
        number(date.day_of_year()),
        number(week.year()),
        number(week.week()),
        number(weekday.to_monday_one_offset()),
        weekday_name(weekday).into(),
        matches!(weekday, Weekday::Saturday | Weekday::Sunday).into(),
    ]
}

fn number(number: impl Into<i64>) -> Cell {
    Cell::Integer(number.into())
}

fn month_name(month: i8) -> &'static str {
    match month {
        1 => "January",
        2 => "February",
        3 => "March",
        4 => "April",
        5 => "May",
        6 => "June",
        7 => "July",
        8 => "August",
        9 => "September",
        10 => "October",
        11 => "November",
        _ => "December",
    }
}

fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_knows_its_week_which_may_be_of_another_year() {
        // 2021-01-03 was a Sunday.
        let row = row(18_630);
        let expected = [2021, 1, 1].map(Cell::Integer);
        assert_eq!(row[2..5], expected);
        assert_eq!(row[5..8], ["January".into(), Cell::Integer(3), Cell::Integer(3)]);
        assert_eq!(row[8..11], [2020, 53, 7].map(Cell::Integer));
        assert_eq!(row[11..], ["Sunday".into(), Cell::Flag(true)]);
    }
}
