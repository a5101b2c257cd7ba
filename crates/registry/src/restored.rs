//! Schemas that come back from a backup: found again under the ids of this registry, or registered anew. Knows no backup.

use crate::answer::No;
use crate::{Registry, RegistryError};

impl Registry {
    /// The id under which this very schema is known for the values of a stream; with `register` it is registered where it is
    /// not.
    ///
    /// # Errors
    /// If the registry refuses the schema, or would refuse it, or does not answer.
    pub async fn id_of(
        &self,
        stream: &str,
        json: &str,
        register: bool,
    ) -> Result<Option<u32>, RegistryError> {
        let subject = format!("{}{stream}-value", self.settings.topic_prefix);
        let error = |no: No, action: &str| match no {
            No::Incompatible(reason) => RegistryError::Refused { subject: subject.clone(), reason },
            no => self.client.error(no, &format!("{action} {subject}")),
        };
        let found = self.client.find(&subject, json).await;
        if let Some(id) = found.map_err(|no| error(no, "look up"))? {
            return Ok(Some(id));
        }
        if register {
            let registered = self.client.register(&subject, json).await;
            return registered.map(Some).map_err(|no| error(no, "register a schema of"));
        }
        let refusal = self.client.refusal(&subject, json).await;
        match refusal.map_err(|no| error(no, "try a schema of"))? {
            Some(reason) => Err(error(No::Incompatible(reason), "register a schema of")),
            None => Ok(None),
        }
    }
}
