//! `dim_product`: a row a version of a product, with the interval in which it was so (a slowly changing dimension of type 2).
//!
//! An event holds from its moment on, for all versions from there, in the order of the log: a price that was dated back, or a
//! correction that came late, splits the version it falls into. So intervals meet without gaps, and the last one is what the
//! rules say of the product now.

use std::sync::Arc;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::product::{Event, Listing, Product};
use chimera_domain::recorded::Recorded;
use chimera_domain::time::Timestamp;

use crate::lives::Life;
use crate::table::{Cell, Column, Kind, Row, Table};

pub(crate) static TABLE: Table = Table {
    name: "dim_product",
    columns: &[
        Column::new("product_id", Kind::Text),
        Column::new("valid_from", Kind::Moment),
        Column::nullable("valid_to", Kind::Moment),
        Column::new("is_current", Kind::Flag),
        Column::new("title", Kind::Text),
        Column::new("authors", Kind::Texts),
        Column::nullable("publisher", Kind::Text),
        Column::nullable("isbn", Kind::Text),
        Column::new("categories", Kind::Texts),
        Column::new("format", Kind::Text),
        Column::nullable("language", Kind::Text),
        Column::nullable("seller", Kind::Text),
        Column::new("price", Kind::Amount),
        Column::new("currency", Kind::Text),
        Column::new("stock_tracked", Kind::Flag),
        Column::new("discontinued", Kind::Flag),
        Column::new("version", Kind::Integer),
        Column::new("source_partition", Kind::Integer),
        Column::new("source_sequence", Kind::Integer),
    ],
};

/// The versions of a product, oldest first; each holds until the next begins.
pub(crate) struct ProductLife {
    versions: Vec<Version>,
    partition: u32,
}

#[derive(Clone)]
struct Version {
    from: Timestamp,
    product: Product,
    /// The newest event in it.
    newest: u64,
    sequence: u64,
}

impl Life for ProductLife {
    type Event = Event;

    const TABLE: &'static Table = &TABLE;

    fn begin(recorded: &Recorded<Event>) -> Option<Self> {
        let Event::Created { price_valid_from, .. } = &recorded.event else { return None };
        let mut product = Product::default();
        product.evolve(&recorded.event);
        let meta = &recorded.meta;
        let (newest, sequence) = (meta.aggregate_version, meta.sequence);
        let first = Version { from: *price_valid_from, product, newest, sequence };
        Some(Self { versions: vec![first], partition: recorded.partition })
    }

    fn go_on(&mut self, recorded: &Recorded<Event>) {
        let from = self.split(begins(recorded));
        for version in self.versions.iter_mut().skip(from) {
            version.product.evolve(&recorded.event);
            version.newest = recorded.meta.aggregate_version;
            version.sequence = recorded.meta.sequence;
        }
    }

    fn rows(self, key: &Arc<str>) -> Vec<Row> {
        let ends = self.versions.iter().skip(1).map(|next| Some(next.from)).chain([None]);
        let versions = self.versions.iter().zip(ends);
        versions.filter_map(|(version, to)| version.row(key, to, self.partition)).collect()
    }
}

/// From when on an event holds.
fn begins(recorded: &Recorded<Event>) -> Timestamp {
    match &recorded.event {
        Event::PriceChanged { valid_from, .. } => *valid_from,
        Event::Created { price_valid_from, .. } => *price_valid_from,
        Event::Updated { .. } | Event::Discontinued { .. } | Event::Relisted {} => {
            recorded.meta.occurred_at
        }
    }
}

impl ProductLife {
    /// Makes a version begin at `at`, or at the beginning of the first, and says which one.
    fn split(&mut self, at: Timestamp) -> usize {
        let later = self.versions.partition_point(|version| version.from < at);
        let begins_there = self.versions.get(later).is_some_and(|version| version.from == at);
        if later > 0
            && !begins_there
            && let Some(before) = self.versions.get(later - 1)
        {
            let version = Version { from: at, ..before.clone() };
            self.versions.insert(later, version);
        }
        later
    }
}

impl Version {
    fn row(&self, key: &Arc<str>, to: Option<Timestamp>, partition: u32) -> Option<Row> {
        let Listing { details, price, stock_tracked, discontinued, .. } =
            self.product.0.as_ref()?;
        Some(vec![
            key.into(),
            self.from.into(),
            Cell::maybe(to),
            to.is_none().into(),
            (&*details.title).into(),
            Cell::Texts(details.authors.clone()),
            Cell::maybe(details.publisher.clone()),
            Cell::maybe(details.isbn.clone()),
            Cell::Texts(details.categories.clone()),
            Cell::word(&details.format),
            Cell::maybe(details.language.clone()),
            Cell::maybe(details.seller.clone()),
            price.amount.into(),
            price.currency.as_str().into(),
            (*stock_tracked).into(),
            (*discontinued).into(),
            self.newest.into(),
            partition.into(),
            self.sequence.into(),
        ])
    }
}

#[cfg(test)]
mod tests;
