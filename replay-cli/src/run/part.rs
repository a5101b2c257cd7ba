//! Which part of the log a rebuild takes: where it begins and ends in each partition, and whose events.

use std::collections::BTreeSet;

use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;
use chimera_model::Change;
use chimera_worker::Selection;

use crate::cli::RunOptions;
use crate::data::Positions;
use crate::failure::Failure;
use crate::inspect::search;
use crate::open_log::OpenLog;

/// A part of the log.
pub(crate) struct Part {
    /// How it was asked for; none for the whole log. Runs of the same part are gone on with.
    pub(crate) text: Option<String>,
    /// The first sequence of each partition.
    pub(crate) first: Positions,
    /// Where each partition ends; none to go to the end of the log, wherever that is by then.
    pub(crate) last: Option<Positions>,
    pub(crate) selection: Option<Selection>,
}

impl Part {
    pub(crate) async fn of(log: &OpenLog, options: &RunOptions) -> Result<Self, Failure> {
        let ends = log.all_ends()?;
        let mut part =
            Self { text: text(options), first: Positions::new(), last: None, selection: None };
        for (partition, end) in &ends {
            if let Some(from) = options.from {
                let first = from.first(log, partition, *end).await?;
                part.first.insert(partition.clone(), first);
            }
            if let Some(until) = options.until {
                let last = until.last(log, partition, *end).await?;
                part.last.get_or_insert_default().insert(partition.clone(), last);
            }
        }
        if let Some([kind, id]) = options.only.as_deref() {
            part.selection = Some(selection(log, kind, id).await?);
        }
        Ok(part)
    }
}

fn text(options: &RunOptions) -> Option<String> {
    let mut words = Vec::new();
    words.extend(options.from.map(|from| format!("from {}", in_words(from))));
    words.extend(options.until.map(|until| format!("until {}", in_words(until))));
    words.extend(options.only.as_ref().map(|only| format!("only {}", only.join(" "))));
    (!words.is_empty()).then(|| words.join(", "))
}

fn in_words(bound: super::Bound) -> String {
    match bound {
        super::Bound::Sequence(sequence) => format!("sequence {sequence}"),
        super::Bound::Time(time) => time.to_string(),
    }
}

/// The aggregates that one product, order or customer is about.
async fn selection(log: &OpenLog, kind: &str, id: &str) -> Result<Selection, Failure> {
    let one = BTreeSet::from([id.to_owned()]);
    match kind {
        "product" => {
            Ok(Selection::default().and(Product::STREAM, one.clone()).and(Stock::STREAM, one))
        }
        "order" => {
            Ok(Selection::default().and(Order::STREAM, one.clone()).and(Payment::STREAM, one))
        }
        "customer" => {
            let orders = orders_of(log, id).await?;
            if orders.is_empty() {
                return Err(Failure::Failed(format!("the log has no order of customer {id}")));
            }
            Ok(Selection::default().and(Order::STREAM, orders.clone()).and(Payment::STREAM, orders))
        }
        _ => Err(Failure::Usage(format!("--only {kind}: must be product, order or customer"))),
    }
}

/// Every order of a customer, which its first event names.
async fn orders_of(log: &OpenLog, customer: &str) -> Result<BTreeSet<String>, Failure> {
    let mut orders = BTreeSet::new();
    for hit in search::holding(log, log.ends(&[Order::STREAM])?, customer).await? {
        let decoded = log.decoder.decode(&hit.partition, &hit.value);
        if let Ok(Change::Order(order)) = decoded
            && order.event.head().customer_id.as_key().as_ref() == customer
        {
            orders.insert(order.key.to_string());
        }
    }
    Ok(orders)
}
