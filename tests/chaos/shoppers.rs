//! Shoppers who ask any node, and the same again until they are answered: they order, pay, cancel and fill the shelves.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::nodes::Nodes;
use crate::http::{Answer, Ask, post};
use crate::program::soon;
use crate::serving::{adjustment, order};

pub(crate) const PRODUCTS: i64 = 5;
/// Longer than an answer takes, shorter than a node hangs.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) fn product(number: i64) -> String {
    format!("P-{number}")
}

/// Something wanted, always under the same key.
#[derive(Debug, Clone)]
pub(crate) enum Wish {
    Adjust { product: i64, units: i64 },
    Order { product: i64, units: i64 },
    Pay { order: String },
    Cancel { order: String },
}

impl Wish {
    fn ask(&self) -> Ask {
        match self {
            Self::Adjust { product: number, units } => adjustment(&product(*number), *units),
            Self::Order { product: number, units } => order(&product(*number), *units),
            Self::Pay { order } => {
                let card = json!({"method": "CARD", "token": "tok_approve"});
                post(&format!("/api/v1/orders/{order}/pay"), &card)
            }
            Self::Cancel { order } => post(&format!("/api/v1/orders/{order}/cancel"), &json!({})),
        }
    }

    /// What the answer says that is the same however often it is asked for.
    fn told(&self, answer: &Answer) -> Reply {
        let body: Value = answer.json();
        match (self, answer.status) {
            (Self::Adjust { .. }, 201) => Reply::Granted(body["version"].to_string()),
            (Self::Order { .. }, 201) => {
                Reply::Granted(body["orderId"].as_str().unwrap().to_owned())
            }
            (Self::Pay { .. } | Self::Cancel { .. }, 200..300) => Reply::Granted(String::new()),
            (Self::Pay { .. } | Self::Cancel { .. }, 409) => Reply::Refused,
            _ => panic!("{self:?}: {} {}", answer.status, answer.text),
        }
    }
}

/// What a shopper is told in the end.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Reply {
    /// It cannot be, as things stand.
    Refused,
    Granted(String),
}

/// A wish that came true, and what was told.
pub(crate) struct Granted {
    pub(crate) wish: Wish,
    pub(crate) told: String,
}

/// The shopping of all, while it goes on.
#[derive(Default)]
pub(crate) struct Shopping {
    over: AtomicBool,
    answered: AtomicUsize,
}

impl Shopping {
    /// How many wishes have been answered.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Nobody wishes for anything more.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// One shopper.
pub(crate) struct Shopper {
    name: String,
    rng: Rng,
    wanted: u32,
    pub(crate) granted: Vec<Granted>,
    /// How often there was no answer, or that it is not possible now.
    pub(crate) unanswered: u32,
}

impl Shopper {
    pub(crate) fn new(number: u64, seed: u64) -> Self {
        let (name, rng) = (format!("shopper-{number}"), Rng::with_seed(seed * 1_000 + number));
        Self { name, rng, wanted: 0, granted: Vec::new(), unanswered: 0 }
    }

    /// One wish after the other until it is over; the last one is granted too.
    pub(crate) fn shop(&mut self, nodes: &Nodes, shopping: &Shopping) {
        while !shopping.over.load(Ordering::Relaxed) {
            let wish = self.next();
            self.wanted += 1;
            let key = format!("{}-{}", self.name, self.wanted);
            let told = soon(&key, || self.try_once(&wish, &key, nodes));
            if let Reply::Granted(told) = told {
                self.granted.push(Granted { wish, told });
            }
            shopping.answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Orders of each product at each node, until every node knows it: what was created at one is known at the others a
    /// moment later.
    pub(crate) fn look_around(&mut self, nodes: &Nodes) {
        for (number, node) in
            (0..PRODUCTS).flat_map(|number| (0..nodes.count()).map(move |node| (number, node)))
        {
            let wish = Wish::Order { product: number, units: 1 };
            let key = format!("{}-{number}-{node}", self.name);
            let ask = wish.ask().key(&key);
            let answer = soon(&key, || {
                ask.send(nodes.address(node)).ok().filter(|answer| answer.status == 201)
            });
            let told = answer.json()["orderId"].as_str().unwrap().to_owned();
            self.granted.push(Granted { wish, told });
        }
    }

    /// Asks one node, or two at once under the same key; none if no node has answered.
    fn try_once(&mut self, wish: &Wish, key: &str, nodes: &Nodes) -> Option<Reply> {
        let [one, other] = [(); 2].map(|()| nodes.address(self.rng.usize(..nodes.count())));
        let ask = wish.ask().key(key);
        let send = |to| {
            let answer = ask.send_within(to, PATIENCE).ok().filter(|answer| answer.status < 500);
            answer.map(|answer| wish.told(&answer))
        };
        let answers = if self.rng.u32(..4) == 0 {
            thread::scope(|scope| {
                let second = scope.spawn(|| send(other));
                [send(one), second.join().unwrap()]
            })
        } else {
            [send(one), None]
        };
        if let [Some(Reply::Granted(first)), Some(Reply::Granted(second))] = &answers {
            assert_eq!(first, second, "{key} was granted twice: {wish:?}");
        }
        let answer = answers.into_iter().flatten().max();
        if answer.is_none() {
            self.unanswered += 1;
            thread::sleep(PAUSE);
        }
        answer
    }

    fn next(&mut self) -> Wish {
        let (product, units) = (self.rng.i64(0..PRODUCTS), self.rng.i64(1..=3));
        let mut orders = Vec::new();
        for granted in &self.granted {
            if let Wish::Order { .. } = granted.wish {
                orders.push(&granted.told);
            }
        }
        let ordered = self.rng.choice(orders).cloned();
        match (self.rng.u32(..6), ordered) {
            (0, Some(order)) => Wish::Pay { order },
            (1, Some(order)) => Wish::Cancel { order },
            (2, _) => Wish::Adjust { product, units },
            _ => Wish::Order { product, units },
        }
    }
}
