//! What staff asks of the projections: how they stand, and what to do with events that could not be applied.
//!
//! The only endpoints that know the worker. Nothing is applied here: a request is left for whoever feeds the partition.

mod ask;
mod list;
mod projections;
mod show;

use chimera_kit::codes;
use chimera_kit::problem::Problem;
use chimera_model::{ALL, ReadModel};
use chimera_stores::{Generations, View};
use chimera_worker::{AskError, Clock, Feeder, Positions};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the endpoints here need.
#[derive(Clone)]
pub struct Projections {
    /// Knows the stores and the log, and so the dead letters.
    pub feeder: Feeder,
    /// Which generation is live.
    pub generations: Generations,
    /// How far this process has come.
    pub positions: Positions,
    /// The time.
    pub clock: Clock,
}

/// `/admin/…`, to be put under the API's prefix.
pub fn admin_routes(state: Projections) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(projections::projections))
        .routes(routes!(list::list))
        .routes(routes!(show::show))
        .routes(routes!(ask::retry))
        .routes(routes!(ask::retry_all))
        .routes(routes!(ask::drop_events))
        .with_state(state)
}

impl Projections {
    /// The models of this name, with their live generations; all without a name.
    fn live(&self, name: Option<&str>) -> Result<Vec<(&'static ReadModel, View)>, Problem> {
        let mut found = Vec::new();
        for model in ALL.iter().filter(|model| name.is_none_or(|name| name == model.name)) {
            let live = self.generations.live_generation(model.name);
            let generation = live.map_err(|error| unavailable(&error))?;
            found.push((*model, View::new(model.name, generation)));
        }
        match name {
            Some(name) if found.is_empty() => {
                let detail = format!("there is no read model {name}");
                Err(Problem::new(codes::READ_MODEL_NOT_FOUND, detail))
            }
            _ => Ok(found),
        }
    }

    fn one(&self, name: &str) -> Result<(&'static ReadModel, View), Problem> {
        let found = self.live(Some(name))?.pop();
        let none = || Problem::new(codes::READ_MODEL_NOT_FOUND, "there is no such read model");
        found.ok_or_else(none)
    }
}

fn problem(error: &AskError) -> Problem {
    match error {
        AskError::NotParked { .. } => Problem::new(codes::DEAD_LETTER_NOT_FOUND, error.to_string()),
        AskError::Store(_) | AskError::Log(_) => unavailable(error),
    }
}

fn unavailable(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "the projections cannot be asked");
    Problem::new(codes::READ_UNAVAILABLE, "the projections cannot be asked now; try again shortly")
}
