//! How fast the last runs were, for the next plan: one small file in the data directory, `rates.json`.
//!
//! A hint and no truth: a file that is missing or cannot be read is as if nothing were known, and one that cannot be written
//! is said and left.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use chimera_config::Config;
use chimera_model::ReadModel;
use serde::{Deserialize, Serialize};

const FILE: &str = "rates.json";

/// What was measured, by read model.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rates(BTreeMap<String, Rate>);

/// How fast one read model was rebuilt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// In which stores, from which log: another place has another rate.
    place: String,
    /// Read or passed over.
    events: u64,
    seconds: f64,
}

impl Rates {
    /// What the runs in this data directory have left.
    pub(crate) fn of(config: &Config) -> Self {
        let text = fs::read_to_string(config.data_dir.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// How long so many events take; none where nothing was measured with these stores.
    pub(crate) fn seconds(&self, config: &Config, model: &ReadModel, events: u64) -> Option<f64> {
        let rate = self.0.get(model.name).filter(|rate| rate.place == place(config))?;
        Some(scaled(rate.seconds, events, rate.events))
    }
}

/// How long `events` take where `measured` took so many seconds; nothing is faster than what was measured of nothing.
#[expect(clippy::cast_precision_loss, reason = "a prediction; far below 2⁵³")]
pub(crate) fn scaled(seconds: f64, events: u64, measured: u64) -> f64 {
    if measured == 0 { seconds } else { seconds * events as f64 / measured as f64 }
}

/// Notes for each of these read models how many events took how many seconds. Others keep what they had.
pub(crate) fn keep<'a>(config: &Config, runs: impl Iterator<Item = (&'a str, u64, f64)>) {
    let mut rates = Rates::of(config);
    for (model, events, seconds) in runs {
        rates.0.insert(model.to_owned(), Rate { place: place(config), events, seconds });
    }
    if let Err(error) = write(&config.data_dir, &rates) {
        let _ = writeln!(
            io::stderr(),
            "note: {FILE} cannot be written, so `replay plan` does not learn from this run: {error}"
        );
    }
}

/// A reader sees the file before or after, never a part of it.
fn write(dir: &Path, rates: &Rates) -> io::Result<()> {
    let (next, file) = (dir.join(format!("{FILE}.next")), dir.join(FILE));
    fs::create_dir_all(dir)?;
    fs::write(&next, serde_json::to_vec_pretty(rates)?)?;
    fs::rename(next, file)
}

fn place(config: &Config) -> String {
    let stores = &config.stores;
    format!("{:?} {:?} {:?} {:?}", config.log.kind, stores.rows, stores.kv, stores.search)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use chimera_config::RowsKind;
    use chimera_model::{daily_revenue, order_details};

    use super::*;

    #[test]
    fn a_rate_is_kept_for_its_read_model_and_its_stores_and_damage_is_as_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: dir.path().to_owned(), ..Config::default() };
        assert_eq!(Rates::of(&config).seconds(&config, &order_details::MODEL, 10), None);
        keep(&config, [("order_details", 1_000, 2.0), ("daily_revenue", 0, 0.5)].into_iter());
        keep(&config, [("order_details", 1_000, 4.0)].into_iter());
        let seconds = |config: &Config, model| Rates::of(config).seconds(config, model, 500);
        assert_eq!(seconds(&config, &order_details::MODEL), Some(2.0));
        assert_eq!(seconds(&config, &daily_revenue::MODEL), Some(0.5));
        config.stores.rows = RowsKind::Cassandra;
        assert_eq!(seconds(&config, &order_details::MODEL), None);
        fs::write(dir.path().join(FILE), b"{ \"order").unwrap();
        config.stores.rows = RowsKind::Embedded;
        assert_eq!(seconds(&config, &order_details::MODEL), None);
    }
}
