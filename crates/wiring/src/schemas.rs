//! Under which ids this process writes and reads: those of the registry where the log is on Kafka and there is one.

use chimera_codec::SchemaIds;
use chimera_config::{Config, LogKind};
use chimera_registry::{Login, RegistrySettings, ids_at_start};

/// The registry's last answer, in the data directory.
const COPY: &str = "schemas.json";

/// The ids of the schemas; looked up and, where they are missing, registered.
///
/// # Errors
/// If the registry refuses a schema, or does not answer and has not answered in this data directory before.
pub async fn ids(config: &Config) -> anyhow::Result<SchemaIds> {
    match registry_settings(config) {
        Some(settings) => Ok(ids_at_start(&settings, &config.data_dir.join(COPY)).await?),
        None => Ok(SchemaIds::default()),
    }
}

/// The registry, if there is one.
#[must_use]
pub fn registry_settings(config: &Config) -> Option<RegistrySettings> {
    if config.log.kind != LogKind::Kafka {
        return None;
    }
    let login = config.registry.username.as_ref().zip(config.registry.password.as_ref());
    let login = login.map(|(username, password)| Login {
        username: username.clone(),
        password: password.expose().to_owned(),
    });
    let topic_prefix = config.kafka.topic_prefix.clone();
    let url = config.registry.url.as_deref()?;
    let ca_file = config.registry.ca_file.clone();
    Some(RegistrySettings { login, ca_file, topic_prefix, ..RegistrySettings::new(url) })
}

#[cfg(test)]
mod tests {
    use chimera_config::Secret;

    use super::*;

    #[test]
    fn a_registry_is_for_logs_on_kafka() {
        let mut config = Config::default();
        config.registry.url = Some("http://127.0.0.1:8081/".into());
        assert_eq!(registry_settings(&config), None);
        config.log.kind = LogKind::Kafka;
        config.kafka.topic_prefix = "shop.".into();
        config.registry.username = Some("shop".into());
        config.registry.password = Some(Secret::new("hush".into()));
        let settings = registry_settings(&config).unwrap();
        assert_eq!((&*settings.url, &*settings.topic_prefix), ("http://127.0.0.1:8081", "shop."));
        assert_eq!(settings.login.unwrap().password, "hush");
    }
}
