//! Where restore points lie: a directory, or a bucket and a prefix. The only file that names the object store's interface.
//!
//! Objects are made once and never changed: making one again that is there already is no mistake.

use std::path::{Path as FilePath, absolute};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, parse_url_opts};
use url::Url;

use crate::error::BackupError;

/// Where restore points lie. Cheap to clone.
#[derive(Clone)]
pub struct Place {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    name: String,
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// From the place on.
    pub(crate) object: String,
    pub(crate) bytes: u64,
}

impl Place {
    /// The place of a path or a URL: `file://`, `s3://bucket/prefix`, `gs://…`, `az://…`, with what the environment says of
    /// credentials and endpoints. A directory that is not there yet is made if `make`.
    ///
    /// # Errors
    /// [`BackupError::Usage`] if it is neither, or the directory is not there.
    pub fn open(url: &str, make: bool) -> Result<Self, BackupError> {
        let usage = |reason: String| BackupError::Usage(format!("{url}: {reason}"));
        if !url.contains("://") {
            return Self::directory(FilePath::new(url), make);
        }
        let parsed = Url::parse(url).map_err(|error| usage(error.to_string()))?;
        if parsed.scheme() == "file" {
            let path = parsed.to_file_path();
            let path = path.map_err(|()| usage("write it as file:///directory".to_owned()))?;
            return Self::directory(&path, make);
        }
        let opened = parse_url_opts(&parsed, credentials());
        let (store, prefix) = opened.map_err(|error| usage(error.to_string()))?;
        Ok(Self { store: store.into(), prefix, name: url.trim_end_matches('/').to_owned() })
    }

    fn directory(path: &FilePath, make: bool) -> Result<Self, BackupError> {
        let usage = |reason: String| BackupError::Usage(format!("{}: {reason}", path.display()));
        let path = absolute(path).map_err(|error| usage(error.to_string()))?;
        if make {
            std::fs::create_dir_all(&path).map_err(|error| usage(error.to_string()))?;
        } else if !path.is_dir() {
            return Err(usage("there is no such directory".to_owned()));
        }
        let store = LocalFileSystem::new_with_prefix(&path);
        let store = store.map_err(|error| usage(error.to_string()))?.with_fsync(true);
        let name = path.display().to_string();
        Ok(Self { store: Arc::new(store), prefix: Path::default(), name })
    }

    /// A place in this store; for tests and for stores that are opened otherwise.
    #[must_use]
    pub fn of(store: Arc<dyn ObjectStore>, name: &str) -> Self {
        Self { store, prefix: Path::default(), name: name.to_owned() }
    }

    /// As it was named.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes an object; false if one of this name is there.
    pub(crate) async fn create(&self, object: &str, bytes: Bytes) -> Result<bool, BackupError> {
        let options = PutOptions::from(PutMode::Create);
        match self.store.put_opts(&self.path(object), bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed("write", object, &error)),
        }
    }

    /// Makes an object that is named after its content, unless it is there; one that is not whole is replaced.
    pub(crate) async fn keep(&self, object: &str, bytes: Bytes) -> Result<bool, BackupError> {
        let there = self.size(object).await?;
        if there == Some(bytes.len() as u64) {
            return Ok(false);
        }
        if there.is_none() {
            return self.create(object, bytes).await;
        }
        let put = self.store.put(&self.path(object), bytes.into()).await;
        put.map(|_| true).map_err(|error| self.failed("write", object, &error))
    }

    /// An object whole; none if it is not there.
    pub(crate) async fn get(&self, object: &str) -> Result<Option<Bytes>, BackupError> {
        let got = match self.store.get(&self.path(object)).await {
            Ok(got) => got.bytes().await,
            Err(error) => Err(error),
        };
        self.there(got, "read", object)
    }

    /// The last bytes of an object, at most so many.
    pub(crate) async fn tail(&self, object: &str, range: (u64, u64)) -> Result<Bytes, BackupError> {
        let got = self.store.get_range(&self.path(object), range.0..range.1).await;
        got.map_err(|error| self.failed("read", object, &error))
    }

    /// How large an object is; none if it is not there.
    pub(crate) async fn size(&self, object: &str) -> Result<Option<u64>, BackupError> {
        let head = self.store.head(&self.path(object)).await.map(|meta| meta.size);
        self.there(head, "look for", object)
    }

    /// Every object under a prefix, by name.
    pub(crate) async fn list(&self, under: &str) -> Result<Vec<Found>, BackupError> {
        let prefix = self.path(under);
        let listed = self.store.list(Some(&prefix)).try_collect::<Vec<_>>().await;
        let listed = listed.map_err(|error| self.failed("list", under, &error))?;
        let mut found = Vec::new();
        for meta in listed {
            let Some(parts) = meta.location.prefix_match(&self.prefix) else { continue };
            let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            found.push(Found { object: parts.join("/"), bytes: meta.size });
        }
        found.sort_by(|one, other| one.object.cmp(&other.object));
        Ok(found)
    }

    fn path(&self, object: &str) -> Path {
        self.prefix.parts().chain(Path::from(object).parts()).collect()
    }

    fn there<T>(
        &self,
        got: Result<T, Error>,
        action: &str,
        object: &str,
    ) -> Result<Option<T>, BackupError> {
        match got {
            Ok(got) => Ok(Some(got)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(action, object, &error)),
        }
    }

    fn failed(&self, action: &str, object: &str, error: &Error) -> BackupError {
        let (place, reason) = (self.name.clone(), error.to_string());
        BackupError::Store { place, action: format!("{action} {object}"), reason }
    }
}

/// What the environment says under the names that the clouds' own tools use; nothing else of it means anything here.
fn credentials() -> impl Iterator<Item = (String, String)> {
    let named = |name: &str| ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|by| name.starts_with(by));
    std::env::vars().filter(move |(name, _)| named(name))
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    async fn keeps_its_promises(place: &Place) {
        assert!(place.create("a/b", Bytes::from_static(b"one")).await.unwrap());
        assert!(!place.create("a/b", Bytes::from_static(b"two")).await.unwrap());
        assert_eq!(place.get("a/b").await.unwrap().unwrap(), "one");
        assert_eq!(place.get("a/c").await.unwrap(), None);
        assert!(!place.keep("a/b", Bytes::from_static(b"one")).await.unwrap());
        assert!(place.keep("a/b", Bytes::from_static(b"whole")).await.unwrap());
        assert_eq!(place.tail("a/b", (2, 5)).await.unwrap(), "ole");
        assert_eq!(
            (place.size("a/b").await.unwrap(), place.size("b").await.unwrap()),
            (Some(5), None)
        );
        place.create("a/a", Bytes::new()).await.unwrap();
        place.create("ab/a", Bytes::new()).await.unwrap();
        let found = place.list("a").await.unwrap();
        let names: Vec<&str> = found.iter().map(|found| &*found.object).collect();
        assert_eq!(names, ["a/a", "a/b"]);
        assert_eq!(place.list("nothing").await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_directory_is_a_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("not/there yet");
        assert!(Place::open(path.to_str().unwrap(), false).is_err());
        keeps_its_promises(&Place::open(path.to_str().unwrap(), true).unwrap()).await;
        let url = Url::from_file_path(&path).unwrap();
        let again = Place::open(url.as_str(), false).unwrap();
        assert_eq!(again.get("a/b").await.unwrap().unwrap(), "whole");
    }

    #[tokio::test]
    async fn a_prefix_in_a_bucket_is_a_place() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        keeps_its_promises(&Place::of(store.clone(), "bucket")).await;
        let place = Place { prefix: Path::from("deep/er"), ..Place::of(store, "bucket") };
        keeps_its_promises(&place).await;
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for url in ["ftp://somewhere", "s3:/\u{0}", "://"] {
            assert!(matches!(Place::open(url, false), Err(BackupError::Usage(_))), "{url}");
        }
    }
}
