//! The topics are lost, and then everything: log, keyspace, keys and indices. What the restore point held is there again, event by event.

use crate::book::{DAILY, LOG_LOST, blocks};
use crate::by_hand::Hands;
use crate::cluster_shop::ClusterShop;
use crate::places::registry;
use crate::turn;

#[test]
fn a_lost_cluster_is_restored_and_is_what_it_was() {
    let Some(_turn) = turn("a lost cluster") else { return };
    let shop = ClusterShop::new("cluster", &registry());
    shop.demo(60);
    shop.desk.carry_out(blocks(DAILY)[0]);
    let before = shop.history();

    // What comes after the restore point is lost, and the stores must not know better.
    shop.demo(80);
    assert_ne!(shop.history(), before);
    shop.lose_topics();
    restored(&shop, &before, "the topics");

    shop.lose_topics();
    let mut hands = Hands::on(&shop);
    hands.lose_stores();
    restored(&shop, &before, "everything");
    assert_eq!(shop.demo(60)["events"], 0, "everything asked for again is known");
    shop.is_identical("after going on");
    shop.lose_topics();
    hands.lose_stores();
}

fn restored(shop: &ClusterShop, before: &str, lost: &str) {
    let said = shop.desk.section(LOG_LOST);
    assert!(said.contains("log: sound"), "{lost}: {said}");
    assert!(said.ends_with("verdict: identical\n"), "{lost}: {said}");
    assert_eq!(shop.history(), before, "{lost}");
    println!("lost and restored: {lost}");
}
