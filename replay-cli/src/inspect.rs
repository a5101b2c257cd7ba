//! `replay inspect`: single things in the log. An aggregate and its past, an event, what followed from a request. A file a verb.
//!
//! Opens the log and nothing else, so that it works where every store is lost.

mod causes;
mod difference;
mod event;
mod event_shown;
mod moment;
pub(crate) mod search;
mod timeline;

use chimera_config::Config;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;
use serde::Serialize;

pub(crate) use causes::{Cause, Causes};
pub(crate) use difference::Changed;
pub(crate) use event::Found;
pub(crate) use event_shown::{Content, EventShown};
pub(crate) use moment::Moment;
pub(crate) use timeline::Timeline;

use crate::cli::InspectVerb;
use crate::failure::Failure;
use crate::open_log::OpenLog;

/// What was found.
#[derive(Debug, Serialize)]
pub struct InspectReport {
    /// Always `ok`.
    pub verdict: &'static str,
    #[serde(flatten)]
    pub(crate) what: What,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Aggregate(Timeline),
    #[serde(untagged)]
    Event(Found),
    #[serde(untagged)]
    Causes(Causes),
}

pub(crate) async fn inspect(config: &Config, verb: &InspectVerb) -> Result<InspectReport, Failure> {
    let log = OpenLog::open(config).await?;
    let decoder = &log.decoder;
    let what = match verb {
        InspectVerb::Product(of) => {
            What::Aggregate(timeline::of::<Product>(&log, &decoder.product, of).await?)
        }
        InspectVerb::Stock(of) => {
            What::Aggregate(timeline::of::<Stock>(&log, &decoder.stock, of).await?)
        }
        InspectVerb::Order(of) => {
            What::Aggregate(timeline::of::<Order>(&log, &decoder.order, of).await?)
        }
        InspectVerb::Payment(of) => {
            What::Aggregate(timeline::of::<Payment>(&log, &decoder.payment, of).await?)
        }
        InspectVerb::Event { id } => What::Event(event::find(&log, *id).await?),
        InspectVerb::Causes { correlation } => What::Causes(causes::find(&log, correlation).await?),
    };
    Ok(InspectReport { verdict: "ok", what })
}
