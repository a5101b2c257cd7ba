//! Reading the "Online Retail" file: a header, then one invoice line a row. A file that is not in order is refused as a whole,
//! with the line and the field, before anything is imported.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use chimera_domain::money::Amount;
use chimera_domain::time::{SECOND, Timestamp};
use csv::StringRecord;
use jiff::civil::DateTime;

/// The columns, in their order.
pub(super) const HEADER: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened or read.
    #[error("{file}: {error}")]
    Unreadable {
        /// Its name.
        file: String,
        /// What the system says.
        error: io::Error,
    },
    /// It ends or breaks where a compressed stream must not.
    #[error("{file}: the compressed data are cut short or damaged after line {line}: {error}")]
    Compression {
        /// Its name.
        file: String,
        /// The last line that could be read.
        line: u64,
        /// What the decoder says.
        error: io::Error,
    },
    /// A line is not as it must be.
    #[error("{file}: line {line}, {field}: {problem}")]
    Malformed {
        /// Its name.
        file: String,
        /// 1-based; the header is line 1.
        line: u64,
        /// The column, or what else is wrong.
        field: &'static str,
        /// What must be.
        problem: String,
    },
}

/// One row, its texts borrowed.
pub(super) struct Row<'a> {
    pub(super) line: u64,
    pub(super) invoice: &'a str,
    pub(super) code: &'a str,
    pub(super) description: &'a str,
    pub(super) quantity: i64,
    pub(super) at: Timestamp,
    pub(super) price: Amount,
    pub(super) customer: &'a str,
    pub(super) country: &'a str,
}

/// Reads every row of `file` (`-` is standard input; `.zst` is unpacked) and hands each to `take`.
pub(super) fn read_rows(file: &str, mut take: impl FnMut(Row<'_>)) -> Result<(), FileError> {
    let input = open(file)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(input);
    let mut record = StringRecord::new();
    let mut line = 0;
    let mut header_seen = false;
    while reader.read_record(&mut record).map_err(|error| broken(file, line, error))? {
        line = record.position().map_or(line + 1, csv::Position::line);
        if header_seen {
            take(parse(file, line, &record)?);
            continue;
        }
        check_header(file, &record)?;
        header_seen = true;
    }
    if !header_seen {
        return Err(malformed(file, 1, "header", "the file is empty"));
    }
    Ok(())
}

pub(super) fn open(file: &str) -> Result<Box<dyn Read>, FileError> {
    let unreadable = |error| FileError::Unreadable { file: file.to_owned(), error };
    if file == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let opened = File::open(file).map_err(unreadable)?;
    if Path::new(file).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zst")) {
        return Ok(Box::new(zstd::Decoder::new(opened).map_err(unreadable)?));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 18, opened)))
}

pub(super) fn malformed(
    file: &str,
    line: u64,
    field: &'static str,
    problem: impl Into<String>,
) -> FileError {
    FileError::Malformed { file: file.to_owned(), line, field, problem: problem.into() }
}

pub(super) fn broken(file: &str, last_line: u64, error: csv::Error) -> FileError {
    let line = error.position().map_or(last_line + 1, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => {
            FileError::Compression { file: file.to_owned(), line: last_line, error }
        }
        csv::ErrorKind::Utf8 { err, .. } => {
            let field = HEADER.get(err.field()).copied().unwrap_or("line");
            malformed(file, line, field, "not UTF-8 text")
        }
        csv::ErrorKind::UnequalLengths { len, expected_len, .. } => malformed(
            file,
            line,
            "line",
            format!("has {len} fields, {expected_len} are needed; is the line cut?"),
        ),
        other => malformed(file, line, "line", format!("{other:?}")),
    }
}

fn check_header(file: &str, record: &StringRecord) -> Result<(), FileError> {
    let mut names: Vec<&str> = record.iter().map(str::trim).collect();
    if let Some(first) = names.first_mut() {
        *first = first.trim_start_matches('\u{feff}');
    }
    if names == HEADER {
        return Ok(());
    }
    let problem = format!("must be {}, and is {}", HEADER.join(","), names.join(","));
    Err(malformed(file, 1, "header", problem))
}

fn parse<'a>(file: &str, line: u64, record: &'a StringRecord) -> Result<Row<'a>, FileError> {
    let text = |column: usize| record.get(column).unwrap_or_default().trim();
    let wrong = |column: usize, problem: String| malformed(file, line, HEADER[column], problem);
    for column in [0, 1] {
        if text(column).is_empty() {
            return Err(wrong(column, "is missing".to_owned()));
        }
    }
    let quantity =
        text(3).parse().map_err(|_| wrong(3, format!("{:?} is not a whole number", text(3))))?;
    let at = parse_time(text(4)).ok_or_else(|| {
        wrong(4, format!("{:?} is not a date such as 2010-12-01 08:26:00", text(4)))
    })?;
    let price = text(5).parse().map_err(|error| wrong(5, format!("{:?}: {error}", text(5))))?;
    Ok(Row {
        line,
        invoice: text(0),
        code: text(1),
        description: text(2),
        quantity,
        at,
        price,
        customer: text(6),
        country: text(7),
    })
}

/// `2010-12-01 08:26:00`, with or without seconds, or `12/1/2010 8:26` as spreadsheets write it; taken as UTC.
fn parse_time(text: &str) -> Option<Timestamp> {
    const FORMS: [&str; 4] =
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M"];
    let time = FORMS.iter().find_map(|form| DateTime::strptime(form, text).ok())?;
    let seconds = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    Some(Timestamp(seconds.checked_mul(SECOND)?))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(content: &[u8], name: &str) -> Result<u32, FileError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        File::create(&path).unwrap().write_all(content).unwrap();
        let mut rows = 0;
        read_rows(path.to_str().unwrap(), |_| rows += 1).map(|()| rows)
    }

    fn with_header(rows: &str) -> Vec<u8> {
        format!("{}\n{rows}", HEADER.join(",")).into_bytes()
    }

    const GOOD: &str = "536365,85123A,\"A, B\",6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n";

    fn refused(content: &[u8]) -> (u64, &'static str) {
        match read(content, "f.csv") {
            Err(FileError::Malformed { line, field, .. }) => (line, field),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn good_rows_are_read_packed_or_not() {
        let content = with_header(&GOOD.repeat(3));
        assert_eq!(read(&content, "f.csv").unwrap(), 3);
        assert_eq!(read(&zstd::encode_all(&content[..], 1).unwrap(), "f.csv.zst").unwrap(), 3);
    }

    #[test]
    fn a_malformed_file_is_refused_with_the_line_and_the_field() {
        let row = |from: &str, to: &str| with_header(&format!("{GOOD}{}", GOOD.replace(from, to)));
        assert_eq!(refused(b""), (1, "header"));
        assert_eq!(refused(b"a,b\n"), (1, "header"));
        assert_eq!(refused(&row(",6,", ",six,")), (3, "Quantity"));
        assert_eq!(refused(&row("2010-12-01", "2010-13-01")), (3, "InvoiceDate"));
        assert_eq!(refused(&row("2.55", "2,55x")), (3, "line"));
        assert_eq!(refused(&row("2.55", "2.55555")), (3, "UnitPrice"));
        assert_eq!(refused(&row("536365", "")), (3, "InvoiceNo"));
        assert_eq!(refused(&with_header(&format!("{GOOD}{}", &GOOD[..20]))), (3, "line"));
        let mut latin = with_header(GOOD);
        let place = latin.len() - 10;
        latin[place] = 0xe9;
        assert_eq!(refused(&latin), (2, "Country"));
    }

    #[test]
    fn a_packed_file_that_is_cut_short_is_refused() {
        let packed = zstd::encode_all(&with_header(&GOOD.repeat(5_000))[..], 1).unwrap();
        let cut = read(&packed[..packed.len() - 7], "f.csv.zst");
        assert!(matches!(cut, Err(FileError::Compression { .. })), "{cut:?}");
    }

    #[test]
    fn a_missing_file_says_so() {
        let missing = read_rows("/nowhere/at/all.csv", |_| {});
        assert!(matches!(missing, Err(FileError::Unreadable { .. })));
    }

    #[test]
    fn dates_are_read_in_the_forms_in_use() {
        let expected = Some(Timestamp(1_291_191_960 * SECOND));
        for text in ["2010-12-01 08:26:00", "2010-12-01 08:26", "12/1/2010 8:26"] {
            assert_eq!(parse_time(text), expected, "{text}");
        }
        assert_eq!(parse_time("01.12.2010"), None);
    }
}
