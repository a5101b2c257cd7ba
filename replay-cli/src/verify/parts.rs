//! Which stores of a view are compared with one rebuild, and up to where.

use chimera_log::Partition;
use chimera_model::ReadModel;
use chimera_stores::View;
use chimera_stores::checksum::Content;
use chimera_worker::Stores;

use crate::data::{Applied, Positions};

/// What can be compared with one rebuild: the stores of a model that stand at the same positions.
pub(super) struct Part {
    /// Which generation of the scratch stores it is rebuilt into.
    pub(super) scratch: u32,
    pub(super) held: Held,
    pub(super) upto: Positions,
}

/// Which of the stores.
#[derive(Clone, Copy, Default)]
pub(super) struct Held {
    pub(super) rows: bool,
    pub(super) kv: bool,
    pub(super) search: bool,
}

impl Held {
    /// All that a model uses.
    pub(super) fn all(model: &ReadModel) -> Self {
        Self {
            rows: !model.tables.is_empty(),
            kv: !model.spaces.is_empty(),
            search: !model.indices.is_empty(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows || other.rows,
            kv: self.kv || other.kv,
            search: self.search || other.search,
        }
    }

    /// How far all of these stores have applied each of the partitions.
    pub(super) fn least(self, applied: &Applied, partitions: &Positions) -> Positions {
        let mut least = Positions::new();
        for partition in partitions.keys() {
            let each = [
                (self.rows, &applied.rows),
                (self.kv, &applied.kv),
                (self.search, &applied.search),
            ];
            let held = each.into_iter().filter(|(held, _)| *held);
            let of = |positions: &Option<Positions>| at(positions.as_ref(), partition);
            let sequence = held.map(|(_, positions)| of(positions)).min().unwrap_or(0);
            least.insert(partition.clone(), sequence);
        }
        least
    }
}

fn at(positions: Option<&Positions>, partition: &Partition) -> u64 {
    positions.and_then(|positions| positions.get(partition)).copied().unwrap_or(0)
}

/// After a crash, and while events flow in, the stores of a model may stand at different positions; those that stand alike share
/// a rebuild.
pub(super) fn parts(model: &ReadModel, applied: &Applied) -> Vec<Part> {
    let all = Held::all(model);
    let each = [
        (Held { rows: all.rows, ..Held::default() }, &applied.rows),
        (Held { kv: all.kv, ..Held::default() }, &applied.kv),
        (Held { search: all.search, ..Held::default() }, &applied.search),
    ];
    let mut parts: Vec<Part> = Vec::new();
    for (scratch, (held, upto)) in (1..).zip(each) {
        let Some(upto) = upto.clone().filter(|_| held.rows || held.kv || held.search) else {
            continue;
        };
        match parts.iter_mut().find(|part| part.upto == upto) {
            Some(part) => part.held = part.held.and(held),
            None => parts.push(Part { scratch, held, upto }),
        }
    }
    parts
}

/// What a view holds in these stores, in the order of its model.
pub(super) fn contents<'a>(
    stores: &'a Stores,
    model: &ReadModel,
    view: View,
    held: Held,
) -> Vec<Content<'a>> {
    let mut contents = Vec::new();
    if held.rows {
        let of = |table: &&'static _| Content::Rows { store: &*stores.rows, view, table };
        contents.extend(model.tables.iter().map(of));
    }
    if held.kv {
        let of = |space: &&'static _| Content::Kv { store: &*stores.kv, view, space };
        contents.extend(model.spaces.iter().map(of));
    }
    if held.search {
        let of = |spec: &&'static _| Content::Search { store: &*stores.search, view, spec };
        contents.extend(model.indices.iter().map(of));
    }
    contents
}

/// Every partition that the log has, 0 where nothing was applied; what lies beyond its end can't be read from it.
pub(super) fn within(upto: &Positions, ends: &Positions) -> Positions {
    let mut positions = Positions::new();
    for (partition, end) in ends {
        positions.insert(partition.clone(), at(Some(upto), partition).min(*end));
    }
    positions
}

/// Whether no position lies beyond these ends.
pub(super) fn is_within(applied: &Applied, ends: &Positions) -> bool {
    let mut each = applied.each().flatten();
    each.all(|(partition, sequence)| *sequence <= ends.get(partition).copied().unwrap_or(0))
}
