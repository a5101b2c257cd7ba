//! Properties of librdkafka by their own names. What is secret among them never shows itself.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// Parts of the names whose values are secret, such as `sasl.password` and `ssl.key.pem`.
const SECRET: [&str; 5] = ["password", "passphrase", "secret", "key.pem", "keystore.pem"];

/// Values by name.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Each with its true value; never for printing.
    #[must_use]
    pub fn expose(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    fn shown(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_secret = |name: &str| SECRET.iter().any(|part| name.contains(part));
        self.0.iter().map(move |(name, value)| {
            (name.as_str(), if is_secret(name) { "***" } else { value.as_str() })
        })
    }
}

impl From<BTreeMap<String, String>> for Properties {
    fn from(properties: BTreeMap<String, String>) -> Self {
        Self(properties)
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_shown() {
        let property = |name: &str| (name.to_owned(), "hush".to_owned());
        let names =
            ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret"];
        let properties = Properties::from(BTreeMap::from(names.map(property)));
        let printed = toml::to_string(&properties).unwrap();
        assert!(!printed.contains("hush") && !format!("{properties:?}").contains("hush"));
        let open = Properties::from(BTreeMap::from([property("socket.keepalive.enable")]));
        assert!(toml::to_string(&open).unwrap().contains("hush"));
        assert_eq!(properties.expose()["sasl.password"], "hush");
    }
}
