//! Schemas by their texts, for what goes from one log into another: the registry's, or those that come with the program.

use anyhow::bail;
use chimera_codec::{SchemaIds, bundled_schemas};
use chimera_config::Config;
use chimera_registry::Registry;

use crate::schemas::registry_settings;

/// Where the schemas of the log of these settings are known.
pub struct SchemaHome {
    registry: Option<Registry>,
    ids: SchemaIds,
}

impl SchemaHome {
    /// Of these settings; `ids` are those of the program's own schemas. Nothing is asked yet.
    ///
    /// # Errors
    /// If the settings of the registry make no client.
    pub fn new(config: &Config, ids: SchemaIds) -> anyhow::Result<Self> {
        let registry = registry_settings(config);
        let registry = registry.map(|settings| Registry::new(&settings)).transpose()?;
        Ok(Self { registry, ids })
    }

    /// The schema under an id, Avro JSON; none if nobody knows it.
    ///
    /// # Errors
    /// If the registry does not answer.
    pub async fn text(&self, id: u32) -> anyhow::Result<Option<String>> {
        let own = bundled_schemas().iter().find(|schema| self.ids.of(schema) == Ok(id));
        match (own, &self.registry) {
            (Some(own), _) => Ok(Some(own.json.to_owned())),
            (None, Some(registry)) => Ok(registry.schema(id).await?),
            (None, None) => Ok(None),
        }
    }

    /// The id of this very schema for a stream; with `register` it is registered where it is not.
    ///
    /// # Errors
    /// If the registry refuses it or does not answer, or there is none and the program does not have the schema itself.
    pub async fn id(
        &self,
        stream: &str,
        text: &str,
        register: bool,
    ) -> anyhow::Result<Option<u32>> {
        if let Some(registry) = &self.registry {
            return Ok(registry.id_of(stream, text, register).await?);
        }
        let own = bundled_schemas().iter().filter(|schema| schema.stream == stream);
        let own = own.into_iter().find(|schema| is_same(schema.json, text));
        let Some(own) = own else {
            bail!(
                "a schema of {stream} is of another release, and without a registry only those of this one are known; restore \
                 with the release that wrote the last events, or into a log on Kafka with a registry"
            );
        };
        Ok(Some(own.id))
    }
}

/// Whether two schemas differ in nothing but white space.
fn is_same(one: &str, other: &str) -> bool {
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || parsed(one).is_some_and(|one| Some(one) == parsed(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_registry_the_schemas_are_those_of_the_program() {
        let home = SchemaHome::new(&Config::default(), SchemaIds::default()).unwrap();
        let [own, other, ..] = bundled_schemas() else { unreachable!() };
        assert_eq!(home.text(own.id).await.unwrap().as_deref(), Some(own.json));
        assert_eq!(home.text(7).await.unwrap(), None);
        let packed: serde_json::Value = serde_json::from_str(own.json).unwrap();
        let packed = packed.to_string();
        assert_ne!(packed, own.json);
        assert_eq!(home.id(own.stream, &packed, true).await.unwrap(), Some(own.id));
        let refused = home.id(own.stream, other.json, true).await.unwrap_err().to_string();
        assert!(refused.contains("of another release"), "{refused}");
    }
}
