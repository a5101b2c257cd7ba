//! `replay dlq`: dead letters, listed, shown, tried again, dropped. A file a verb.
//!
//! Asks the worker's dead letters; carries a request out at once where no node can be feeding meanwhile.

mod drop;
mod list;
mod retry;
mod show;

use chimera_config::Config;
use chimera_model::ReadModel;
use chimera_stores::View;
use chimera_worker::{AskError, DeadLetters, Feeder};
use serde::Serialize;

use crate::cli::DlqVerb;
use crate::data::Data;
use crate::failure::Failure;
use crate::models;

pub(crate) use list::Waiting;
pub(crate) use show::{Content, Letter};

/// What was found or done.
#[derive(Debug, Serialize)]
pub struct DlqReport {
    /// Always `ok`.
    pub verdict: &'static str,
    /// What it is about.
    #[serde(flatten)]
    pub(crate) what: What,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    Aggregates(Vec<Waiting>),
    Letters(Vec<Letter>),
    Asked(Asked),
}

/// What was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Asked {
    pub(crate) verb: &'static str,
    /// How many aggregates (retry of all) or events it is about.
    pub(crate) about: u64,
    /// Whether it has been carried out; else whoever feeds the partition will.
    pub(crate) done: bool,
    /// How many events wait now in the read models it was about.
    pub(crate) waiting: u64,
}

pub(crate) async fn dlq(config: &Config, verb: &DlqVerb) -> Result<DlqReport, Failure> {
    let data = Data::open(config).await?;
    let desk = Desk { feeder: data.feeder(data.all())?, data: &data };
    let what = match verb {
        DlqVerb::List { models } => What::Aggregates(list::list(&desk, models).await?),
        DlqVerb::Show(of) => What::Letters(show::show(&desk, of).await?),
        DlqVerb::Retry { model, id, .. } => {
            What::Asked(retry::retry(&desk, model.as_deref(), id.as_deref()).await?)
        }
        DlqVerb::Drop { of, reason, all, yes } => {
            drop::confirmed(*yes, of, *all)?;
            What::Asked(drop::drop(&desk, of, reason, *all).await?)
        }
    };
    Ok(DlqReport { verdict: "ok", what })
}

/// What the verbs need.
struct Desk<'a> {
    data: &'a Data,
    feeder: Feeder,
}

impl Desk<'_> {
    fn letters(&self) -> DeadLetters {
        self.feeder.dead_letters()
    }

    /// The models of these names that have a live generation.
    async fn live(&self, names: &[String]) -> Result<Vec<(&'static ReadModel, View)>, Failure> {
        let mut views = Vec::new();
        for model in models::chosen(names)? {
            if let Some(generation) = self.data.live(model).await? {
                views.push((model, View::new(model.name, generation)));
            }
        }
        Ok(views)
    }

    async fn one(&self, name: &str) -> Result<(&'static ReadModel, View), Failure> {
        let found = self.live(&[name.to_owned()]).await?.pop();
        found.ok_or_else(|| Failure::Failed(format!("{name} has never been built")))
    }

    /// Carries out what was asked, where nobody else can be feeding these views: this process has the log alone.
    async fn carried_out(
        &self,
        verb: &'static str,
        about: u64,
        views: &[(&'static ReadModel, View)],
    ) -> Result<Asked, Failure> {
        let done = self.data.log.embedded.is_some();
        let mut waiting = 0;
        for (model, view) in views {
            if done {
                let target = self.feeder.target(model, view.generation);
                self.feeder.carry_out_requests(&target).await.map_err(Failure::failed)?;
            }
            waiting += self.letters().totals(model, *view).await.map_err(asked)?.1;
        }
        Ok(Asked { verb, about, done, waiting })
    }
}

fn asked(error: AskError) -> Failure {
    Failure::failed(error)
}
