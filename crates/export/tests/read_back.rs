//! What was exported is read back: schemas, values, and what is promised of every export.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;

use chimera_codec::testing;
use chimera_domain::recorded::Recorded;
use chimera_domain::time::{MINUTE, Timestamp};
use chimera_export::{Chosen, FileFormat, Window};
use chimera_log::{Entry, Partition};
use chimera_model::testing::{Act, START, Shop, Tables, history};
use chimera_model::{Change, Value, daily_revenue, product_price_history};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::Type;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use support::{Exported, append, export, export_all, export_chosen, files, log_of, rows};

fn acts() -> impl Strategy<Value = Vec<Act>> {
    proptest::collection::vec(any::<Act>(), 0..200)
}

fn everything() -> Vec<Change> {
    let mut state = 7_u32;
    let mut acts = Vec::new();
    for _ in 0..800 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, what, which, many] = state.to_be_bytes();
        acts.push((what, which, many));
    }
    Shop::history(&acts)
}

fn samples() -> Vec<Change> {
    use testing::sample;
    let recorded = |key: &str, index: usize| {
        let mut meta = sample::meta();
        meta.sequence = index as u64 + 1;
        meta.aggregate_version = meta.sequence;
        (key.to_owned(), meta)
    };
    let mut changes = Vec::new();
    for (index, event) in sample::product().into_iter().enumerate() {
        let (key, meta) = recorded("P-1", index);
        changes.push(Change::Product(Recorded { partition: 0, key: key.into(), meta, event }));
    }
    for (index, event) in sample::stock().into_iter().enumerate() {
        let (key, meta) = recorded("P-1", index);
        changes.push(Change::Stock(Recorded { partition: 0, key: key.into(), meta, event }));
    }
    for (index, event) in sample::order().into_iter().enumerate() {
        let key = if event.head().status == chimera_domain::order::Status::Credited {
            "C-1"
        } else {
            "O-1"
        };
        let (key, meta) = recorded(key, index);
        changes.push(Change::Order(Recorded { partition: 0, key: key.into(), meta, event }));
    }
    for (index, event) in sample::payment().into_iter().enumerate() {
        let (key, meta) = recorded("O-1", index);
        changes.push(Change::Payment(Recorded { partition: 0, key: key.into(), meta, event }));
    }
    changes
}

/// A column of a table, summed by another; amounts in ten-thousandths.
fn sums(rows: &[Json], by: &str, what: &str) -> BTreeMap<i64, i64> {
    let mut sums = BTreeMap::new();
    for row in rows.iter().filter(|row| !row[by].is_null()) {
        let value = match &row[what] {
            Json::String(amount) => {
                amount.parse::<chimera_domain::money::Amount>().unwrap().ten_thousandths()
            }
            number => number.as_i64().unwrap(),
        };
        *sums.entry(row[by].as_i64().unwrap()).or_default() += value;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// A column of the read model, summed by day.
fn revenue(changes: &[Change], column: &str) -> BTreeMap<i64, i64> {
    let tables = Tables::after(&daily_revenue::MODEL, changes);
    let mut sums = BTreeMap::new();
    for row in tables.rows(&daily_revenue::DAILY_REVENUE) {
        let Value::Text(date) = &row.key.0[1] else { panic!("{:?}", row.key) };
        let value = match &row[column] {
            Value::Decimal(amount) => amount.ten_thousandths(),
            Value::Integer(number) => *number,
            other => panic!("{other:?}"),
        };
        *sums.entry(date.replace('-', "").parse().unwrap()).or_default() += value;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn plus(mut a: BTreeMap<i64, i64>, b: BTreeMap<i64, i64>) -> BTreeMap<i64, i64> {
    for (day, value) in b {
        *a.entry(day).or_default() += value;
    }
    a.retain(|_, sum| *sum != 0);
    a
}

const TABLES: [(&str, &str); 5] = [
    ("events", "events/ecommerce.order.order/part-0000.parquet"),
    ("fact_orders", "fact_orders/part-0000.parquet"),
    ("fact_inventory_adjustments", "fact_inventory_adjustments/part-0000.parquet"),
    ("dim_product", "dim_product/part-0000.parquet"),
    ("dim_date", "dim_date/part-0000.parquet"),
];

fn schema(exported: &Exported, file: &str) -> Arc<Type> {
    let file = File::open(exported.dir.path().join(file)).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    reader.metadata().file_metadata().schema_descr().root_schema_ptr()
}

#[test]
fn the_schema_of_each_table_is_the_one_that_readers_know() {
    let exported = export_all(&log_of(&samples()), FileFormat::Parquet);
    let mut schemas = Vec::new();
    for (_, file) in TABLES {
        parquet::schema::printer::print_schema(&mut schemas, &schema(&exported, file));
    }
    assert_eq!(String::from_utf8(schemas).unwrap(), include_str!("schemas.txt"));
}

#[test]
fn the_documentation_names_every_column_in_its_order() {
    let documentation = include_str!("../../../docs/export.md");
    let exported = export_all(&log_of(&samples()), FileFormat::Parquet);
    for (table, file) in TABLES {
        let (_, section) = documentation.split_once(&format!("\n### {table}\n")).unwrap();
        let section = section.split("\n#").next().unwrap();
        let named: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        let schema = schema(&exported, file);
        let columns: Vec<&str> = schema.get_fields().iter().map(|field| field.name()).collect();
        assert_eq!(named, columns, "{table}");
    }
}

#[test]
fn every_kind_of_event_is_told_without_tokens() {
    let samples = samples();
    let exported = export_all(&log_of(&samples), FileFormat::Parquet);
    let events = rows(exported.dir.path(), "events");
    assert_eq!(events.len(), samples.len());
    let types: BTreeSet<&str> =
        events.iter().map(|row| row["event_type"].as_str().unwrap()).collect();
    assert!(types.len() >= 29, "{types:?}");
    let asked =
        events.iter().find(|row| row["event_type"] == "ecommerce.order.order.payment_requested.v1");
    assert_eq!(asked.unwrap()["data"]["PaymentRequested"]["token"], "***");
    let lines = export_all(&log_of(&samples), FileFormat::JsonLines);
    assert!(format!("{samples:?}").contains("tok_approve"), "there is a token to hide");
    for (name, bytes) in files(lines.dir.path()) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("tok_approve"), "{} has a token", name.display());
    }
}

#[test]
fn amounts_keep_four_places_and_their_sign() {
    use chimera_domain::ids::CustomerId;
    use chimera_domain::money::{Amount, Currency};
    use chimera_domain::order::{CreditReason, Event, Head, Sale, Status};
    let amounts = [i64::MIN, -10_001, -1, 0, 1, 19_9999, i64::MAX];
    let mut changes = Vec::new();
    for (index, amount) in amounts.into_iter().enumerate() {
        let customer_id = CustomerId::try_from("C1").unwrap();
        let head =
            Head { customer_id, placed_at: START, status: Status::Credited, confirmed: false };
        let amount = Amount::from_ten_thousandths(amount);
        let credit = Sale { currency: Currency::GBP, units: -1, amount };
        let event = Event::Credited { head, lines: vec![], reason: CreditReason::Return, credit };
        let mut recorded = history(&format!("C-{index}"), [event]).remove(0);
        recorded.meta.sequence = index as u64 + 1;
        changes.push(Change::Order(recorded));
    }
    let expected: Vec<Json> =
        amounts.map(|amount| json!(Amount::from_ten_thousandths(amount).to_string())).into();
    for files in [FileFormat::Parquet, FileFormat::JsonLines] {
        let exported = export_all(&log_of(&changes), files);
        let rows = rows(exported.dir.path(), "fact_orders");
        let read: Vec<Json> = rows.iter().map(|row| row["credit_amount"].clone()).collect();
        assert_eq!(read, expected);
        assert!(rows.iter().all(|row| row["total"].is_null() && row["sold_at"].is_null()));
    }
}

#[test]
fn both_kinds_of_files_say_the_same() {
    let log = log_of(&everything());
    let parquet = export_all(&log, FileFormat::Parquet);
    let lines = export_all(&log, FileFormat::JsonLines);
    for table in ["events", "fact_orders", "fact_inventory_adjustments", "dim_product", "dim_date"]
    {
        let (parquet, lines) = (rows(parquet.dir.path(), table), rows(lines.dir.path(), table));
        assert!(!parquet.is_empty(), "{table}");
        assert_eq!(parquet, lines, "{table}");
    }
}

#[test]
fn the_same_export_is_the_same_bytes() {
    let log = log_of(&everything());
    for kind in [FileFormat::Parquet, FileFormat::JsonLines] {
        let (first, second) = (export_all(&log, kind), export_all(&log, kind));
        assert_eq!(files(first.dir.path()), files(second.dir.path()));
    }
}

#[test]
fn a_shop_without_orders_has_every_file_and_no_rows() {
    let exported = export_all(&log_of(&[]), FileFormat::Parquet);
    assert_eq!(rows(exported.dir.path(), "fact_orders"), [] as [Json; 0]);
    assert_eq!(rows(exported.dir.path(), "dim_date"), [] as [Json; 0]);
    assert!(exported.parts.iter().all(|part| (part.position.first, part.position.last) == (1, 0)));
}

#[test]
fn an_event_that_cannot_be_decoded_is_named_and_the_others_are_there() {
    let changes = everything();
    let log = log_of(&changes);
    let event_type = "ecommerce.order.order.paid.v1".into();
    let (key, value) = ("O-x".into(), b"no event".to_vec());
    append(&log, "ecommerce.order.order", 0, Entry { key, event_type, traceparent: None, value });
    let exported = export_all(&log, FileFormat::Parquet);
    assert_eq!(rows(exported.dir.path(), "events").len(), changes.len());
    let named: Vec<_> = exported.parts.iter().flat_map(|part| &part.undecodable).collect();
    let [named] = &named[..] else { panic!("{named:?}") };
    let last =
        changes.iter().filter(|c| c.stream() == "ecommerce.order.order" && c.partition() == 0);
    assert_eq!(
        (&*named.stream, named.sequence),
        ("ecommerce.order.order", last.count() as u64 + 1)
    );
}

#[test]
fn calendar_days_cover_every_day_that_a_fact_names() {
    let exported = export_all(&log_of(&everything()), FileFormat::Parquet);
    let dir = exported.dir.path();
    let days: BTreeSet<i64> =
        rows(dir, "dim_date").iter().map(|row| row["date_key"].as_i64().unwrap()).collect();
    for (table, key) in [
        ("fact_orders", "placed_date_key"),
        ("fact_orders", "sold_date_key"),
        ("fact_orders", "credited_date_key"),
        ("fact_inventory_adjustments", "adjusted_date_key"),
    ] {
        for row in rows(dir, table).iter().filter(|row| !row[key].is_null()) {
            assert!(days.contains(&row[key].as_i64().unwrap()), "{table} {row}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn there_is_a_row_for_every_event_and_every_order(acts in acts()) {
        let changes = Shop::history(&acts);
        let exported = export_all(&log_of(&changes), FileFormat::JsonLines);
        let dir = exported.dir.path();
        prop_assert_eq!(rows(dir, "events").len(), changes.len());
        let keys = |stream: &str| -> BTreeSet<&str> {
            changes.iter().filter(|c| c.stream() == stream).map(|c| &**c.key()).collect()
        };
        let orders = rows(dir, "fact_orders");
        let ids: BTreeSet<&str> = orders.iter().map(|row| row["order_id"].as_str().unwrap()).collect();
        prop_assert_eq!(orders.len(), ids.len());
        prop_assert_eq!(ids, keys("ecommerce.order.order"));
        let adjusted = changes.iter().filter(|c| c.event_type() == "ecommerce.inventory.stock.adjusted.v1");
        prop_assert_eq!(rows(dir, "fact_inventory_adjustments").len(), adjusted.count());
        let products = rows(dir, "dim_product");
        let current = products.iter().filter(|row| row["is_current"] == true);
        prop_assert_eq!(current.count(), keys("ecommerce.product.product").len());
    }

    #[test]
    fn orders_come_to_what_the_read_model_says_of_each_day(acts in acts()) {
        let changes = Shop::history(&acts);
        let exported = export_all(&log_of(&changes), FileFormat::Parquet);
        let orders = rows(exported.dir.path(), "fact_orders");
        let of = |by: &str, what: &str| sums(&orders, by, what);
        let (sales, credits) = (of("sold_date_key", "sales_amount"), of("credited_date_key", "credit_amount"));
        prop_assert_eq!(&sales, &revenue(&changes, "sales"));
        prop_assert_eq!(&credits, &revenue(&changes, "credits"));
        prop_assert_eq!(plus(sales, credits), revenue(&changes, "net"));
        let units = plus(of("sold_date_key", "sold_units"), of("credited_date_key", "credited_units"));
        prop_assert_eq!(units, revenue(&changes, "units"));
    }

    #[test]
    fn versions_of_a_product_meet_and_have_the_prices_of_its_history(acts in acts()) {
        let changes = Shop::history(&acts);
        let exported = export_all(&log_of(&changes), FileFormat::JsonLines);
        let versions = rows(exported.dir.path(), "dim_product");
        for pair in versions.windows(2).filter(|pair| pair[0]["product_id"] == pair[1]["product_id"]) {
            prop_assert_eq!(&pair[0]["valid_to"], &pair[1]["valid_from"]);
            prop_assert!(pair[0]["valid_from"].as_str() < pair[0]["valid_to"].as_str());
        }
        let history = Tables::after(&product_price_history::MODEL, &changes);
        for row in history.rows(&product_price_history::PRODUCT_PRICE_HISTORY) {
            let (Value::Text(id), Value::Timestamp(from)) = (&row.key.0[0], &row.key.0[1]) else {
                panic!("{:?}", row.key)
            };
            let Value::Decimal(price) = &row["price"] else { panic!("{row:?}") };
            let version = versions.iter().find(|version| {
                version["product_id"] == **id && version["valid_from"] == from.to_string()
            });
            prop_assert_eq!(&version.unwrap()["price"], &json!(price.to_string()));
        }
    }

    #[test]
    fn windows_that_meet_hold_every_event_once(acts in acts(), minute in 0_i64..80_000) {
        let changes = Shop::history(&acts);
        let log = log_of(&changes);
        let cut = Some(Timestamp(START.0 + minute * MINUTE));
        let none = BTreeMap::new();
        let before = export(&log, FileFormat::JsonLines, Window { from: None, until: cut }, &none);
        let later = export(&log, FileFormat::JsonLines, Window { from: cut, until: None }, &none);
        let ends = before.parts.iter().map(|part| {
            let position = &part.position;
            (Partition::new(&position.stream, position.partition), position.last)
        });
        let resumed = export(&log, FileFormat::JsonLines, Window::default(), &ends.collect());
        let (before, later) = (before.dir.path(), later.dir.path());
        let whole = export_all(&log, FileFormat::JsonLines);
        let id = |rows: Vec<Json>| -> Vec<String> {
            rows.iter().map(|row| row["stream"].to_string() + &row["partition"].to_string() + &row["sequence"].to_string()).collect()
        };
        let mut both = id([rows(before, "events"), rows(later, "events")].concat());
        let mut all = id(rows(whole.dir.path(), "events"));
        both.sort();
        all.sort();
        prop_assert_eq!(both, all);
        // What changed later replaces what was there before: then it is the whole.
        for (table, key) in [("fact_orders", "order_id"), ("dim_product", "product_id")] {
            let later = rows(later, table);
            prop_assert_eq!(&later, &rows(resumed.dir.path(), table));
            let changed: BTreeSet<String> = later.iter().map(|row| row[key].to_string()).collect();
            let mut merged = rows(before, table);
            merged.retain(|row| !changed.contains(&row[key].to_string()));
            merged.extend(later);
            let mut whole = rows(whole.dir.path(), table);
            merged.sort_by_key(Json::to_string);
            whole.sort_by_key(Json::to_string);
            prop_assert_eq!(merged, whole);
        }
    }

    #[test]
    fn whatever_an_event_says_it_can_be_exported(
        meta in testing::meta(),
        key in testing::key(),
        order in testing::order_event(),
        product in testing::product_event(),
        stock in testing::stock_event(),
        payment in testing::payment_event(),
    ) {
        let (partition, key): (u32, std::sync::Arc<str>) = (0, key.into());
        let changes = [
            Change::Order(Recorded { partition, key: key.clone(), meta: meta.clone(), event: order }),
            Change::Product(Recorded { partition, key: key.clone(), meta: meta.clone(), event: product }),
            Change::Stock(Recorded { partition, key: key.clone(), meta: meta.clone(), event: stock }),
            Change::Payment(Recorded { partition, key, meta, event: payment }),
        ];
        let log = log_of(&changes);
        // The calendar would reach from the year 1 to 9999.
        let all = (Window::default(), &BTreeMap::new());
        let parquet = export_chosen(&log, FileFormat::Parquet, all, &Chosen::ALL[..4]);
        let lines = export_chosen(&log, FileFormat::JsonLines, all, &Chosen::ALL[..4]);
        for table in ["events", "fact_orders", "fact_inventory_adjustments", "dim_product"] {
            prop_assert_eq!(rows(parquet.dir.path(), table), rows(lines.dir.path(), table));
        }
    }
}
