//! Where an export goes: written beside its place under another name, and moved there when it is whole.
//!
//! Never touches a directory with anything in it but an export that is to be replaced.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::ExportError;
use crate::manifest::{MANIFEST, Manifest, write_durably};

/// In the directory of every export that lacks nothing, as Hadoop and Spark have it.
const SUCCESS: &str = "_SUCCESS";

/// The place of an export that is being written.
#[derive(Debug)]
pub struct Destination {
    dir: PathBuf,
    staging: PathBuf,
    replaced: PathBuf,
    /// Until when dropping it removes what was written.
    done: bool,
}

impl Destination {
    /// Looks whether an export may be written to `dir`; changes nothing.
    ///
    /// # Errors
    /// If something stands in the way that `replace` does not cover.
    pub fn check(dir: &Path, replace: bool) -> Result<(), ExportError> {
        Self::of(dir)?.look(replace)
    }

    /// Makes a directory to write into.
    ///
    /// # Errors
    /// As [`Destination::check`], and if the directory cannot be made.
    pub fn prepare(dir: &Path, replace: bool) -> Result<Self, ExportError> {
        let mut place = Self::of(dir)?;
        place.look(replace)?;
        remove(&place.staging)?;
        let made = fs::create_dir_all(&place.staging);
        made.map_err(|error| ExportError::write(&place.staging, &error))?;
        place.done = false;
        Ok(place)
    }

    fn of(dir: &Path) -> Result<Self, ExportError> {
        let Some(name) = dir.file_name() else {
            let problem = format!("{} has no name of its own; name a new directory", dir.display());
            return Err(ExportError::Refused(problem));
        };
        let beside = |what: &str| {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(what);
            dir.with_file_name(hidden)
        };
        let (staging, replaced) = (beside(".unfinished"), beside(".replaced"));
        Ok(Self { dir: dir.to_owned(), staging, replaced, done: true })
    }

    fn look(&self, replace: bool) -> Result<(), ExportError> {
        let refused = |problem: String| Err(ExportError::Refused(problem));
        let dir = self.dir.display();
        for left in [&self.staging, &self.replaced] {
            if left.exists() && !replace {
                return refused(format!(
                    "{} is there: another export is being written, or one was interrupted. If none is running, remove it, or \
                     repeat this with --replace --yes",
                    left.display()
                ));
            }
        }
        match fs::read_dir(&self.dir).map(|mut entries| entries.next().is_none()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => refused(format!("{dir} cannot be used: {error}")),
            Ok(true) => Ok(()),
            Ok(false) if !self.dir.join(MANIFEST).is_file() => {
                refused(format!("{dir} holds something that is no export; name another directory"))
            }
            Ok(false) if replace => Ok(()),
            Ok(false) => refused(format!(
                "{dir} holds an export; name another directory, or replace it with --replace --yes"
            )),
        }
    }

    /// The directory to write into.
    #[must_use]
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Adds the manifest and gives the export its name; what was there before is removed only then.
    ///
    /// # Errors
    /// If a file cannot be written or moved.
    pub fn publish(mut self, manifest: &Manifest) -> Result<(), ExportError> {
        manifest.write(&self.staging)?;
        if manifest.complete {
            write_durably(&self.staging.join(SUCCESS), b"")?;
        }
        remove(&self.replaced)?;
        if self.dir.exists() {
            rename(&self.dir, &self.replaced)?;
        }
        rename(&self.staging, &self.dir)?;
        self.done = true;
        remove(&self.replaced)
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if !self.done {
            // Whoever reports why there is no export has more to say than that its remains are still there.
            let _ = fs::remove_dir_all(&self.staging);
        }
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), ExportError> {
    fs::rename(from, to).map_err(|error| ExportError::write(to, &error))
}

fn remove(dir: &Path) -> Result<(), ExportError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ExportError::write(dir, &error)),
        Err(_) | Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
