//! Crashes at any point, and checkpoints lost however far back, leave the shop as if nothing had happened.

use proptest::prelude::*;

use super::shop::{Shop, Worker};
use super::*;
use crate::order::units_by_product;

const ON_HAND: i64 = 10;

fn shop() -> Shop {
    Shop::with_stock(&[("X", ON_HAND), ("Y", ON_HAND)])
}

fn order_id(number: usize) -> OrderId {
    format!("O{number}").as_str().try_into().unwrap()
}

/// Something that a person does to an order.
fn any_wish() -> impl Strategy<Value = (usize, u8, Command)> {
    let lines = (0_u32..6, 0_u32..6).prop_map(|(x, y)| {
        let lines = [("X", x), ("Y", y), ("P", 1)].into_iter().filter(|(_, units)| *units > 0);
        place(lines.map(|(id, units)| wanted(id, units)).collect())
    });
    let command = prop_oneof![
        4 => lines,
        3 => Just(paid()),
        2 => Just(ship()),
        2 => Just(cancel()),
        1 => Just(Command::Deliver),
        1 => Just(request_return()),
        1 => Just(Command::AcceptReturn),
    ];
    (0_usize..5, 0_u8..8, command)
}

/// How many effects the worker has before each crash, and how far back it starts then.
fn any_crashes() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0_usize..12, prop_oneof![3 => 0_usize..3, 1 => 0_usize..100]), 0..8)
}

/// What must hold once the worker has nothing left to do.
fn is_settled(shop: &Shop) {
    for (product, stock) in &shop.stocks {
        let (mut held, mut gone) = (0, 0);
        for (id, order) in &shop.orders {
            let units = units_by_product(order.lines()).get(product).copied().unwrap_or(0);
            let Some(placed) = order.placed() else { continue };
            let here = match placed.head.status {
                Status::Pending | Status::Paid => {
                    assert!(placed.head.confirmed);
                    held += units;
                    (units > 0).then_some(units)
                }
                Status::Shipped | Status::Fulfilled | Status::ReturnRequested => {
                    gone += units;
                    None
                }
                Status::Canceled | Status::Returned | Status::Credited => None,
            };
            assert_eq!(stock.held_by(id).map(i64::from), here, "{id} {}", placed.head.status);
        }
        assert_eq!(stock.balance().reserved, held);
        assert_eq!(stock.balance().on_hand, ON_HAND - gone);
    }
    for (id, order) in &shop.orders {
        let owed = order.placed().is_some_and(|placed| {
            let ended = matches!(placed.head.status, Status::Canceled | Status::Returned);
            ended && placed.paid_by.is_some()
        });
        assert_eq!(shop.refunds.contains(id), owed, "{id}");
    }
}

proptest! {
    #[test]
    fn crashes_change_nothing(
        wishes in prop::collection::vec((any_wish(), any_crashes()), 0..30)
    ) {
        let (mut calm, mut calm_worker) = (shop(), Worker::default());
        let (mut shop, mut worker) = (shop(), Worker::default());
        for ((number, _, command), crashes) in wishes {
            calm.ask_order(&order_id(number), command.clone());
            calm_worker.settle(&mut calm);
            shop.ask_order(&order_id(number), command);
            for (effects, back) in crashes {
                for _ in 0..effects {
                    worker.advance(&mut shop);
                }
                worker.crash(back);
            }
            worker.settle(&mut shop);
            prop_assert_eq!(&shop, &calm);
        }
        is_settled(&shop);
    }

    #[test]
    fn nothing_stays_held_for_an_order_that_has_left_or_was_given_up(
        wishes in prop::collection::vec((any_wish(), any_crashes()), 0..40)
    ) {
        let (mut shop, mut worker) = (shop(), Worker::default());
        for ((number, effects, command), crashes) in wishes {
            shop.ask_order(&order_id(number), command);
            for _ in 0..effects {
                worker.advance(&mut shop);
            }
            for (effects, back) in crashes.into_iter().take(1) {
                worker.crash(back);
                for _ in 0..effects {
                    worker.advance(&mut shop);
                }
            }
        }
        worker.settle(&mut shop);
        is_settled(&shop);
    }
}
