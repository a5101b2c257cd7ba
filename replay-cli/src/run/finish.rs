//! `replay run --promote`: what was built beside is proved by content, and readers are switched to what was proved.

use super::Rebuilt;
use crate::cli::{Decided, PromoteOptions};
use crate::data::Data;
use crate::failure::Failure;
use crate::models;
use crate::promote;
use crate::verify::{Asked, proved};

pub(super) async fn promote(data: &Data, built: &mut [Rebuilt], yes: bool) -> Result<(), Failure> {
    let is_beside = |model: &&mut Rebuilt| model.problem.is_none() && !model.is_live;
    let mut asked = Vec::new();
    for model in built.iter_mut().filter(is_beside) {
        let of = models::one(model.name)?;
        asked.push(Asked { model: of, generation: model.generation, against: None });
    }
    if asked.is_empty() {
        return Ok(());
    }
    proved(data, asked, None, 0).await?;
    for model in built.iter_mut().filter(is_beside) {
        let how = Decided { reason: None, yes, dry_run: false };
        let (name, generation) = (model.name.to_owned(), model.generation);
        let options = PromoteOptions { model: name, generation, force: false, how };
        let report = promote::switch(data, &options).await?;
        model.is_live = report.verdict == "done";
        if !model.is_live {
            model.problem = Some(format!("it was not promoted: {}", report.against.join("; ")));
        }
    }
    Ok(())
}
