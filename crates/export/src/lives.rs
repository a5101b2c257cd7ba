//! Rows that are folded from the whole life of an aggregate, each written as soon as nothing follows of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::recorded::Recorded;

use crate::ExportError;
use crate::sink::Sink;
use crate::table::{Row, Table};
use crate::table_file::{Ended, TableFile};

/// What is known of one aggregate.
pub(crate) trait Life: Sized + Send {
    type Event: DomainEvent;

    const TABLE: &'static Table;

    /// The life that begins with this event, if one does.
    fn begin(recorded: &Recorded<Self::Event>) -> Option<Self>;

    /// What a later event adds.
    fn go_on(&mut self, recorded: &Recorded<Self::Event>);

    /// Its rows.
    fn rows(self, key: &Arc<str>) -> Vec<Row>;
}

/// The aggregates of a partition that something may still happen to.
pub(crate) struct Lives<L> {
    open: HashMap<Arc<str>, Open<L>>,
    file: TableFile,
}

struct Open<L> {
    life: L,
    /// Whether anything has happened to it in the window.
    wanted: bool,
}

impl<L: Life> Lives<L> {
    pub(crate) fn new(file: TableFile) -> Self {
        Self { open: HashMap::new(), file }
    }
}

impl<L: Life> Lives<L> {
    fn write(&mut self, key: &Arc<str>, open: Open<L>) -> Result<(), ExportError> {
        if open.wanted {
            for row in open.life.rows(key) {
                self.file.row(row)?;
            }
        }
        Ok(())
    }
}

impl<L: Life> Sink<L::Event> for Lives<L> {
    fn event(&mut self, recorded: &Recorded<L::Event>, wanted: bool) -> Result<(), ExportError> {
        if let Some(open) = self.open.get_mut(&recorded.key) {
            open.life.go_on(recorded);
            open.wanted |= wanted;
        } else if let Some(life) = L::begin(recorded) {
            self.open.insert(recorded.key.clone(), Open { life, wanted });
        }
        Ok(())
    }

    fn last_of(&mut self, key: &str) -> Result<(), ExportError> {
        match self.open.remove_entry(key) {
            Some((key, open)) => self.write(&key, open),
            None => Ok(()),
        }
    }

    fn end(mut self: Box<Self>) -> Result<Ended, ExportError> {
        // In the order of their keys, so that the same export is the same bytes.
        let left: BTreeMap<Arc<str>, Open<L>> = self.open.drain().collect();
        for (key, open) in left {
            self.write(&key, open)?;
        }
        self.file.end()
    }
}
