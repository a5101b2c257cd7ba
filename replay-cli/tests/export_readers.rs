//! An export as DuckDB and Arrow read it comes to what the read model says of each day.
//!
//! Needs `CHIMERA_STACK=1`, python3 with venv, and a package index: the readers are installed under the target directory.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "these are tests")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chimera_domain::money::Amount;
use chimera_model::testing::Tables;
use chimera_model::{Change, Value, daily_revenue};
use serde_json::Value as Json;
use support::{data_with, history, replay_well};

/// Sales and credits by day and currency.
type Days = BTreeMap<(String, String), (Amount, Amount)>;

#[test]
fn duckdb_and_arrow_add_up_what_the_read_model_adds_up() {
    if std::env::var("CHIMERA_STACK").is_err() {
        eprintln!("left out: the readers of an export need CHIMERA_STACK=1 and a package index");
        return;
    }
    let changes = history();
    let data = data_with(&changes);
    let python = python();
    for files in ["parquet", "jsonl"] {
        let to = data.path().join(files);
        replay_well(data.path(), &format!("export --to {} --files {files}", to.display()));
        let read = run(&python, &["revenue.py", to.to_str().unwrap()]);
        let read: Json = serde_json::from_str(&read).unwrap();
        assert_eq!(days(&read), expected(&changes), "{files}");
        assert_eq!(read["rows"]["events"], changes.len(), "{files}");
        let priced = read["priced"].as_u64().unwrap();
        assert!(priced > 0, "{files}: an adjustment finds the price of its time");
    }
}

fn expected(changes: &[Change]) -> Days {
    let mut days = Days::new();
    let tables = Tables::after(&daily_revenue::MODEL, changes);
    for row in tables.rows(&daily_revenue::DAILY_REVENUE) {
        let (Value::Text(currency), Value::Text(date)) = (&row.key.0[0], &row.key.0[1]) else {
            panic!("{:?}", row.key)
        };
        let (Value::Decimal(sales), Value::Decimal(credits)) = (&row["sales"], &row["credits"])
        else {
            panic!("{row:?}")
        };
        let day = days.entry((date.clone(), currency.clone())).or_default();
        *day = (day.0.plus(*sales).unwrap(), day.1.plus(*credits).unwrap());
    }
    days
}

fn days(read: &Json) -> Days {
    let days = read["days"].as_array().unwrap().iter();
    days.map(|day| {
        let text = |index: usize| day[index].as_str().unwrap().to_owned();
        let amount = |index: usize| text(index).parse::<Amount>().unwrap();
        ((text(0), text(1)), (amount(2), amount(3)))
    })
    .collect()
}

/// A Python that has the readers.
fn python() -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("export-readers");
    let python = environment.join("bin/python");
    run(Path::new("python3"), &["-m", "venv", environment.to_str().unwrap()]);
    run(&python, &["-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"]);
    python
}

/// What a command says that must do its work.
fn run(program: &Path, arguments: &[&str]) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/export");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(examples).stdin(Stdio::null());
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    out.into_owned()
}
