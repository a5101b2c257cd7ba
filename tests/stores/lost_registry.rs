//! The schema registry loses everything: nothing is written or read by wrong ids, and no event is lost.

use crate::book::{DAILY, REGISTRY_LOST, blocks};
use crate::by_hand::Hands;
use crate::cluster_shop::ClusterShop;
use crate::places::registry;
use crate::services::OwnRegistry;
use crate::turn;

const FORGETFUL: &str = "gives other ids than before";

#[test]
fn a_lost_registry_is_found_and_every_event_is_restored_for_a_new_one() {
    let Some(_turn) = turn("a lost registry") else { return };
    let own = OwnRegistry::new();
    own.up();
    own.is_used_by_others(7);
    let mut shop = ClusterShop::new("registry", &own.url());
    shop.demo(60);
    shop.desk.carry_out(blocks(DAILY)[0]);
    shop.demo(80);
    let before = shop.history();

    // While it is away, the ids that it gave are known.
    own.down();
    shop.is_identical("without the registry");
    // An empty one in its place gives other ids, and is refused.
    own.up();
    for command in ["replay verify --log", "chimera serve --http 127.0.0.1:0"] {
        let said = shop.desk.try_out(command);
        assert_ne!(said.code, 0, "{command}: {}", said.out);
        said.and_said(FORGETFUL);
    }
    own.down();

    let name = format!("{}.", shop.restored_name());
    shop.desk.tell("NEW_REGISTRY", &registry());
    shop.desk.tell("NEW_PREFIX", &name);
    let said = shop.desk.section(REGISTRY_LOST);
    assert!(said.ends_with("verdict: identical\n"), "{said}");
    shop.moves(&registry(), &name, "data.new");
    assert_eq!(shop.history(), before);
    // The shop goes on, and everything asked for again is known.
    assert_eq!(shop.demo(80)["events"], 0);
    shop.is_identical("in its new topics");
    shop.lose_topics();
    Hands::on(&shop).lose_stores();
}
