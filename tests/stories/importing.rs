//! Importing another shop's file: every row accounted for, once; and files that are not in order refused whole.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::history::History;
use crate::program::{Said, identical, replay, run, run_with};
use crate::retail;

/// Everything here imports the same file.
fn sample() -> String {
    retail::file(1, 420)
}

fn written(directory: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn import(data: &Path, file: &Path, more: &[&str]) -> Said {
    let mut arguments = arguments(file.to_str().unwrap());
    arguments.extend(more);
    run(data, &arguments)
}

fn arguments(file: &str) -> Vec<&str> {
    vec!["import", "online-retail", file, "--format", "json", "--partitions", "2"]
}

#[test]
fn every_row_ends_in_a_bucket_and_the_books_balance() {
    let room = tempfile::tempdir().unwrap();
    let (data, sample) = (room.path().join("data"), sample());
    let file = written(room.path(), "retail.csv", &sample);
    let report = import(&data, &file, &[]).json();
    assert_eq!(report["reconciled"], true, "{report:#}");
    assert_eq!(report["netSales"], report["dailyRevenue"]);
    let mut rows = 0;
    for bucket in ["orderLines", "creditLines", "adjustments", "refused"] {
        let count = report["buckets"][bucket]["rows"].as_u64().unwrap();
        assert!(count > 0, "{bucket}: {report:#}");
        rows += count;
    }
    assert_eq!(rows, retail::rows(&sample) as u64);
    assert_eq!(report["rows"]["rows"], rows);
    assert_eq!(
        report["refused"].as_array().unwrap().len() as u64,
        report["buckets"]["refused"]["rows"]
    );
    identical(&data);

    let again = import(&data, &file, &[]).json();
    assert_eq!(again["events"], 0);
    assert_eq!(but_for_the_run(again), but_for_the_run(report.clone()));

    let history = History::of(&data);
    assert_eq!(history.events, report["events"].as_u64().unwrap());
    let papers = report["orders"].as_u64().unwrap() + report["creditNotes"].as_u64().unwrap();
    assert_eq!(history.orders.len() as u64, papers);
    assert_eq!(history.products.len() as u64, report["products"]);
}

#[test]
fn a_part_of_the_file_and_then_the_whole_is_the_whole() {
    let room = tempfile::tempdir().unwrap();
    let (at_once, in_parts) = (room.path().join("at-once"), room.path().join("in-parts"));
    let file = written(room.path(), "retail.csv", sample());
    let whole = import(&at_once, &file, &[]).json();

    let part = import(&in_parts, &file, &["--invoices", "150"]).json();
    assert_eq!(part["reconciled"], true, "{part:#}");
    assert!(part["rows"]["rows"].as_u64() < whole["rows"]["rows"].as_u64());
    let rest = import(&in_parts, &file, &[]).json();
    assert_eq!(
        part["events"].as_u64().unwrap() + rest["events"].as_u64().unwrap(),
        whole["events"].as_u64().unwrap()
    );
    assert_eq!(but_for_the_run(rest), but_for_the_run(whole));
    History::of(&in_parts).must_be(&History::of(&at_once));
}

#[test]
fn a_file_is_the_same_packed_or_from_standard_input() {
    let room = tempfile::tempdir().unwrap();
    let (data, sample) = (room.path().join("data"), retail::file(2, 60));
    let packed = zstd::encode_all(sample.as_bytes(), 3).unwrap();
    let packed = written(room.path(), "retail.csv.zst", packed);
    let report = import(&data, &packed, &[]).json();
    assert!(report["events"].as_u64().unwrap() > 0);
    assert_eq!(report["reconciled"], true, "{report:#}");
    let piped = run_with(&data, &arguments("-"), sample.as_bytes()).json();
    assert_eq!(piped["events"], 0, "it is the same file");
    assert_eq!(but_for_the_run(piped), but_for_the_run(report));
}

#[test]
fn a_file_that_is_not_in_order_is_refused_by_line_and_field_and_nothing_is_appended() {
    let room = tempfile::tempdir().unwrap();
    let data = room.path().join("data");
    let good = retail::file(3, 20);
    import(&data, &written(room.path(), "good.csv", &good), &[]).ended_with(0);
    let events = History::of(&data).events;

    let last = retail::rows(&good) + 2;
    let row = |row: &str| format!("{good}{row}\n").into_bytes();
    let latin = [good.as_bytes(), b"1,A,x,1,2011-01-01 10:00:00,1,7,R\xe9union\n"].concat();
    let packed = zstd::encode_all(good.as_bytes(), 3).unwrap();
    let cases = [
        ("header.csv", b"a,b,c\n".to_vec(), "line 1, header".to_owned()),
        ("empty.csv", Vec::new(), "line 1, header".to_owned()),
        ("six.csv", row("1,A,x,six,2011-01-01 10:00:00,1,7,F"), format!("line {last}, Quantity")),
        ("date.csv", row("1,A,x,6,2011-13-01 10:00:00,1,7,F"), format!("line {last}, InvoiceDate")),
        (
            "price.csv",
            row("1,A,x,6,2011-01-01 10:00:00,1.00001,7,F"),
            format!("line {last}, UnitPrice"),
        ),
        ("number.csv", row(",A,x,6,2011-01-01 10:00:00,1,7,F"), format!("line {last}, InvoiceNo")),
        ("code.csv", row("1,,x,6,2011-01-01 10:00:00,1,7,F"), format!("line {last}, StockCode")),
        ("cut.csv", row("1,A,x,6"), format!("line {last}, line")),
        ("latin.csv", latin, format!("line {last}, Country")),
        ("cut.csv.zst", packed[..packed.len() - 9].to_vec(), "cut short".to_owned()),
    ];
    for (name, content, expected) in cases {
        let file = written(room.path(), name, content);
        import(&data, &file, &[]).ended_with(1).and_said(name).and_said(&expected);
    }
    import(&data, &room.path().join("nowhere.csv"), &[]).ended_with(1).and_said("nowhere.csv");
    assert_eq!(History::of(&data).events, events, "something was appended");

    let untouched = room.path().join("untouched");
    import(&untouched, &room.path().join("six.csv"), &[]).ended_with(1);
    assert!(!untouched.join("log").exists(), "a shop was opened for a file that was refused");
    replay(&untouched, &["status"]).ended_with(64);
}

/// A report without what belongs to the run alone.
fn but_for_the_run(mut report: Value) -> Value {
    for own in ["events", "millis"] {
        report.as_object_mut().unwrap().remove(own);
    }
    report
}
