//! Why the registry does not give what is needed, by what is to be done about it.

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// It does not answer, or not now; asking again later may help.
    #[error("the schema registry at {url} does not answer: {reason}")]
    Unavailable {
        /// Where it should be.
        url: String,
        /// What happened.
        reason: String,
    },
    /// It does not let this process do it.
    #[error(
        "the schema registry at {url} does not allow this account to {action} ({reason}); check registry.username and \
         registry.password, or let an account with the right run `chimera migrate` first"
    )]
    Denied {
        /// Where it is.
        url: String,
        /// What was asked for.
        action: String,
        /// What it said.
        reason: String,
    },
    /// Readers of this release could not read what is there already.
    #[error(
        "the schema registry refuses version {version} of {subject}, because it cannot read every event that was written \
         before ({reason}); run the release whose schema is registered, or change the schema so that it only adds fields \
         with defaults"
    )]
    Incompatible {
        /// The subject.
        subject: String,
        /// The version of this release's schema.
        version: i32,
        /// What it said.
        reason: String,
    },
    /// What was kept of another registry does not fit what is in this one.
    #[error(
        "the schema registry refuses a schema of {subject} that events were written with: {reason}"
    )]
    Refused {
        /// The subject.
        subject: String,
        /// What it said.
        reason: String,
    },
    /// It gives other ids than before, which no registry does that has kept what it was given.
    #[error(
        "the schema registry at {url} gives other ids than before, so it has lost what it knew, and events cannot be read by it; \
         docs/operations.md says what to do when the registry is lost"
    )]
    Forgetful {
        /// Where it is.
        url: String,
    },
    /// The file of its authority will not do.
    #[error("registry.ca_file {path} cannot be used: {reason}")]
    Authority {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What answers is no registry, or none that is understood.
    #[error(
        "what answers at {url} is no schema registry ({reason}); registry.url must be the base of a Confluent API, such as \
         http://host:8081, or http://host:8081/apis/ccompat/v7 for Apicurio"
    )]
    Unusable {
        /// Where it should be.
        url: String,
        /// What was strange.
        reason: String,
    },
}
