//! How the settings come together: file < environment < flags. Knows no particular setting.
//!
//! `CHIMERA_HTTP_ADDRESS` and the flag `http.address` both set `address` in the section `http`.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Config;

const PREFIX: &str = "CHIMERA_";
/// Names the file itself, so it cannot stand in it.
const FILE: &str = "CHIMERA_CONFIG";
/// What begins so is for the project's own tests and scripts.
const TESTS: &str = "CHIMERA_STACK";
/// A section whose keys are names of another program, with dots in them.
const FOREIGN: &str = "kafka.properties.";

/// Why there are no settings; exit code 64.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system, or the parser, said.
        reason: String,
    },
    /// A key that isn't known, or a value of another kind.
    #[error("{key}: {reason}")]
    Setting {
        /// Which setting.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting that will not do.
    #[error("{key}: {must}")]
    Rule {
        /// Which setting.
        key: &'static str,
        /// What must be.
        must: &'static str,
    },
}

impl Config {
    /// Reads `file` if there is one, then lays the environment and the flags (`section.key`, value) over it.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(path) => read(path)?,
            None => Table::new(),
        };
        let usual = Table::try_from(Self::with_every_number()).unwrap_or_default();
        for (name, value) in environment {
            let setting = name != FILE && !name.starts_with(TESTS);
            if let Some(key) = name.strip_prefix(PREFIX).filter(|_| setting) {
                lay(&mut table, &usual, &path_of(key, &usual), &value)
                    .map_err(|reason| ConfigError::Setting { key: name.clone(), reason })?;
            }
        }
        for (key, value) in flags {
            lay(&mut table, &usual, &path_of_flag(key), value)
                .map_err(|reason| ConfigError::Setting { key: key.clone(), reason })?;
        }
        typed(table)?.checked()
    }
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let problem = |reason: String| ConfigError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
    text.parse().map_err(|error: toml::de::Error| problem(said_of(&error, &text)))
}

/// What the parser says and where, without the line itself: it may hold a secret.
fn said_of(error: &toml::de::Error, text: &str) -> String {
    let message = error.message();
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {message}", before.matches('\n').count() + 1),
        None => message.to_owned(),
    }
}

fn path_of_flag(key: &str) -> Vec<String> {
    if let Some(name) = key.strip_prefix(FOREIGN) {
        return vec!["kafka".to_owned(), "properties".to_owned(), name.to_owned()];
    }
    key.split('.').map(str::to_owned).collect()
}

/// `HTTP_ADDRESS` is `http.address`; `DATA_DIR`, which begins with no section's name, stays whole.
fn path_of(name: &str, usual: &Table) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    match name.split_once('_') {
        Some((section, key)) if usual.get(section).is_some_and(Value::is_table) => {
            vec![section.to_owned(), key.to_owned()]
        }
        _ => vec![name],
    }
}

/// Sets one value, read as the kind that the setting usually has; an unknown one is found out later, by its name.
fn lay(table: &mut Table, usual: &Table, path: &[String], text: &str) -> Result<(), String> {
    let Some((key, section)) = path.split_last() else { return Ok(()) };
    let (mut table, mut usual) = (table, Some(usual));
    for name in section {
        let inner = table.entry(name.clone()).or_insert_with(|| Value::Table(Table::new()));
        table = inner.as_table_mut().ok_or_else(|| format!("{name} is no section"))?;
        usual = usual.and_then(|usual| usual.get(name)).and_then(Value::as_table);
    }
    let value = match usual.and_then(|usual| usual.get(key)) {
        Some(Value::Integer(_)) => {
            Value::Integer(text.parse().map_err(|_| format!("{text:?} is no whole number"))?)
        }
        Some(Value::Boolean(_)) => {
            Value::Boolean(text.parse().map_err(|_| format!("{text:?} is not true or false"))?)
        }
        _ => Value::String(text.to_owned()),
    };
    table.insert(key.clone(), value);
    Ok(())
}

fn typed(table: Table) -> Result<Config, ConfigError> {
    serde_path_to_error::deserialize::<_, Config>(Value::Table(table)).map_err(|error| {
        let key = error.path().to_string();
        ConfigError::Setting { key, reason: error.into_inner().message().to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file =
            file("data_dir = \"a\"\n[http]\naddress = \"127.0.0.1:1\"\n[log]\npartitions = 2\n");
        let environment = pairs(&[
            ("CHIMERA_HTTP_ADDRESS", "127.0.0.1:2"),
            ("CHIMERA_DATA_DIR", "b"),
            ("PATH", "x"),
        ]);
        let flags = pairs(&[("http.address", "127.0.0.1:3")]);
        let config = Config::load(Some(file.path()), environment, &flags).unwrap();
        assert_eq!(config.http.address.port(), 3);
        assert_eq!(config.data_dir, PathBuf::from("b"));
        assert_eq!(config.log.partitions, Some(2));
    }

    #[test]
    fn the_environment_reaches_every_kind_of_setting() {
        let environment = pairs(&[
            ("CHIMERA_LOG_PARTITIONS", "12"),
            ("CHIMERA_AUTH_MODE", "jwt"),
            ("CHIMERA_AUTH_JWT_SECRET", "12345678901234567890123456789012"),
            ("CHIMERA_ORDERS_TAX_PERCENT", "20"),
            ("CHIMERA_ORDERS_PAYMENT_WINDOW_MINUTES", "5"),
            ("CHIMERA_KAFKA_TOPIC_PREFIX", "shop."),
            ("CHIMERA_NODE_ROLES", "orders"),
            ("CHIMERA_CONFIG", "elsewhere.toml"),
            ("CHIMERA_STACK", "1"),
            ("CHIMERA_STACK_KAFKA", "127.0.0.1:1"),
        ]);
        let config = Config::load(None, environment, &[]).unwrap();
        assert_eq!((config.log.partitions, config.orders.payment_window_minutes), (Some(12), 5));
        assert_eq!(config.auth.jwt_secret.unwrap().expose().len(), 32);
        assert_eq!(
            (&*config.kafka.topic_prefix, config.node.roles.to_string()),
            ("shop.", "orders".to_owned())
        );
    }

    #[test]
    fn a_property_of_another_program_keeps_its_dots() {
        let flags = pairs(&[("kafka.properties.socket.keepalive.enable", "true")]);
        let config = Config::load(None, [], &flags).unwrap();
        assert_eq!(config.kafka.properties.expose()["socket.keepalive.enable"], "true");
    }

    #[test]
    fn an_unknown_key_is_refused_wherever_it_stands() {
        let in_file = file("[http]\nadress = \"127.0.0.1:1\"\n");
        let said = [
            Config::load(Some(in_file.path()), [], &[]),
            Config::load(None, pairs(&[("CHIMERA_HTPP_ADDRESS", "127.0.0.1:1")]), &[]),
            Config::load(None, [], &pairs(&[("http.port", "1")])),
        ];
        for (said, name) in said.into_iter().zip(["adress", "htpp_address", "port"]) {
            let said = said.unwrap_err().to_string();
            assert!(said.contains(name) && said.contains("unknown field"), "{said}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        let said = Config::load(None, pairs(&[("CHIMERA_LOG_PARTITIONS", "many")]), &[]);
        assert_eq!(
            said.unwrap_err().to_string(),
            "CHIMERA_LOG_PARTITIONS: \"many\" is no whole number"
        );
        let said = Config::load(None, [], &pairs(&[("orders.currency", "pounds")])).unwrap_err();
        assert!(said.to_string().starts_with("orders.currency: "), "{said}");
    }

    #[test]
    fn a_broken_line_is_named_by_its_number_and_not_shown() {
        for line in [
            "jwt_secret = hush-hush",
            "jwt_secret = \"hush-hush",
            "jwt_secret \"hush-hush\"",
            "jwt_secret = \"hush-hush\\q\"",
            "jwt_secret = \"x\" hush-hush",
            "hush-hush",
            "[hush-hush",
            "jwt_secret = \"a\"\njwt_secret = \"hush-hush\"",
        ] {
            let file = file(&format!("data_dir = \"a\"\n[auth]\n{line}\n"));
            let said = Config::load(Some(file.path()), [], &[]).unwrap_err().to_string();
            assert!(!said.contains("hush") && said.contains(": line "), "{said}");
        }
    }

    #[test]
    fn a_secret_of_the_wrong_kind_is_not_shown() {
        let file = file("[auth]\njwt_secret = 4711\n");
        let said = Config::load(Some(file.path()), [], &[]).unwrap_err().to_string();
        assert!(said.contains("auth.jwt_secret") && !said.contains("4711"), "{said}");
    }

    #[test]
    fn a_file_that_is_missing_or_broken_is_named() {
        let missing = Config::load(Some(Path::new("no-such-file.toml")), [], &[]).unwrap_err();
        assert!(missing.to_string().starts_with("no-such-file.toml: "));
        let broken = file("data_dir = ");
        assert!(matches!(
            Config::load(Some(broken.path()), [], &[]),
            Err(ConfigError::File { .. })
        ));
    }
}
