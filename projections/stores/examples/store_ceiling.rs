//! How many rows a second the embedded row store takes, beside fjall alone with the same bytes.
//!
//! `cargo run --release -p chimera-stores --example store_ceiling [ROWS]`; writes into a temporary directory only.

use std::time::Instant;

use chimera_model::{Column, Kind, RowKey, RowMutation, TableSpec, Value};
use chimera_stores::{Checkpoint, EmbeddedStores, RowReader, RowWriter, View};

static ORDERS: TableSpec = TableSpec {
    name: "orders",
    partition_key: &[Column::new("customer_id", Kind::Text)],
    clustering: &[
        Column::descending("placed_at", Kind::Integer),
        Column::new("order_id", Kind::Text),
    ],
    columns: &[
        Column::new("status", Kind::Text),
        Column::new("total", Kind::Integer),
        Column::new("currency", Kind::Text),
        Column::new("lines", Kind::Integer),
    ],
};
const VIEW: View = View::new("orders", 1);
const BATCH: u64 = 1000;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let rows = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let stores = EmbeddedStores::open(&dir.path().join("stores"))?;
    stores.rows().create(VIEW, &[&ORDERS]).await?;
    for (what, version) in [("first writes", 1), ("updates", 2), ("stale repeats", 1)] {
        let seconds = upserts(&stores, rows, version).await?;
        report(what, rows, seconds);
    }
    let started = Instant::now();
    let scanned = scan(&stores).await?;
    report("rows scanned", scanned, started.elapsed().as_secs_f64());
    report("raw fjall batch inserts", rows, raw(&dir.path().join("raw"), rows)?);
    Ok(())
}

async fn upserts(stores: &EmbeddedStores, rows: u64, version: u64) -> Result<f64, Failure> {
    let mut seconds = 0.0;
    for first in (0..rows).step_by(1000) {
        let mutations: Vec<RowMutation> =
            (first..first + BATCH).map(|number| upsert(number, version)).collect();
        let checkpoint =
            Checkpoint { stream: "orders".into(), partition: 0, sequence: first + BATCH };
        let started = Instant::now();
        stores.rows().apply(VIEW, &mutations, &[checkpoint]).await?;
        seconds += started.elapsed().as_secs_f64();
    }
    Ok(seconds)
}

/// Keys in no order, as order ids are.
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn upsert(number: u64, version: u64) -> RowMutation {
    let key = scattered(number);
    RowMutation::Upsert {
        table: &ORDERS,
        key: RowKey(vec![
            Value::Text(format!("customer-{:06}", key % 100_000)),
            Value::Integer((key >> 2).cast_signed()),
            Value::Text(format!("order-{key:016x}")),
        ]),
        cells: vec![
            ("status", Value::Text("PENDING".to_owned())),
            ("total", Value::Integer((key >> 1).cast_signed())),
            ("currency", Value::Text("GBP".to_owned())),
            ("lines", Value::Integer((key % 100).cast_signed())),
        ],
        version,
    }
}

async fn scan(stores: &EmbeddedStores) -> Result<u64, Failure> {
    let (mut rows, mut after) = (0, None);
    loop {
        let page = stores.rows().scan(VIEW, &ORDERS, after.as_ref(), 10_000).await?;
        rows += page.items.len() as u64;
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

/// Keys of 57 bytes and values of 45, as the store writes them for these rows.
fn raw(path: &std::path::Path, rows: u64) -> Result<f64, Failure> {
    let database = fjall::Database::builder(path).open()?;
    let keyspace = database.keyspace("raw", fjall::KeyspaceCreateOptions::default)?;
    let mut seconds = 0.0;
    for first in (0..rows).step_by(1000) {
        let entries: Vec<(String, [u8; 45])> = (first..first + BATCH)
            .map(|number| (format!("{:057x}", scattered(number)), [number.to_le_bytes()[0]; 45]))
            .collect();
        let started = Instant::now();
        let mut batch = database.batch();
        for (key, value) in &entries {
            batch.insert(&keyspace, key.as_str(), value.as_slice());
        }
        batch.commit()?;
        seconds += started.elapsed().as_secs_f64();
    }
    Ok(seconds)
}

#[allow(clippy::cast_precision_loss)]
fn report(what: &str, rows: u64, seconds: f64) {
    use std::io::Write;
    let rate = rows as f64 / seconds;
    let _ = writeln!(std::io::stdout(), "{what:<28}{rate:>12.0}/s");
}
