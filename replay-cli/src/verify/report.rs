//! What a verification found, as programs and people read it.

use std::collections::BTreeMap;

use chimera_stores::checksum::{Difference, DifferingKey, Found, Range};
use serde::Serialize;

use crate::log_check::LogReport;

/// What was found.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// `identical`, or `different` if any read model differs or anything is damaged.
    pub verdict: &'static str,
    /// Whether the log itself is sound.
    pub log: LogReport,
    /// One entry for each read model.
    pub models: Vec<ModelReport>,
}

impl VerifyReport {
    pub(super) fn new(log: LogReport, models: Vec<ModelReport>) -> Self {
        let identical =
            log.faults.is_empty() && models.iter().all(|model| model.verdict == IDENTICAL);
        Self { verdict: verdict(identical), log, models }
    }
}

const IDENTICAL: &str = "identical";

fn verdict(identical: bool) -> &'static str {
    if identical { IDENTICAL } else { "different" }
}

/// What was found in one read model.
#[derive(Debug, Serialize)]
pub struct ModelReport {
    /// Its name.
    pub name: &'static str,
    /// `identical` or `different`.
    pub verdict: &'static str,
    /// Which generation was examined: the live one, unless another one was asked for.
    pub generation: Option<u32>,
    /// With which generation it was compared; none where with what the log gives.
    pub against: Option<u32>,
    /// How many events of the log the live one has not applied yet; they were left out of the comparison.
    pub lag: u64,
    /// How many events wait among the dead letters; they were left out of the comparison.
    pub parked_events: u64,
    /// What kept it from being compared, or is wrong besides its content.
    pub problems: Vec<String>,
    /// One entry for each table and each key-value space.
    pub tables: Vec<TableReport>,
}

impl ModelReport {
    pub(super) fn new(name: &'static str, generation: Option<u32>, against: Option<u32>) -> Self {
        let (problems, tables) = (Vec::new(), Vec::new());
        Self {
            name,
            verdict: IDENTICAL,
            generation,
            against,
            lag: 0,
            parked_events: 0,
            problems,
            tables,
        }
    }

    pub(super) fn judge(&mut self) {
        self.verdict = verdict(!self.differs() && self.problems.is_empty());
    }

    /// Whether one of its tables does.
    pub(super) fn differs(&self) -> bool {
        self.tables.iter().any(|table| table.verdict != IDENTICAL)
    }
}

/// What was found in one table or key-value space.
#[derive(Debug, Serialize)]
pub struct TableReport {
    /// Its name.
    pub name: &'static str,
    /// `identical` or `different`.
    pub verdict: &'static str,
    /// How many rows the generation has that was examined.
    pub rows: u64,
    /// The checksum of all its content.
    pub checksum: String,
    /// How many rows the log gives, or the other generation has.
    pub rebuilt_rows: u64,
    /// The checksum of all that content.
    pub rebuilt_checksum: String,
    /// How many keys were written meanwhile; each was found to be what the log says, and is left out of the sums as newer.
    pub in_flight: u64,
    /// Count and checksum of each key range.
    pub ranges: Vec<RangeReport>,
    /// The keys that differ, as many as were asked for.
    pub differing: Vec<Differing>,
    /// Whether more differ than are named.
    pub more: bool,
    /// Damage whose keys could not be told.
    pub damage: Vec<String>,
}

/// The keys whose hash (xxh3, 64 bits) modulo 4096 is `first` or one of the 63 numbers after it.
#[derive(Debug, Serialize)]
pub struct RangeReport {
    /// The lowest remainder.
    pub first: usize,
    /// `identical` or `different`.
    pub verdict: &'static str,
    /// As of the table.
    pub rows: u64,
    /// As of the table.
    pub checksum: String,
    /// As of the table.
    pub rebuilt_rows: u64,
    /// As of the table.
    pub rebuilt_checksum: String,
}

impl RangeReport {
    fn of((examined, rebuilt): (Range, Range)) -> Self {
        Self {
            first: examined.first,
            verdict: verdict(examined == rebuilt),
            rows: examined.rows,
            checksum: hex(examined.checksum),
            rebuilt_rows: rebuilt.rows,
            rebuilt_checksum: hex(rebuilt.checksum),
        }
    }
}

/// One key that differs.
#[derive(Debug, Serialize)]
pub struct Differing {
    /// The key's values, separated by strokes.
    pub key: String,
    /// `changed`, `missing`, `extra` or `damaged`.
    pub found: &'static str,
    /// The fields that differ.
    pub fields: Vec<String>,
    /// What the examined generation holds in these fields.
    pub live: BTreeMap<String, Option<String>>,
    /// What the log gives in these fields, or the other generation holds.
    pub rebuilt: BTreeMap<String, Option<String>>,
    /// Of what is damaged: what was expected and what was found.
    pub reason: Option<String>,
}

impl From<Difference> for TableReport {
    fn from(difference: Difference) -> Self {
        let ranges = difference.live.ranges().into_iter().zip(difference.rebuilt.ranges());
        let unnamed = difference.live.damages.iter().filter(|damage| damage.key.is_none());
        Self {
            name: difference.table,
            verdict: verdict(difference.is_identical()),
            rows: difference.live.rows(),
            checksum: hex(difference.live.checksum()),
            rebuilt_rows: difference.rebuilt.rows(),
            rebuilt_checksum: hex(difference.rebuilt.checksum()),
            in_flight: difference.in_flight,
            ranges: ranges.map(RangeReport::of).collect(),
            damage: unnamed.map(|damage| damage.reason.clone()).collect(),
            more: difference.more,
            differing: difference.keys.into_iter().map(Differing::from).collect(),
        }
    }
}

fn hex(checksum: u128) -> String {
    format!("{checksum:032x}")
}

impl From<DifferingKey> for Differing {
    fn from(differing: DifferingKey) -> Self {
        let mut named = Self {
            key: differing.key,
            found: "changed",
            fields: Vec::new(),
            live: BTreeMap::new(),
            rebuilt: BTreeMap::new(),
            reason: None,
        };
        match differing.found {
            Found::Damaged(reason) => {
                named.found = "damaged";
                named.reason = Some(reason);
            }
            Found::Missing => named.found = "missing",
            Found::Extra => named.found = "extra",
            Found::Fields(fields) => {
                for differs in fields {
                    named.fields.push(differs.field.clone());
                    named.live.insert(differs.field.clone(), differs.live);
                    named.rebuilt.insert(differs.field, differs.rebuilt);
                }
            }
        }
        named
    }
}
