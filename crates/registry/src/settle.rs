//! Makes the registry hold what this program writes: looks first, and changes only what is missing, so that an account which
//! may only read is enough where everything is in place.

use chimera_codec::{BundledSchema, bundled_schemas};

use crate::answer::No;
use crate::plan::{Level, SubjectPlan};
use crate::{Registry, RegistryError};

/// What has been made of one schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The schema.
    pub schema: BundledSchema,
    /// Its subject.
    pub subject: String,
    /// Its id.
    pub id: u32,
    /// Whether it was not registered before.
    pub registered: bool,
    /// Whether the subject's level of compatibility was set.
    pub level_set: bool,
}

impl Registry {
    /// Registers every schema of this program, and sets the level of each subject, where that has not been done.
    ///
    /// # Errors
    /// The first thing that stands in the way. What was done before stays and does no harm.
    pub async fn settle(&self) -> Result<Vec<Settled>, RegistryError> {
        let mut settled = Vec::new();
        for schema in bundled_schemas() {
            settled.push(self.settle_one(schema).await?);
        }
        Ok(settled)
    }

    async fn settle_one(&self, schema: &BundledSchema) -> Result<Settled, RegistryError> {
        let SubjectPlan { subject, id, level, .. } = self.look(schema).await?;
        let strict = level == Level::Strict;
        let (schema, registered) = (*schema, id.is_none());
        if let Some(id) = id {
            let level_set = !strict && self.tighten_if_allowed(&subject).await?;
            return Ok(Settled { schema, subject, id, registered, level_set });
        }
        // First the level: it is what keeps a schema out that does not fit.
        if !strict {
            let set = self.client.make_transitive(&subject).await;
            set.map_err(|no| self.client.error(no, &format!("set the level of {subject}")))?;
        }
        let id = self.register(&schema, &subject).await?;
        Ok(Settled { schema, subject, id, registered, level_set: !strict })
    }

    async fn register(&self, schema: &BundledSchema, subject: &str) -> Result<u32, RegistryError> {
        let registered = self.client.register(subject, schema.json).await;
        registered.map_err(|no| match no {
            No::Incompatible(reason) => {
                let (subject, version) = (subject.to_owned(), schema.version);
                RegistryError::Incompatible { subject, version, reason }
            }
            no => self.client.error(no, &format!("register a schema of {subject}")),
        })
    }

    /// Whether the level was set; where that is somebody else's right, a line in the log is all.
    async fn tighten_if_allowed(&self, subject: &str) -> Result<bool, RegistryError> {
        match self.client.make_transitive(subject).await {
            Ok(()) => Ok(true),
            Err(No::Denied(reason)) => {
                tracing::warn!(
                    subject,
                    reason,
                    "this account may not set the subject's level of compatibility; it should be BACKWARD_TRANSITIVE"
                );
                Ok(false)
            }
            Err(no) => Err(self.client.error(no, &format!("set the level of {subject}"))),
        }
    }
}
