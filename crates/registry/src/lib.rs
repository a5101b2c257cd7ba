//! The schema registry: gives the schemas of this program their ids, keeps what does not fit out, and knows the schemas of others.
//!
//! The only room that talks to a registry, Confluent's or one with its API (Apicurio). Needed when a process starts; afterwards
//! only for ids never seen before. Never decides what an event means.

mod answer;
mod client;
mod error;
mod patience;
mod plan;
mod restored;
mod saved;
mod settings;
mod settle;
mod source;
mod start;

pub use error::RegistryError;
pub use plan::{Level, SubjectPlan};
pub use settings::{Login, RegistrySettings};
pub use settle::Settled;
pub use start::ids_at_start;

/// A registry that can be asked; the client of one runtime.
pub struct Registry {
    client: client::Client,
    settings: RegistrySettings,
}

impl Registry {
    /// The registry of these settings; nothing is asked yet.
    ///
    /// # Errors
    /// If the settings make no HTTP client.
    pub fn new(settings: &RegistrySettings) -> Result<Self, RegistryError> {
        Ok(Self { client: client::Client::new(settings)?, settings: settings.clone() })
    }
}
