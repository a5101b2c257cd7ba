//! What happens to products, told over both APIs.

use std::sync::Arc;

use serde_json::json;

use crate::client::{Reply, What};
use crate::shop::{Shop, order};
use crate::teller::{Teller, told_alike};

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_created_changed_priced_discontinued_and_relisted() {
    let shop = Arc::new(Shop::open().await);
    told_alike(&shop, async |teller: &mut Teller| {
        teller.stock_up("P", 5).await;
        let id = teller.product("P");
        // Positions of products say nothing of stocks.
        teller.until(What::Product(id.clone()), |product| product["stock"].is_object()).await;
        let change = json!({
            "description": "about", "publisher": "P", "isbn": "978-0-13-595705-9",
            "authors": ["A", "B"], "categories": ["C"], "format": "HARDCOVER", "language": "en",
            "attributes": {"pages": "352"}, "seller": "S",
        });
        teller.ask(What::UpdateProduct(id.clone(), change).now()).await.done();
        let cleared = json!({"publisher": null, "authors": null});
        let nothing = json!({});
        for change in [cleared, nothing] {
            teller.ask(What::UpdateProduct(id.clone(), change).now()).await.done();
        }
        let price = json!({"price": {"amount": "8.5001", "currency": "GBP"}, "reason": "sale"});
        let priced = teller.ask(What::ChangePrice(id.clone(), price).now()).await.done();
        let seen = teller.ask(What::Product(id.clone()).after(priced.at())).await.done();
        assert_eq!(seen.body["price"]["amount"], "8.5001");
        let past = teller.ask(What::PastPrices(id.clone(), None).after(priced.at())).await.done();
        assert_eq!(past.body["items"].as_array().unwrap().len(), 2);
        let reason = json!({"reason": "out of print"});
        let gone = teller.ask(What::Discontinue(id.clone(), reason).now()).await.done();
        teller.ask(What::Product(id.clone()).after(gone.at())).await.done();
        let late = json!({"title": "x"});
        teller.ask(What::UpdateProduct(id.clone(), late).now()).await.is("product.discontinued");
        let late = What::Place(order("alice", &id, 1)).key("late");
        teller.ask(late).await.is("order.product_discontinued");
        let back = teller.ask(What::Relist(id.clone()).now()).await.done();
        teller.ask(What::Product(id).after(back.at())).await.done();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_again_is_a_repeat_or_refused() {
    let shop = Arc::new(Shop::open().await);
    told_alike(&shop, async |teller: &mut Teller| {
        let mut body = teller.new_product("P");
        teller.ask(What::CreateProduct(body.clone()).key("k")).await.done();
        teller.ask(What::CreateProduct(body.clone()).key("k")).await.done();
        teller.ask(What::CreateProduct(body.clone()).key("l")).await.is("product.already_exists");
        body["stockTracked"] = json!(false);
        teller.ask(What::CreateProduct(body).key("k")).await.is("idempotency.key_reused");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_list_the_same_catalogue_page_by_page() {
    use crate::client::Client;
    let shop = Arc::new(Shop::open().await);
    for n in 0..7 {
        shop.stock_up(&format!("P-{n}"), 5).await;
    }
    let (rest, grpc) = (crate::rest::Rest(Arc::clone(&shop)), crate::grpc::Grpc(shop));
    let count = |page: &Reply| page.body["items"].as_array().map_or(0, Vec::len);
    while count(&rest.send(What::Products(None, None).now()).await) < 7 {
        tokio::task::yield_now().await;
    }
    let (mut cursor, mut seen) = (None, 0);
    loop {
        let ask = || What::Products(Some(3), cursor.clone()).now();
        let (over_rest, over_grpc) = (rest.send(ask()).await.done(), grpc.send(ask()).await);
        assert_eq!(over_rest, over_grpc);
        seen += count(&over_rest);
        // Positions in a list mean the same to both.
        let Some(next) = over_rest.body["next"].as_str() else { break };
        cursor = Some(next.to_owned());
    }
    assert_eq!(seen, 7);
}
