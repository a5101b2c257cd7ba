//! What is made of the events of a stream: for each stream its tables, fed one event after the other.

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::recorded::Recorded;
use chimera_domain::{order, payment, product, stock};
use chimera_log::Partition;

use crate::dim_product::ProductLife;
use crate::events::Events;
use crate::fact_inventory_adjustments::Adjustments;
use crate::fact_orders::OrderLife;
use crate::lives::{Life, Lives};
use crate::part::Export;
use crate::table::Table;
use crate::table_file::{Ended, TableFile};
use crate::{Chosen, ExportError};

/// Takes the events of a partition in their order and writes the rows of one table.
pub(crate) trait Sink<E>: Send {
    /// An event; `wanted` if it lies in the window and not before it.
    fn event(&mut self, recorded: &Recorded<E>, wanted: bool) -> Result<(), ExportError>;

    /// Nothing follows of this aggregate.
    fn last_of(&mut self, _key: &str) -> Result<(), ExportError> {
        Ok(())
    }

    /// Nothing follows at all.
    fn end(self: Box<Self>) -> Result<Ended, ExportError>;
}

/// An event of a stream that can be exported.
pub trait Exported: DomainEvent {
    /// What is made of the events of `partition`.
    ///
    /// # Errors
    /// If a file cannot be created.
    #[doc(hidden)]
    fn sinks(export: &Export, partition: &Partition) -> Result<Sinks<Self>, ExportError>;
}

/// What is made of the events of one partition.
pub struct Sinks<E> {
    pub(crate) all: Vec<Box<dyn Sink<E>>>,
    /// Whether a table is folded from whole lives, so that the past is read too.
    pub(crate) need_past: bool,
}

impl<E: DomainEvent> Sinks<E> {
    /// The events themselves, if they are wanted.
    fn events(export: &Export, partition: &Partition) -> Result<Self, ExportError> {
        let mut sinks = Self { all: vec![], need_past: false };
        if export.wants(Chosen::Events) {
            let part = format!("{}/{}", partition.stream, part_name(partition));
            let file = TableFile::create(&export.dir, export.files, &crate::events::TABLE, &part)?;
            sinks.all.push(Box::new(Events::new(partition, file)));
        }
        Ok(sinks)
    }

    fn and_lives<L: Life<Event = E> + 'static>(
        mut self,
        export: &Export,
        partition: &Partition,
    ) -> Result<Self, ExportError> {
        let file = file(export, L::TABLE, partition)?;
        self.all.push(Box::new(Lives::<L>::new(file)));
        self.need_past = true;
        Ok(self)
    }
}

fn file(
    export: &Export,
    table: &'static Table,
    partition: &Partition,
) -> Result<TableFile, ExportError> {
    TableFile::create(&export.dir, export.files, table, &part_name(partition))
}

fn part_name(partition: &Partition) -> String {
    format!("part-{:04}", partition.index)
}

impl Exported for product::Event {
    fn sinks(export: &Export, partition: &Partition) -> Result<Sinks<Self>, ExportError> {
        let sinks = Sinks::events(export, partition)?;
        if !export.wants(Chosen::DimProduct) {
            return Ok(sinks);
        }
        sinks.and_lives::<ProductLife>(export, partition)
    }
}

impl Exported for stock::Event {
    fn sinks(export: &Export, partition: &Partition) -> Result<Sinks<Self>, ExportError> {
        let mut sinks = Sinks::events(export, partition)?;
        if export.wants(Chosen::FactInventoryAdjustments) {
            let file = file(export, &crate::fact_inventory_adjustments::TABLE, partition)?;
            sinks.all.push(Box::new(Adjustments::new(file)));
        }
        Ok(sinks)
    }
}

impl Exported for order::Event {
    fn sinks(export: &Export, partition: &Partition) -> Result<Sinks<Self>, ExportError> {
        let sinks = Sinks::events(export, partition)?;
        if !export.wants(Chosen::FactOrders) {
            return Ok(sinks);
        }
        sinks.and_lives::<OrderLife>(export, partition)
    }
}

impl Exported for payment::Event {
    fn sinks(export: &Export, partition: &Partition) -> Result<Sinks<Self>, ExportError> {
        Sinks::events(export, partition)
    }
}
