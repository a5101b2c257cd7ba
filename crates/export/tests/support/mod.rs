//! A log in memory, an export of it, and the rows of its files as JSON, whichever kind they are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::money::Amount;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;
use chimera_domain::time::{DAY, Timestamp};
use chimera_export::{Chosen, Days, Export, FileFormat, Part, PartWritten, Window, write_dim_date};
use chimera_log::{Batch, Entry, EventLog, MemoryLog, Partition, StreamSpec};
use chimera_model::Change;
use chimera_model::testing::PARTITIONS;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value as Json, json};

pub(crate) const STREAMS: [&str; 4] =
    [Product::STREAM, Stock::STREAM, Order::STREAM, Payment::STREAM];

/// What was exported, and where to.
pub(crate) struct Exported {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) parts: Vec<PartWritten>,
}

/// A log that holds these changes.
pub(crate) fn log_of(changes: &[Change]) -> MemoryLog {
    let log = MemoryLog::new();
    log.ensure_streams(
        &STREAMS.map(|name| StreamSpec { name: name.into(), partitions: PARTITIONS }),
    )
    .unwrap();
    for change in changes {
        append(&log, change.stream(), change.partition(), entry(change));
    }
    log
}

pub(crate) fn append(log: &MemoryLog, stream: &str, index: u32, entry: Entry) {
    let mut batch = Batch::default();
    batch.push_command([entry]);
    log.claim(&Partition::new(stream, index)).unwrap().append(batch).unwrap();
}

fn entry(change: &Change) -> Entry {
    let mut value = Vec::new();
    let written = match change {
        Change::Product(it) => codec::<Product>().encode(&it.key, &it.meta, &it.event, &mut value),
        Change::Stock(it) => codec::<Stock>().encode(&it.key, &it.meta, &it.event, &mut value),
        Change::Order(it) => codec::<Order>().encode(&it.key, &it.meta, &it.event, &mut value),
        Change::Payment(it) => codec::<Payment>().encode(&it.key, &it.meta, &it.event, &mut value),
    };
    written.unwrap();
    let event_type = change.event_type().into();
    Entry { key: change.key().clone(), event_type, traceparent: None, value }
}

fn codec<A: Aggregate>() -> StreamCodec<A::Event> {
    StreamCodec::bundled(A::STREAM).unwrap()
}

/// Exports everything in the window, behind these positions.
pub(crate) fn export(
    log: &MemoryLog,
    files: FileFormat,
    window: Window,
    after: &BTreeMap<Partition, u64>,
) -> Exported {
    let exported = export_chosen(log, files, (window, after), &Chosen::ALL);
    let mut days = Days::default();
    exported.parts.iter().for_each(|part| days.include_all(part.days));
    write_dim_date(exported.dir.path(), files, days).unwrap();
    exported
}

/// Exports these tables, without the calendar.
pub(crate) fn export_chosen(
    log: &MemoryLog,
    files: FileFormat,
    (window, after): (Window, &BTreeMap<Partition, u64>),
    chosen: &[Chosen],
) -> Exported {
    let dir = tempfile::tempdir().unwrap();
    let export = Export { dir: dir.path().to_owned(), files, chosen: chosen.to_vec(), window };
    let mut parts = Vec::new();
    for stream in STREAMS {
        for index in 0..PARTITIONS {
            let partition = Partition::new(stream, index);
            let end = *log.high_watermark(&partition).unwrap().borrow();
            let after = after.get(&partition).copied().unwrap_or(0);
            parts.push(part(log, &export, &Part { partition, after, end }));
        }
    }
    Exported { dir, parts }
}

pub(crate) fn export_all(log: &MemoryLog, files: FileFormat) -> Exported {
    export(log, files, Window::default(), &BTreeMap::new())
}

fn part(log: &MemoryLog, export: &Export, part: &Part) -> PartWritten {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let seen = |_| {};
    runtime
        .block_on(async {
            match &*part.partition.stream {
                Product::STREAM => export.part(log, &codec::<Product>(), part, &seen).await,
                Stock::STREAM => export.part(log, &codec::<Stock>(), part, &seen).await,
                Order::STREAM => export.part(log, &codec::<Order>(), part, &seen).await,
                _ => export.part(log, &codec::<Payment>(), part, &seen).await,
            }
        })
        .unwrap()
}

/// Every file under `dir` by its name there, in the order of the names.
pub(crate) fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.insert(path.strip_prefix(dir).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The rows of a table, from all its files in the order of their names.
pub(crate) fn rows(dir: &Path, table: &str) -> Vec<Json> {
    let table = dir.join(table);
    let paths: Vec<PathBuf> = files(&table).into_keys().map(|name| table.join(name)).collect();
    assert!(!paths.is_empty(), "{} has no files", table.display());
    paths.iter().flat_map(|path| rows_of(path)).collect()
}

fn rows_of(path: &Path) -> Vec<Json> {
    if path.extension().unwrap() == "jsonl" {
        let text = fs::read_to_string(path).unwrap();
        return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    }
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| {
        let row = row.unwrap();
        let cells = row.get_column_iter().map(|(name, field)| (name.clone(), shown(name, field)));
        Json::Object(cells.collect())
    })
    .collect()
}

/// As JSON Lines show it.
fn shown(column: &str, field: &Field) -> Json {
    match field {
        Field::Null => Json::Null,
        Field::Bool(flag) => json!(flag),
        Field::Int(number) => json!(number),
        Field::Long(number) => json!(number),
        Field::Str(text) if column == "data" => serde_json::from_str(text).unwrap(),
        Field::Str(text) => json!(text),
        Field::TimestampMicros(micros) => json!(Timestamp(*micros).to_string()),
        Field::Date(day) => json!(Timestamp(i64::from(*day) * DAY).date()),
        Field::Decimal(decimal) => {
            assert_eq!((decimal.precision(), decimal.scale()), (19, 4));
            let bytes = decimal.data().iter();
            let value = bytes.fold(0_i128, |value, byte| value << 8 | i128::from(*byte));
            let bits = u32::try_from(decimal.data().len() * 8).unwrap();
            let value = if value >> (bits - 1) == 1 { value - (1 << bits) } else { value };
            let amount = Amount::from_ten_thousandths(i64::try_from(value).unwrap());
            json!(amount.to_string())
        }
        Field::ListInternal(list) => {
            list.elements().iter().map(|element| shown(column, element)).collect()
        }
        other => panic!("{column}: {other:?}"),
    }
}
