//! What the registry holds of a schema, and what would have to be done about it. Changes nothing.

use chimera_codec::{BundledSchema, bundled_schemas};

use crate::answer::No;
use crate::client::TRANSITIVE;
use crate::{Registry, RegistryError};

/// What the registry holds of one schema of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectPlan {
    /// The schema.
    pub schema: BundledSchema,
    /// Its subject.
    pub subject: String,
    /// Its id, if it is registered.
    pub id: Option<u32>,
    /// The subject's level of compatibility.
    pub level: Level,
    /// Why the registry would refuse it as things stand; none if it would not, or if it is registered.
    pub refusal: Option<String>,
}

/// A subject's level of compatibility.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// It has none of its own.
    Unset,
    /// It refuses what cannot read everything before it.
    Strict,
    /// It has another one.
    Other(String),
    /// The registry does not show it to this account.
    Hidden,
}

impl Registry {
    /// What the registry holds of every schema of this program.
    ///
    /// # Errors
    /// If the registry does not answer, or does not allow to ask.
    pub async fn plan(&self) -> Result<Vec<SubjectPlan>, RegistryError> {
        let mut plans = Vec::new();
        for schema in bundled_schemas() {
            let mut plan = self.look(schema).await?;
            if plan.id.is_none() {
                let refusal = self.client.refusal(&plan.subject, schema.json).await;
                let action = format!("try a schema of {}", plan.subject);
                plan.refusal = refusal.map_err(|no| self.client.error(no, &action))?;
            }
            plans.push(plan);
        }
        Ok(plans)
    }

    /// What is there, without a trial.
    pub(crate) async fn look(&self, schema: &BundledSchema) -> Result<SubjectPlan, RegistryError> {
        let subject = self.settings.subject(schema);
        let found = self.client.find(&subject, schema.json).await;
        let id = found.map_err(|no| self.client.error(no, &format!("look up {subject}")))?;
        let level = self.level(&subject).await?;
        Ok(SubjectPlan { schema: *schema, subject, id, level, refusal: None })
    }

    async fn level(&self, subject: &str) -> Result<Level, RegistryError> {
        match self.client.level(subject).await {
            Ok(None) => Ok(Level::Unset),
            // The one asks for more than the other, and whoever set it has a reason.
            Ok(Some(level)) if level == TRANSITIVE || level == "FULL_TRANSITIVE" => {
                Ok(Level::Strict)
            }
            Ok(Some(level)) => Ok(Level::Other(level)),
            Err(No::Denied(_)) => Ok(Level::Hidden),
            Err(no) => Err(self.client.error(no, &format!("read the level of {subject}"))),
        }
    }
}
