//! Where the registry is, how it is entered, and how long it is waited for. Never shows the password.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chimera_codec::BundledSchema;

/// Where the registry is and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Base of its API, such as `http://127.0.0.1:8081`.
    pub url: String,
    /// For basic authentication.
    pub login: Option<Login>,
    /// PEM file of an authority that an `https` registry is believed by, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Stands before the name of every topic, and so of every subject.
    pub topic_prefix: String,
    /// How long one answer may take.
    pub request: Duration,
    /// How long a registry that is not there yet is waited for at the start.
    pub patience: Duration,
}

/// Name and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl RegistrySettings {
    /// The usual settings for the registry at `url`.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            login: None,
            ca_file: None,
            topic_prefix: String::new(),
            request: Duration::from_secs(5),
            patience: Duration::from_secs(30),
        }
    }

    /// The subject of a schema: that of the values of its topic.
    #[must_use]
    pub fn subject(&self, schema: &BundledSchema) -> String {
        format!("{}{}", self.topic_prefix, schema.subject())
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("username", &self.username).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chimera_codec::bundled_schemas;

    use super::*;

    #[test]
    fn a_subject_is_named_after_its_topic() {
        let settings = RegistrySettings {
            topic_prefix: "shop.".into(),
            ..RegistrySettings::new("http://127.0.0.1:1/")
        };
        assert_eq!(settings.subject(&bundled_schemas()[0]), "shop.ecommerce.product.product-value");
        assert_eq!(settings.url, "http://127.0.0.1:1");
    }

    #[test]
    fn the_password_is_not_shown() {
        let login = Login { username: "shop".into(), password: "hush".into() };
        assert!(!format!("{login:?}").contains("hush"));
    }
}
