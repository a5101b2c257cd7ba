//! The seeded shop: every outcome, and the same again from the same seed.

use crate::history::History;
use crate::program::{identical, run};

const DEMO: [&str; 10] = [
    "demo",
    "--once",
    "--format",
    "json",
    "--orders",
    "300",
    "--products",
    "60",
    "--customers",
    "20",
];

#[test]
fn a_demo_has_orders_of_every_outcome_and_is_made_only_once() {
    let data = tempfile::tempdir().unwrap();
    let made = run(data.path(), &DEMO).json();
    let mut orders = 0;
    for outcome in ["paid", "fulfilled", "declined", "outOfStock", "canceled", "returned"] {
        let count = made["outcomes"][outcome].as_u64().unwrap();
        assert!(count > 0, "{outcome}: {made:#}");
        orders += count;
    }
    assert_eq!(orders, 300, "{made:#}");
    assert!(made["outcomes"]["refunded"].as_u64().unwrap() > 0, "{made:#}");
    identical(data.path());

    let again = run(data.path(), &DEMO).json();
    assert_eq!(again["events"], 0);
    for told in ["outcomes", "netRevenue"] {
        assert_eq!(again[told], made[told], "{told}");
    }
    identical(data.path());
    let history = History::of(data.path());
    assert_eq!((history.orders.len(), history.products.len()), (300, 60));
    assert_eq!(history.events, made["events"].as_u64().unwrap());
}

#[test]
fn another_seed_makes_another_shop_and_the_same_seed_the_same() {
    let histories = ["7", "7", "8"].map(|seed| {
        let data = tempfile::tempdir().unwrap();
        run(data.path(), &["demo", "--once", "--orders", "40", "--products", "30", "--seed", seed])
            .ended_with(0);
        History::of(data.path())
    });
    // Scarce stock goes to whoever comes first, so only what is placed is the same, not what becomes of it.
    let placed = |history: &History| history.orders.keys().cloned().collect::<Vec<_>>();
    assert_eq!(histories[0].products, histories[1].products);
    assert_eq!(placed(&histories[0]), placed(&histories[1]));
    assert_ne!(placed(&histories[0]), placed(&histories[2]));
    assert_ne!(histories[0].products, histories[2].products);
}
