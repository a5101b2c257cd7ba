//! `replay rollback`: readers see the generation before again, brought up to the end of the log.

use chimera_config::Config;
use chimera_stores::Live;

use crate::cli::RollbackOptions;
use crate::data::Data;
use crate::failure::Failure;
use crate::models;
use crate::switch::{Decision, SwitchReport, decide};

pub(crate) async fn rollback(
    config: &Config,
    options: &RollbackOptions,
) -> Result<SwitchReport, Failure> {
    let model = models::one(&options.model)?;
    let data = Data::open(config).await?;
    let known = data.stores.live().live(model.name)?;
    let Some(Live { generation: live, previous: Some(generation), .. }) = known else {
        return Err(Failure::Failed(format!(
            "{} was never switched, so there is nothing to go back to",
            model.name
        )));
    };
    let previous = Some(live);
    let to = Live { generation, previous, ..crate::switch::now(&options.how) };
    decide(&data, model, Decision { known, to, against: Vec::new(), how: &options.how }).await
}
