//! How many rows a second `CassandraRows` takes, beside the driver alone with the same rows, in turn.
//!
//! `cargo run --release -p chimera-stores --example cassandra_ceiling HOST:PORT [ROWS]`; in a keyspace of its own, dropped at the
//! end. The driver alone sends prepared inserts and unlogged batches without a pause, 128 at once; the store is called with 2,048
//! rows and a checkpoint at a time, as the worker does.

use std::time::{Duration, Instant};

use chimera_model::{Column, Kind, RowKey, RowMutation, TableSpec, Value};
use chimera_stores::{CassandraOptions, CassandraRows, Checkpoint, RowWriter, View};
use futures_util::{StreamExt, TryStreamExt, stream};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;

static ORDERS: TableSpec = TableSpec {
    name: "orders",
    partition_key: &[Column::new("customer_id", Kind::Text)],
    clustering: &[
        Column::descending("placed_at", Kind::Timestamp),
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
const KEYSPACE: &str = "chimera_ceiling";
const ROUND: u64 = 20_480;
const CALL: usize = 2_048;
const AT_ONCE: usize = 128;

type Failure = Box<dyn std::error::Error>;
type Line = (String, i64, String, i64, String, i64, &'static str, i64, i64);

struct Raw {
    session: Session,
    insert: PreparedStatement,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let node = arguments.next().ok_or("say where Cassandra is, as HOST:PORT")?;
    let rows: u64 = arguments.next().map_or(Ok(204_800), |text| text.parse())?;
    let store = CassandraRows::connect(&CassandraOptions {
        nodes: vec![node.clone()],
        keyspace: KEYSPACE.to_owned(),
        replication: 1,
        username: None,
        password: None,
    })
    .await?;
    store.create(VIEW, &[&ORDERS]).await?;
    let raw = Raw::open(&node).await?;
    for together in [1, 10] {
        // The first round of each warms Cassandra up.
        raw.fill(u64::MAX - ROUND, together).await?;
        apply(&store, u64::MAX - ROUND, together).await?;
        let (mut alone, mut applied) = (Duration::ZERO, Duration::ZERO);
        for first in (0..rows).step_by(20_480) {
            alone += raw.fill(first, together).await?;
            applied += apply(&store, first, together).await?;
        }
        report(together, rows.next_multiple_of(ROUND), alone, applied);
    }
    raw.session.query_unpaged(format!("DROP KEYSPACE {KEYSPACE}"), ()).await?;
    Ok(())
}

impl Raw {
    async fn open(node: &str) -> Result<Self, Failure> {
        let session = SessionBuilder::new().known_node(node).build().await?;
        session
            .query_unpaged(
                format!(
                    "CREATE TABLE IF NOT EXISTS {KEYSPACE}.raw (customer_id text, placed_at bigint, order_id text, \
                     v_ bigint, status text, total bigint, currency text, lines bigint, \
                     PRIMARY KEY ((customer_id), placed_at, order_id)) \
                     WITH CLUSTERING ORDER BY (placed_at DESC, order_id ASC)"
                ),
                (),
            )
            .await?;
        let insert = format!(
            "INSERT INTO {KEYSPACE}.raw (customer_id, placed_at, order_id, v_, status, total, currency, lines) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
        );
        let mut insert = session.prepare(insert).await?;
        insert.set_is_idempotent(true);
        Ok(Self { session, insert })
    }

    async fn fill(&self, first: u64, together: u64) -> Result<Duration, Failure> {
        let mut batches = Vec::new();
        for start in (first..first + ROUND).step_by(usize::try_from(together)?) {
            batches.push((start..start + together).map(|n| line(n, together)).collect::<Vec<_>>());
        }
        let started = Instant::now();
        let sent = stream::iter(batches).map(|batch| self.send(batch)).buffer_unordered(AT_ONCE);
        let _: Vec<()> = sent.try_collect().await?;
        Ok(started.elapsed())
    }

    async fn send(&self, lines: Vec<Line>) -> Result<(), Failure> {
        if let [line] = lines.as_slice() {
            self.session.execute_unpaged(&self.insert, line).await?;
            return Ok(());
        }
        let statements = vec![BatchStatement::from(self.insert.clone()); lines.len()];
        let batch = Batch::new_with_statements(BatchType::Unlogged, statements);
        self.session.batch(&batch, &lines).await?;
        Ok(())
    }
}

async fn apply(store: &CassandraRows, first: u64, together: u64) -> Result<Duration, Failure> {
    let rows: Vec<_> = (first..first + ROUND).map(|number| upsert(number, together)).collect();
    let started = Instant::now();
    for (call, rows) in rows.chunks(CALL).enumerate() {
        let sequence = (first >> 1) + call as u64;
        let checkpoint = Checkpoint { stream: "orders".into(), partition: 0, sequence };
        store.apply(VIEW, rows, &[checkpoint]).await?;
    }
    Ok(started.elapsed())
}

/// Keys in no order, as order ids are.
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn line(number: u64, together: u64) -> Line {
    let key = scattered(number);
    (
        format!("customer-{:016x}", scattered(number / together)),
        (key >> 2).cast_signed(),
        format!("order-{key:016x}"),
        1,
        "PENDING".to_owned(),
        (key >> 1).cast_signed(),
        "GBP",
        (key % 100).cast_signed(),
        1,
    )
}

fn upsert(number: u64, together: u64) -> RowMutation {
    let (customer, placed, order, _, status, total, currency, lines, _) = line(number, together);
    let placed = Value::Timestamp(chimera_domain::time::Timestamp(placed));
    RowMutation::Upsert {
        table: &ORDERS,
        key: RowKey(vec![Value::Text(customer), placed, Value::Text(order)]),
        cells: vec![
            ("status", Value::Text(status)),
            ("total", Value::Integer(total)),
            ("currency", Value::from(currency)),
            ("lines", Value::Integer(lines)),
        ],
        version: 1,
    }
}

#[allow(clippy::cast_precision_loss)]
fn report(together: u64, rows: u64, alone: Duration, applied: Duration) {
    use std::io::Write;
    let rate = |taken: Duration| rows as f64 / taken.as_secs_f64();
    let _ = writeln!(
        std::io::stdout(),
        "{together:>2} rows a partition: driver alone {:>8.0}/s, apply {:>8.0}/s, ratio {:.2}",
        rate(alone),
        rate(applied),
        rate(applied) / rate(alone)
    );
}
