//! The shop over gRPC: what docs/grpc.md tells to type, typed; and streams that end when the shop does.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::grpcurl::{Said, Typed, said_by};
use crate::serving::Serving;

const PAGE: &str = include_str!("../../docs/grpc.md");

/// A command of the page, and what the page says is in its answer.
struct Step {
    command: String,
    expected: Vec<String>,
}

/// The commands of the page's `sh` blocks, in order.
fn steps() -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let blocks = PAGE.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    for block in blocks {
        let mut command = String::new();
        for line in block.lines() {
            if let Some(expected) = line.strip_prefix("# ") {
                steps.last_mut().unwrap().expected.push(expected.to_owned());
                continue;
            }
            command.push_str(line.trim_end_matches('\\'));
            // A quote that is open goes on in the next line.
            let open = command.matches('\'').count() % 2 == 1 || line.ends_with('\\');
            if !open {
                let command = std::mem::take(&mut command);
                steps.push(Step { command, expected: vec![] });
            }
        }
    }
    steps
}

#[test]
fn what_the_page_on_grpc_tells_to_type_works() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    let mut known = BTreeMap::from([("grpc".to_owned(), shop.grpc.to_string())]);
    let mut typed = 0;
    for step in steps() {
        // What the page shows is this shop's to give.
        if step.command.starts_with("grpc=") || step.command.starts_with("order=") {
            continue;
        }
        let Said { text, order } = said_by(&Typed::parse(&step.command, &known));
        let plain = |text: &str| text.replace(char::is_whitespace, "");
        for expected in &step.expected {
            assert!(
                plain(&text).contains(&plain(expected)),
                "{}: {expected}: {text}",
                step.command
            );
        }
        assert!(!step.expected.is_empty(), "{}", step.command);
        known.extend(order.map(|order| ("order".to_owned(), order)));
        typed += 1;
    }
    assert_eq!(typed, 10);
    assert!(shop.stop().success());
}

#[test]
fn a_shop_that_is_told_to_end_ends_the_streams_that_follow_it() {
    let data = tempfile::tempdir().unwrap();
    let shop = Serving::ready(data.path());
    shop.stock_up("P-1", 9);
    let placed = shop.ask(&crate::serving::order("P-1", 2).key("k")).is(201).json();
    let order = placed["orderId"].as_str().unwrap();
    let known = BTreeMap::from([("grpc".to_owned(), shop.grpc.to_string())]);
    let follow = format!(
        "grpcurl -plaintext -d '{{\"orderId\": \"{order}\"}}' $grpc chimera.order.v1.Orders/WatchOrder"
    );
    let following = Typed::parse(&follow, &known);
    let follower = std::thread::spawn(move || said_by(&following).text);
    // It is under way once it is counted.
    let counted =
        "grpc_requests_total{method=\"/chimera.order.v1.Orders/WatchOrder\",code=\"OK\"} 1";
    crate::program::soon("the stream", || {
        let page = shop.ask(&crate::http::get("/metrics")).text;
        page.contains(counted).then_some(())
    });
    let told = Instant::now();
    assert!(shop.stop().success());
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
    let text = follower.join().unwrap();
    assert!(text.contains("created.v1") && text.contains("partition.not_owned"), "{text}");
}
