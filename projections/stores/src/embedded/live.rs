//! The live pointers in one small file, replaced whole: readers in this process see the new one at once.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::{OpenError, StoreError};
use crate::generations::Generations;

const FORMAT: u32 = 1;

/// The live pointers of one directory.
pub struct EmbeddedLive {
    path: PathBuf,
    pointers: RwLock<BTreeMap<String, u32>>,
    writing: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    live: BTreeMap<String, u32>,
}

impl EmbeddedLive {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            path: path.to_owned(),
            pointers: RwLock::new(read(path)?),
            writing: Mutex::default(),
        })
    }

    fn move_pointer(&self, model: &str, generation: u32) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut live = self.pointers.read().unwrap_or_else(PoisonError::into_inner).clone();
        live.insert(model.to_owned(), generation);
        write(&self.path, &Stored { format: FORMAT, live: live.clone() })?;
        *self.pointers.write().unwrap_or_else(PoisonError::into_inner) = live;
        Ok(())
    }
}

#[async_trait]
impl Generations for EmbeddedLive {
    async fn live_generation(&self, model: &str) -> Result<Option<u32>, StoreError> {
        let pointers = self.pointers.read().unwrap_or_else(PoisonError::into_inner);
        Ok(pointers.get(model).copied())
    }

    async fn set_live(&self, model: &str, generation: u32) -> Result<(), StoreError> {
        self.move_pointer(model, generation).map_err(|error| {
            StoreError::Transient(format!("{} cannot be written: {error}", self.path.display()))
        })
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, u32>, OpenError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => {
            return Err(OpenError::Unavailable {
                path: path.to_owned(),
                reason: error.to_string(),
            });
        }
    };
    let stored: Stored = serde_json::from_slice(&bytes)
        .map_err(|error| OpenError::Damaged { path: path.to_owned(), reason: error.to_string() })?;
    if stored.format != FORMAT {
        let reason = format!("format {FORMAT} was expected and {} found", stored.format);
        return Err(OpenError::OtherFormat { path: path.to_owned(), reason });
    }
    Ok(stored.live)
}

/// A crash leaves the file before or the file after, never a part.
fn write(path: &Path, stored: &Stored) -> io::Result<()> {
    let next = path.with_extension("next");
    let mut file = File::create(&next)?;
    file.write_all(&serde_json::to_vec(stored)?)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}
