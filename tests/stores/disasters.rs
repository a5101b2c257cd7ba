//! Disasters in the real stores: each is found by `replay verify` to the key, and healed by the commands of docs/operations.md.

use std::collections::{BTreeMap, BTreeSet};

use chimera_model::{ALL, ReadModel, order_details, product_cache, product_search_index};
use fastrand::Rng;
use serde_json::Value as Json;

use crate::book::{STORE_LOST, WRONG_ROWS, blocks};
use crate::by_hand::{Hands, Struck};
use crate::cluster_shop::ClusterShop;
use crate::places::registry;
use crate::{retail, seeds, turn};

const INVOICES: u32 = 250;
const DELETED: usize = 1_000;
const CHANGED: usize = 50;
const IDENTICAL: &str = "verdict: identical\n";

#[test]
fn what_happens_to_the_stores_is_found_to_the_key_and_healed_by_the_book() {
    let Some(_turn) = turn("disasters in the stores") else { return };
    for seed in seeds(1) {
        println!("seed {seed}");
        let (shop, mut rng) = (ClusterShop::new("disasters", &registry()), Rng::with_seed(seed));
        shop.import(&retail::file(seed, INVOICES));
        shop.is_identical("at first");
        rows_are_wrong(&shop, &mut rng);
        stores_are_lost(&shop);
        shop.lose_topics();
        Hands::on(&shop).lose_stores();
    }
}

fn rows_are_wrong(shop: &ClusterShop, rng: &mut Rng) {
    let (mut hands, orders) = (Hands::on(shop), &order_details::MODEL);
    let (table, lines) = (&order_details::ORDER_DETAILS, &order_details::ORDER_LINES);
    healed(shop, orders, lines.name, &hands.delete_rows((orders, lines), DELETED, rng));
    healed(shop, orders, table.name, &hands.change_rows((orders, table), CHANGED, rng));
    let (cache, space) = (&product_cache::MODEL, product_cache::PRODUCT.space);
    healed(shop, cache, space, &hands.change_values(CHANGED, rng));
    let (search, index) = (&product_search_index::MODEL, product_search_index::PRODUCTS.index);
    healed(shop, search, index, &hands.change_documents(CHANGED, rng));
    healed(shop, search, index, &hands.flip_a_bit(rng));
    shop.is_identical("after wrong rows");
}

/// The book is followed for this read model; its first look must name what was struck and nothing else.
fn healed(shop: &ClusterShop, model: &ReadModel, table: &str, struck: &Struck) {
    let name = model.name;
    let look = format!("replay verify {name} ||");
    let look_at_all = format!("replay verify {name} --named 2000 --format json ||");
    let said = blocks(WRONG_ROWS).into_iter().map(|block| {
        let block = block.replace(order_details::MODEL.name, name).replace(&look, &look_at_all);
        shop.desk.carry_out(&block).out
    });
    let said: String = said.collect();
    let report: Json =
        serde_json::Deserializer::from_str(&said).into_iter().next().unwrap().unwrap();
    assert_eq!(report["verdict"], "different", "{report:#}");
    let expected = BTreeMap::from([(table.to_owned(), struck.clone())]);
    assert_eq!(named(&report), expected, "{report:#}");
    assert!(said.contains(IDENTICAL), "{said}");
    println!("{table}: {} keys named, and healed", struck.len());
}

/// The keys and fields that differ, by tables.
fn named(report: &Json) -> BTreeMap<String, Struck> {
    let mut named = BTreeMap::<String, Struck>::new();
    let models = report["models"].as_array().unwrap();
    for table in models.iter().flat_map(|model| model["tables"].as_array().unwrap()) {
        for differing in table["differing"].as_array().unwrap() {
            let fields = differing["fields"].as_array().unwrap();
            let fields: BTreeSet<String> =
                fields.iter().map(|field| field.as_str().unwrap().to_owned()).collect();
            assert_eq!(fields.is_empty(), differing["found"] == "missing", "{differing:#}");
            let keys = named.entry(table["name"].as_str().unwrap().to_owned()).or_default();
            keys.insert(differing["key"].as_str().unwrap().to_owned(), fields);
        }
    }
    named
}

/// One after the other is found beside those before, and the book builds all of them again at once.
fn stores_are_lost(shop: &ClusterShop) {
    let mut hands = Hands::on(shop);
    hands.drop_table(&order_details::MODEL, &order_details::ORDER_LINES);
    are_found(shop, &["order_details"]);
    hands.delete_index();
    are_found(shop, &["order_details", "product_search_index"]);
    hands.lose_keys();
    // Of some the other half lies in Cassandra, and is still there.
    let in_redis = ALL.iter().filter(|model| !model.spaces.is_empty()).map(|model| model.name);
    let lost: Vec<&str> =
        ["order_details", "product_search_index"].into_iter().chain(in_redis).collect();
    are_found(shop, &lost);
    let said = shop.desk.section(STORE_LOST);
    assert!(said.ends_with(IDENTICAL), "{said}");
}

fn are_found(shop: &ClusterShop, lost: &[&str]) {
    let report = shop.replay("verify");
    assert_eq!(report["verdict"], "different", "{lost:?}: {report:#}");
    for model in report["models"].as_array().unwrap() {
        let problems = model["problems"].to_string();
        let is_lost = problems.contains("no store holds a live generation")
            || problems.contains("is not in the store of key-values");
        let should_be = lost.contains(&model["name"].as_str().unwrap());
        assert_eq!(is_lost, should_be, "{lost:?}: {model:#}");
        assert_eq!(model["verdict"] == "different", is_lost, "{lost:?}: {model:#}");
    }
    println!("lost and found: {lost:?}");
}
