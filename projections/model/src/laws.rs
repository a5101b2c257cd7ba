//! The laws that every read model keeps, over histories that the rules make.

use std::collections::BTreeSet;

use chimera_domain::aggregate::DomainEvent;
use chimera_domain::{order, payment, product, stock};
use proptest::prelude::*;

use crate::testing::{Act, PARTITIONS, Shop, Tables};
use crate::{ALL, Change, Mutation, Projection, ReadModel, RowMutation, SearchMutation};

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(any::<Act>(), 1..150)
}

/// One change at a time from a partition chosen by `choices`, each partition in its own order; now and then a partition
/// starts again from an earlier position, as a worker does after a crash.
fn interleaved(history: &[Change], choices: &[(u8, bool)]) -> Vec<Change> {
    let mut partitions: Vec<Vec<&Change>> = vec![];
    for stream in 0..4 {
        for partition in 0..PARTITIONS {
            let of = |change: &&Change| {
                stream_number(change) == stream && change.partition() == partition
            };
            partitions.push(history.iter().filter(of).collect());
        }
    }
    let mut positions = vec![0; partitions.len()];
    let mut read = vec![];
    for (choice, again) in choices {
        let at = usize::from(*choice) % partitions.len();
        if *again {
            positions[at] /= 2;
        }
        if let Some(change) = partitions[at].get(positions[at]) {
            read.push((*change).clone());
            positions[at] += 1;
        }
    }
    for (partition, position) in partitions.iter().zip(positions) {
        read.extend(partition[position..].iter().map(|change| (*change).clone()));
    }
    read
}

fn stream_number(change: &Change) -> u32 {
    match change {
        Change::Product(_) => 0,
        Change::Stock(_) => 1,
        Change::Order(_) => 2,
        Change::Payment(_) => 3,
    }
}

fn mutations(model: &ReadModel, change: &Change) -> Vec<Mutation> {
    match model.projection {
        Projection::Project(project) => project(change),
        Projection::Fold { table, fold, .. } => {
            let row = fold(None, change);
            row.map(|row| Mutation::Row(RowMutation::replacing(table, row))).into_iter().collect()
        }
    }
}

proptest! {
    #[test]
    fn any_interleaving_with_any_repetition_gives_the_same_rows(
        acts in acts(),
        choices in prop::collection::vec((any::<u8>(), prop::bool::weighted(0.05)), 0..300),
    ) {
        let history = Shop::history(&acts);
        let otherwise = interleaved(&history, &choices);
        for model in ALL {
            prop_assert_eq!(
                Tables::after(model, &history),
                Tables::after(model, &otherwise),
                "{}", model.name
            );
        }
    }

    #[test]
    fn what_is_absolute_may_even_come_in_any_order(
        (history, shuffled) in acts().prop_map(|acts| Shop::history(&acts)).prop_flat_map(|history| {
            (Just(history.clone()), Just(history).prop_shuffle())
        }),
    ) {
        for model in ALL {
            if matches!(model.projection, Projection::Project(_)) {
                let (in_order, in_any) =
                    (Tables::after(model, &history), Tables::after(model, &shuffled));
                prop_assert_eq!(in_order, in_any, "{}", model.name);
            }
        }
    }

    #[test]
    fn what_a_model_does_not_read_changes_nothing_in_it(acts in acts()) {
        for change in Shop::history(&acts) {
            for model in ALL {
                let read = model.reads(change.event_type().as_bytes());
                prop_assert!(
                    read || mutations(model, &change).is_empty(),
                    "{} skips {}", model.name, change.event_type()
                );
            }
        }
    }

    #[test]
    fn every_mutation_fits_its_spec(acts in acts()) {
        for change in Shop::history(&acts) {
            for model in ALL {
                for mutation in mutations(model, &change) {
                    prop_assert!(fits(model, &mutation), "{} {mutation:?}", model.name);
                }
            }
        }
    }
}

fn fits(model: &ReadModel, mutation: &Mutation) -> bool {
    match mutation {
        Mutation::Row(RowMutation::Upsert { table, key, cells, .. }) => {
            let known = |name: &str| table.columns.iter().any(|column| column.name == name);
            let names: BTreeSet<_> = cells.iter().map(|(name, _)| name).collect();
            model.tables.contains(table)
                && key.0.len() == table.partition_key.len() + table.clustering.len()
                && names.len() == cells.len()
                && cells.iter().all(|(name, _)| known(name))
        }
        Mutation::Row(RowMutation::Delete { table, .. }) => model.tables.contains(table),
        Mutation::Kv(part) => {
            let json = part.value.as_deref().is_none_or(|text| {
                serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json.is_object())
            });
            model.spaces.contains(&part.space) && part.space.parts.contains(&part.part) && json
        }
        Mutation::Search(change) => model.indices.contains(&change.spec) && document_fits(change),
    }
}

fn document_fits(change: &SearchMutation) -> bool {
    let Some(part) = change.spec.part(change.part) else { return false };
    let fields: Vec<_> = change.fields.iter().flatten().map(|(name, _)| *name).collect();
    let names: BTreeSet<_> = fields.iter().collect();
    names.len() == fields.len()
        && fields.iter().all(|name| part.fields.iter().any(|field| field.name == *name))
}

#[test]
fn fields_of_an_index_are_unique_and_its_language_is_one_of_them() {
    for spec in ALL.iter().flat_map(|model| model.indices) {
        let mut names = BTreeSet::new();
        for field in spec.parts.iter().flat_map(|part| part.fields) {
            assert!(names.insert(field.name), "{} has {} twice", spec.index, field.name);
        }
        assert!(spec.language.is_none_or(|language| names.contains(language)), "{}", spec.index);
    }
}

#[test]
fn names_are_unique_and_event_types_are_known() {
    let types =
        [product::Event::TYPES, stock::Event::TYPES, order::Event::TYPES, payment::Event::TYPES]
            .concat();
    let (mut models, mut tables, mut spaces) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut indices = BTreeSet::new();
    for model in ALL {
        assert!(models.insert(model.name), "{}", model.name);
        assert!(model.tables.iter().all(|table| tables.insert(table.name)), "{}", model.name);
        assert!(model.spaces.iter().all(|space| spaces.insert(space.space)), "{}", model.name);
        assert!(model.indices.iter().all(|spec| indices.insert(spec.index)), "{}", model.name);
        for event_type in model.event_types {
            assert!(types.contains(event_type), "{} reads {event_type}", model.name);
        }
    }
}

#[test]
fn a_model_names_each_of_its_streams_once() {
    let streams = crate::order_details::MODEL.streams();
    assert_eq!(streams, ["ecommerce.order.order", "ecommerce.payment.payment"]);
}
