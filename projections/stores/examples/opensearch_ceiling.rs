//! How many documents a second `OpenSearch::apply` takes, beside plain bulks of the same documents with external versions.
//!
//! `cargo run --release -p chimera-stores --example opensearch_ceiling [DOCUMENTS] [ROUNDS]` against `CHIMERA_STACK_OPENSEARCH`; makes
//! indices of its own and removes them. Both write into indices of the same mapping, one after the other in each round, with four
//! feeds of batches of 2,000 against four senders of bulks of 1,000.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chimera_domain::money::Amount;
use chimera_model::{SearchField, SearchKind, SearchMutation, SearchPart, SearchSpec};
use chimera_stores::search::SearchWriter;
use chimera_stores::{Checkpoint, OpenSearch, OpenSearchOptions, View};

static PRODUCTS: SearchSpec = SearchSpec {
    index: "ceiling",
    parts: &[
        SearchPart {
            name: "details",
            fields: &[
                field("title", SearchKind::Text { weight: 5 }),
                field("authors", SearchKind::Text { weight: 3 }),
                field("about", SearchKind::Text { weight: 1 }),
                field("author", SearchKind::Keyword),
                field("language", SearchKind::Keyword),
            ],
        },
        SearchPart {
            name: "price",
            fields: &[field("price", SearchKind::Decimal), field("currency", SearchKind::Keyword)],
        },
    ],
    language: Some("language"),
};
const VIEW: View = View::new("ceiling", 1);
const FEEDS: u64 = 4;
const BATCH: u64 = 2_000;
const BULK: u64 = 1_000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const fn field(name: &'static str, kind: SearchKind) -> SearchField {
    SearchField { name, kind }
}

/// What one round measured, in seconds.
#[derive(Default)]
struct Seconds {
    raw_new: f64,
    new: f64,
    raw_updates: f64,
    remembered: f64,
    read_first: f64,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let documents = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let rounds: u64 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let url = std::env::var("CHIMERA_STACK_OPENSEARCH")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let mut sum = Seconds::default();
    for round in 0..rounds {
        let raw = store(&url, &format!("ceiling-{now}-{round}-raw-"))?;
        let ours = store(&url, &format!("ceiling-{now}-{round}-"))?;
        raw.create(VIEW, &[&PRODUCTS]).await?;
        ours.create(VIEW, &[&PRODUCTS]).await?;
        let alias = format!("{url}/ceiling-{now}-{round}-raw-ceiling-g1-write");
        let fresh = store(&url, &format!("ceiling-{now}-{round}-"))?;
        // Whoever writes first has the larger buffers free.
        if round % 2 == 0 {
            sum.raw_new += bulks(&alias, documents, 1).await?;
            sum.new += applies(&ours, documents, 1).await?;
        } else {
            sum.new += applies(&ours, documents, 1).await?;
            sum.raw_new += bulks(&alias, documents, 1).await?;
        }
        sum.remembered += applies(&ours, documents, 2).await?;
        sum.raw_updates += bulks(&alias, documents, 2).await?;
        sum.read_first += applies(&fresh, documents, 3).await?;
        raw.remove(VIEW).await?;
        ours.remove(VIEW).await?;
    }
    report(documents * rounds, &sum);
    Ok(())
}

fn store(url: &str, prefix: &str) -> Result<Arc<OpenSearch>, Failure> {
    let mut options = OpenSearchOptions::at(url, prefix);
    options.remembered_bytes = 256 << 20;
    Ok(Arc::new(OpenSearch::new(options)?))
}

async fn applies(store: &Arc<OpenSearch>, documents: u64, version: u64) -> Result<f64, Failure> {
    let started = Instant::now();
    let mut feeds = Vec::new();
    for feed in 0..FEEDS {
        let store = store.clone();
        feeds.push(tokio::spawn(async move { applied(&store, feed, documents, version).await }));
    }
    for feed in feeds {
        feed.await??;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Every fourth batch.
async fn applied(
    store: &OpenSearch,
    feed: u64,
    documents: u64,
    version: u64,
) -> Result<(), Failure> {
    let partition = u32::try_from(feed)?;
    for first in (feed * BATCH..documents).step_by(usize::try_from(FEEDS * BATCH)?) {
        let last = (first + BATCH).min(documents);
        let mutations: Vec<SearchMutation> =
            (first..last).flat_map(|number| mutations(number, version)).collect();
        let sequence = version * documents + last;
        let checkpoint = Checkpoint { stream: Arc::from("products"), partition, sequence };
        store.apply(VIEW, &mutations, &[checkpoint]).await?;
    }
    Ok(())
}

async fn bulks(alias: &str, documents: u64, version: u64) -> Result<f64, Failure> {
    let client = reqwest::Client::new();
    let started = Instant::now();
    let mut senders = Vec::new();
    for sender in 0..FEEDS {
        let (client, alias) = (client.clone(), alias.to_owned());
        senders.push(tokio::spawn(async move {
            sent(&client, &alias, sender, documents, version).await
        }));
    }
    for sender in senders {
        sender.await??;
    }
    Ok(started.elapsed().as_secs_f64())
}

async fn sent(
    client: &reqwest::Client,
    alias: &str,
    sender: u64,
    documents: u64,
    version: u64,
) -> Result<(), Failure> {
    for first in (sender * BULK..documents).step_by(usize::try_from(FEEDS * BULK)?) {
        let mut lines = String::new();
        for number in first..(first + BULK).min(documents) {
            lines.push_str(&raw_lines(number, version));
        }
        let request = client
            .post(format!("{alias}/_bulk?filter_path=errors"))
            .header("content-type", "application/x-ndjson");
        let answer = request.body(lines).send().await?.error_for_status()?.text().await?;
        if answer != r#"{"errors":false}"# {
            return Err(format!("a bulk failed: {answer}").into());
        }
    }
    Ok(())
}

/// Texts in no order, of words that come again, as in a catalogue.
fn words(seed: u64, count: u64) -> String {
    let mut text = String::new();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for _ in 0..count {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let rank = (state >> 33) % 5_000 * ((state >> 20) % 7 + 1) / 7;
        for letter in [rank % 20, rank / 20 % 26, rank / 520 % 20, rank % 13] {
            text.push(char::from(b'a' + u8::try_from(letter).unwrap_or(0)));
        }
        text.push_str("en ");
    }
    text.pop();
    text
}

fn title(number: u64, version: u64) -> String {
    format!("{} {version}", words(number, 5))
}

fn mutations(number: u64, version: u64) -> [SearchMutation; 2] {
    let id = format!("P-{number:08}");
    let author = words(number % 5_000, 2);
    let details = vec![
        ("title", vec![title(number, version).as_str().into()]),
        ("authors", vec![author.as_str().into()]),
        ("about", vec![words(number + 7, 25).as_str().into()]),
        ("author", vec![author.as_str().into()]),
        ("language", vec!["en".into()]),
    ];
    let amount = Amount::from_ten_thousandths((number % 1_000).cast_signed() * 100);
    let price = vec![("price", vec![amount.into()]), ("currency", vec!["GBP".into()])];
    let part = |part, fields| SearchMutation {
        spec: &PRODUCTS,
        id: id.clone(),
        part,
        fields: Some(fields),
        version,
    };
    [part("details", details), part("price", price)]
}

/// The very lines that `apply` sends.
fn raw_lines(number: u64, version: u64) -> String {
    let id = format!("P-{number:08}");
    let (title, author, about) =
        (title(number, version), words(number % 5_000, 2), words(number + 7, 25));
    let texts = format!(r#""title":["{title}"],"authors":["{author}"],"about":["{about}"]"#);
    let price = number % 1_000 * 100;
    format!(
        "{{\"index\":{{\"_id\":\"{id}\",\"version\":{version},\"version_type\":\"external\"}}}}\n\
         {{\"id\":\"{id}\",\"found\":true,\"empty\":false,\"versions\":{{\"details\":{version},\"price\":{version}}},\
         \"parts\":{{\"details\":{{{texts},\"author\":[\"{author}\"],\"language\":[\"en\"]}},\
         \"price\":{{\"price\":[{price}],\"currency\":[\"GBP\"]}}}},\"stems\":{{\"en\":{{{texts}}}}}}}\n"
    )
}

#[allow(clippy::cast_precision_loss)]
fn report(documents: u64, sum: &Seconds) {
    use std::io::Write;
    let mut out = std::io::stdout();
    let rate = |seconds: f64| documents as f64 / seconds;
    let bytes = raw_lines(1, 1).len();
    let _ = writeln!(out, "{documents} documents, {bytes} bytes each as they are sent");
    for (what, seconds, raw) in [
        ("new, plain bulks", sum.raw_new, sum.raw_new),
        ("new, apply", sum.new, sum.raw_new),
        ("updates, plain bulks", sum.raw_updates, sum.raw_updates),
        ("updates, apply, remembered", sum.remembered, sum.raw_updates),
        ("updates, apply, read first", sum.read_first, sum.raw_updates),
    ] {
        let _ = writeln!(out, "{what:<28}{:>10.0}/s{:>8.2}", rate(seconds), raw / seconds);
    }
}
