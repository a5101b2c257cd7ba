//! A shop that is killed under load, again and again: what was acknowledged is there, once, and nothing else is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chimera_domain::order::Status;
use fastrand::Rng;

use crate::history::History;
use crate::http::Answer;
use crate::program::{identical, soon};
use crate::serving::{Serving, adjustment, order};

const KILLS: u32 = 40;
const SEED: u64 = 9;
const CLIENTS: usize = 4;
const PRODUCTS: i64 = 5;
/// So many that nothing runs out: every order is to be confirmed.
const OPENING: i64 = 90_000;
/// How long a shop lives under load.
const LIFE: std::ops::Range<u64> = 5..160;

#[test]
fn a_shop_killed_under_load_keeps_all_it_acknowledged_and_doubles_nothing() {
    let data = tempfile::tempdir().unwrap();
    let mut clients: Vec<Client> = (0..CLIENTS).map(Client::new).collect();
    let first = Serving::ready(data.path());
    for product in 0..PRODUCTS {
        first.stock_up(&name(product), OPENING);
    }
    assert!(first.stop().success());

    let mut rng = Rng::with_seed(SEED);
    for _ in 0..KILLS {
        let mut shop = Serving::ready(data.path());
        let life = Duration::from_millis(rng.u64(LIFE));
        let address = shop.address;
        thread::scope(|scope| {
            for client in &mut clients {
                scope.spawn(move || client.shop_at(address));
            }
            thread::sleep(life);
            shop.kill();
        });
    }

    let shop = Serving::ready(data.path());
    for client in &mut clients {
        client.settle(shop.address);
    }
    let expected = Expected::of(&clients);
    expected.are_seen_in(&shop);
    assert!(shop.stop().success());
    expected.are_in(&History::of(data.path()));
    identical(data.path());
}

fn name(product: i64) -> String {
    format!("P-{product}")
}

/// Something a client wants, always under the same key.
struct Wish {
    key: String,
    product: i64,
    units: i64,
    is_order: bool,
}

impl Wish {
    /// The answer; none if it did not come, or the shop could not take the wish now.
    fn send(&self, to: SocketAddr) -> Option<Answer> {
        let product = name(self.product);
        let ask = if self.is_order {
            order(&product, self.units)
        } else {
            adjustment(&product, self.units)
        };
        let answer = ask.key(&self.key).send(to).ok()?;
        (answer.status != 503).then(|| answer.is(201))
    }
}

/// A wish that came true, and what it was told: the order's id, or the version of the stock.
struct Granted {
    wish: Wish,
    told: String,
}

/// Wants one thing after the other, and the same again until it is told that it has it.
struct Client {
    number: usize,
    rng: Rng,
    wanted: u32,
    pending: Option<Wish>,
    granted: Vec<Granted>,
}

impl Client {
    fn new(number: usize) -> Self {
        let rng = Rng::with_seed(SEED + 1 + number as u64);
        Self { number, rng, wanted: 0, pending: None, granted: Vec::new() }
    }

    /// Until no answer comes any more.
    fn shop_at(&mut self, address: SocketAddr) {
        self.ask_again(address);
        loop {
            let wish = self.pending.take().unwrap_or_else(|| self.next_wish());
            let Some(answer) = wish.send(address) else {
                self.pending = Some(wish);
                return;
            };
            self.granted.push(Granted { wish, told: told(&answer) });
        }
    }

    /// The last wish that was granted, once more: the answer is the same, whatever happened in between.
    fn ask_again(&self, address: SocketAddr) {
        let Some(granted) = self.granted.last() else { return };
        if let Some(answer) = granted.wish.send(address) {
            assert_eq!(told(&answer), granted.told, "{}", granted.wish.key);
        }
    }

    /// Nothing is left open.
    fn settle(&mut self, address: SocketAddr) {
        self.ask_again(address);
        if let Some(wish) = self.pending.take() {
            let answer = soon(&wish.key, || wish.send(address));
            self.granted.push(Granted { wish, told: told(&answer) });
        }
    }

    fn next_wish(&mut self) -> Wish {
        self.wanted += 1;
        Wish {
            key: format!("client-{}-{}", self.number, self.wanted),
            product: self.rng.i64(0..PRODUCTS),
            units: self.rng.i64(1..=3),
            is_order: self.rng.u32(0..3) > 0,
        }
    }
}

fn told(answer: &Answer) -> String {
    let body = answer.json();
    body["orderId"].as_str().map_or_else(|| body["version"].to_string(), str::to_owned)
}

/// What there must be, from what the clients were told.
struct Expected {
    /// Units of each order by its id.
    orders: BTreeMap<Arc<str>, i64>,
    /// On hand and held, by product.
    stock: BTreeMap<Arc<str>, (i64, i64)>,
}

impl Expected {
    fn of(clients: &[Client]) -> Self {
        let mut expected = Self { orders: BTreeMap::new(), stock: BTreeMap::new() };
        for product in 0..PRODUCTS {
            expected.stock.insert(name(product).into(), (OPENING, 0));
        }
        for Granted { wish, told } in clients.iter().flat_map(|client| &client.granted) {
            let (on_hand, held) = expected.stock.get_mut(&*name(wish.product)).unwrap();
            if wish.is_order {
                *held += wish.units;
                let before = expected.orders.insert(told.as_str().into(), wish.units);
                assert!(before.is_none(), "two wishes were told the order {told}");
            } else {
                *on_hand += wish.units;
            }
        }
        assert!(expected.orders.len() > KILLS as usize, "there was no load");
        expected
    }

    fn are_seen_in(&self, shop: &Serving) {
        for (product, (on_hand, held)) in &self.stock {
            shop.until(&format!("/api/v1/inventory/{product}"), |stock| {
                stock["onHand"] == *on_hand && stock["reserved"] == *held
            });
        }
        for order in self.orders.keys().step_by(7) {
            shop.until(&format!("/api/v1/orders/{order}"), |order| order["confirmed"] == true);
        }
    }

    fn are_in(&self, history: &History) {
        for (order, units) in &self.orders {
            let placed = history.orders[order].placed().unwrap();
            assert_eq!((placed.head.status, placed.head.confirmed), (Status::Pending, true));
            assert_eq!(placed.lines[0].quantity, *units, "{order}");
        }
        assert_eq!(history.orders.len(), self.orders.len(), "there are orders nobody was told of");
        for (product, expected) in &self.stock {
            let balance = history.stock[product].balance();
            assert_eq!((balance.on_hand, balance.reserved), *expected, "{product}");
        }
    }
}
