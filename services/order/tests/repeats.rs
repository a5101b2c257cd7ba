//! What the processes do when they begin anew: over a finished history nothing, even where no command is remembered.

#![allow(clippy::unwrap_used, reason = "what a test asks for has to come")]

mod shop;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::Aggregate;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;
use chimera_engine::Process;
use chimera_log::Partition;
use serde_json::json;
use shop::{PARTITIONS, Shop, post};

/// Far longer than anything here takes, so that only what never comes fails.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_begin_anew_over_a_finished_history_append_nothing() {
    let shop = Shop::open().await;
    shop.stock_up("P-1", 100).await;
    a_whole_life(&shop).await;
    attempts_that_fail(&shop).await;
    ways_to_give_up(&shop).await;
    shop.rest().await;
    let (before, calls) = (shop.ends(), shop.gateway.calls.load(Ordering::Relaxed));
    let handled = shop.begin_anew().await;
    assert!(handled > 30, "only {handled} events");
    assert_eq!(shop.ends(), before);
    assert_eq!(shop.gateway.calls.load(Ordering::Relaxed), calls, "the gateway was asked again");
}

/// Declined, paid at the second attempt, shipped, sent back, refunded.
async fn a_whole_life(shop: &Shop) {
    let placed = shop.place("life", "P-1", 2).await;
    let id = placed.text("/orderId");
    shop.pay(id, "life-1", "tok_decline").await.is(200);
    shop.pay(id, "life-2", "tok_approve").await.is(200);
    for step in ["ship", "deliver", "returns", "returns/accept"] {
        let ask = post(
            &format!("/api/v1/orders/{id}/{step}"),
            &match step {
                "returns" => json!({"reason": "damaged"}),
                _ => json!({}),
            },
        );
        shop.ask(ask.key(&format!("life-{step}"))).await.is(200);
    }
}

/// Declined as often as the shop takes it.
async fn attempts_that_fail(shop: &Shop) {
    let placed = shop.place("fail", "P-1", 1).await;
    for attempt in 1..=5 {
        let key = format!("fail-{attempt}");
        shop.pay(placed.text("/orderId"), &key, "tok_decline").await.is(200);
    }
    let placed = shop.place("fail-twice", "P-1", 1).await;
    for attempt in 1..=2 {
        let key = format!("fail-twice-{attempt}");
        shop.pay(placed.text("/orderId"), &key, "tok_decline").await.is(200);
    }
}

/// Short of stock; canceled when paid, when paying, and where the money cannot go back.
async fn ways_to_give_up(shop: &Shop) {
    shop.place("short", "P-1", 1_000).await;
    for (key, quantity) in [("paid", 1), ("kept", 3)] {
        let placed = shop.place(key, "P-1", quantity).await;
        let id = placed.text("/orderId");
        shop.pay(id, key, "tok_approve").await.is(200);
        shop.ask(post(&format!("/api/v1/orders/{id}/cancel"), &json!({}))).await.is(200);
    }
    let placed = shop.place("paying", "P-1", 1).await;
    let path = format!("/api/v1/orders/{}", placed.text("/orderId"));
    let pay = json!({"method": "CARD", "token": "tok_timeout"});
    shop.ask(post(&format!("{path}/pay"), &pay).key("paying")).await;
    shop.ask(post(&format!("{path}/cancel"), &json!({}))).await.is(200);
}

impl Shop {
    fn end(&self, partition: &Partition) -> u64 {
        *self.log.high_watermark(partition).unwrap().borrow()
    }

    fn ends(&self) -> Vec<u64> {
        let streams = [Product::STREAM, Stock::STREAM, "ecommerce.order.order", Payment::STREAM];
        let partitions = streams
            .into_iter()
            .flat_map(|stream| (0..PARTITIONS).map(move |index| Partition::new(stream, index)));
        partitions.map(|partition| self.end(&partition)).collect()
    }

    /// Waits until every process has done all that there is.
    async fn rest(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let before = self.ends();
            let mut positions = self.processes.positions.iter();
            let done = positions.all(|(of, position)| *position.borrow() >= self.end(of));
            if done && self.ends() == before {
                return;
            }
            assert!(Instant::now() < deadline, "the processes never came to rest");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Gives every process every event again, as one whose commands nobody has seen; how many that were.
    async fn begin_anew(&self) -> usize {
        let processes = &self.processes;
        self.handled_by(&*processes.fulfilment).await
            + self.handled_by(&*processes.order_settlement).await
            + self.handled_by(&*processes.payment_settlement).await
    }

    async fn handled_by<P: Process>(&self, process: &P) -> usize {
        let codec = StreamCodec::bundled(P::Source::STREAM).unwrap();
        let mut handled = 0;
        for index in 0..PARTITIONS {
            let partition = Partition::new(P::Source::STREAM, index);
            let end = self.end(&partition);
            let mut reader = self.log.read(&partition, 1).unwrap();
            while reader.position() <= end {
                for record in reader.next().await.unwrap().records {
                    let mut event = codec.decode(index, &record.value).unwrap();
                    // Ids of commands derive from it.
                    event.meta.event_id = !event.meta.event_id;
                    process.handle(&event).await.unwrap();
                    handled += 1;
                }
            }
        }
        handled
    }
}
