//! How to reach OpenSearch, and how to spread and write the indices.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::StoreError;

/// Where the indices lie and how they are written. Its debug text does not show the password.
#[derive(Clone)]
pub struct OpenSearchOptions {
    /// Of a node, or of what stands before several, such as `http://127.0.0.1:9200`; without user and password.
    pub url: String,
    /// What the names of all indices begin with; two shops on one cluster differ in it. Lower case.
    pub prefix: String,
    /// Into how many shards each index is divided. Facets are exact with one.
    pub shards: u32,
    /// How many copies of each shard there are beside the first.
    pub replicas: u32,
    /// Who to log in as, with the password; none where OpenSearch asks nobody.
    pub login: Option<(String, String)>,
    /// A file with the certificates, as PEM, of those who may vouch for the server, beside the system's own.
    pub ca: Option<PathBuf>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many documents go into one request at most.
    pub bulk_documents: usize,
    /// How many bytes go into one request, about.
    pub bulk_bytes: usize,
    /// How many requests of one call are under way at once.
    pub in_flight: usize,
    /// How much of what was written last is remembered for each index, in bytes, so that it need not be read before it is
    /// written again.
    pub remembered_bytes: usize,
}

impl OpenSearchOptions {
    /// One shard without copies, no login: for a cluster of one node.
    #[must_use]
    pub fn at(url: &str, prefix: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: prefix.to_owned(),
            shards: 1,
            replicas: 0,
            login: None,
            ca: None,
            timeout: Duration::from_secs(30),
            bulk_documents: 1_000,
            bulk_bytes: 5 << 20,
            in_flight: 3,
            remembered_bytes: 32 << 20,
        }
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        let wrong = |what: &str| Err(StoreError::Fatal(format!("OpenSearch's settings: {what}")));
        let Ok(url) = reqwest::Url::parse(&self.url) else {
            return wrong("the address is no URL such as http://127.0.0.1:9200");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return wrong("the address begins with neither http:// nor https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("the address carries a login; give user and password by themselves");
        }
        if !good_prefix(&self.prefix) {
            return wrong(
                "the prefix is made of at most 64 of a-z, 0-9, '-' and '_', and begins with a letter or a digit",
            );
        }
        if self.shards == 0 || self.bulk_documents == 0 || self.bulk_bytes == 0 {
            return wrong("shards and the sizes of a bulk are at least 1");
        }
        if self.in_flight == 0 || self.timeout.is_zero() {
            return wrong("requests in flight are at least 1, and an answer is given some time");
        }
        Ok(())
    }
}

fn good_prefix(prefix: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let begins_well = !prefix.starts_with(['-', '_']);
    prefix.len() <= 64 && begins_well && prefix.chars().all(allowed)
}

impl fmt::Debug for OpenSearchOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSearchOptions")
            .field("url", &self.url)
            .field("prefix", &self.prefix)
            .field("shards", &self.shards)
            .field("replicas", &self.replicas)
            .field("user", &self.login.as_ref().map(|(user, _)| user))
            .field("ca", &self.ca)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let mut options = OpenSearchOptions::at("http://127.0.0.1:9200", "shop-");
        options.login = Some(("admin".to_owned(), "hush".to_owned()));
        let shown = format!("{options:?}");
        assert!(shown.contains("admin") && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_named() {
        assert_eq!(OpenSearchOptions::at("https://search:9200", "shop-").check(), Ok(()));
        for (url, prefix, named) in [
            ("search:9200", "", "http"),
            ("no address", "", "URL"),
            ("http://admin:hush@search:9200", "", "login"),
            ("http://search:9200", "Shop", "prefix"),
            ("http://search:9200", "_shop", "prefix"),
            ("http://search:9200", "a,b", "prefix"),
        ] {
            let Err(StoreError::Fatal(reason)) = OpenSearchOptions::at(url, prefix).check() else {
                panic!("{url} with {prefix} is taken");
            };
            assert!(reason.contains(named) && !reason.contains("hush"), "{reason}");
        }
    }
}
