//! The directory that a drill has to itself: unreadable for others, removed at the end, whatever the end is.
//!
//! What a killed drill has left is removed by the next one in the same place: its marker is there and nobody holds its lock any more.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::failure::Failure;

const PREFIX: &str = "chimera-drill-";
/// Locked as long as its drill lives; says besides that the directory is a drill's.
const MARKER: &str = "drill.lock";
/// Another drill may take a directory that is just being made for one that was left.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// A directory that is there as long as this is.
pub(super) struct Scratch {
    dir: PathBuf,
    _lock: File,
}

impl Scratch {
    /// A new directory inside `parent`, after those were removed that killed drills have left there.
    pub(super) fn make(parent: &Path) -> Result<Self, Failure> {
        let unusable = |error: io::Error| {
            Failure::Usage(format!("{} cannot be used as scratch: {error}", parent.display()))
        };
        remove_left(parent).map_err(unusable)?;
        for _ in 0..ATTEMPTS {
            if let Some(made) = attempt(parent).map_err(unusable)? {
                return Ok(made);
            }
        }
        Err(unusable(io::Error::other("other drills remove what this one makes")))
    }

    /// Where the copy of the data directory goes.
    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Removes it, and says so if that cannot be done.
    pub(super) fn remove(self) -> Result<(), Failure> {
        removed(&self.dir).map_err(|error| {
            let dir = self.dir.display();
            Failure::Failed(format!(
                "{dir} holds a copy of the shop and cannot be removed: {error}"
            ))
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = removed(&self.dir);
    }
}

/// A directory and its lock; none if another drill was faster.
fn attempt(parent: &Path) -> io::Result<Option<Scratch>> {
    let dir = parent.join(format!("{PREFIX}{}", Uuid::now_v7()));
    DirBuilder::new().mode(0o700).create(&dir)?;
    let marker = dir.join(MARKER);
    let lock = match File::options().write(true).create_new(true).open(&marker) {
        Ok(lock) => lock,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_ours = lock.try_lock().is_ok() && marker.exists();
    Ok(is_ours.then_some(Scratch { dir, _lock: lock }))
}

/// Removes what killed drills have left.
fn remove_left(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let is_named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_named && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            // What belongs to somebody else stays.
            let _ = remove_if_left(&entry.path());
        }
    }
    Ok(())
}

fn remove_if_left(dir: &Path) -> io::Result<()> {
    match File::options().write(true).open(dir.join(MARKER)) {
        Ok(marker) if marker.try_lock().is_ok() => removed(dir),
        Ok(_) => Ok(()),
        // Killed before it had a marker; a directory that is not empty is none of ours.
        Err(error) if error.kind() == ErrorKind::NotFound => fs::remove_dir(dir),
        Err(error) => Err(error),
    }
}

/// Files may still come while threads of the stores end.
fn removed(dir: &Path) -> io::Result<()> {
    let mut last = Ok(());
    for _ in 0..ATTEMPTS {
        last = fs::remove_dir_all(dir);
        match &last {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_scratch_directory_is_private_and_gone_afterwards() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::make(parent.path()).unwrap();
        let mode = fs::metadata(&scratch.dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        fs::create_dir_all(scratch.data().join("log")).unwrap();
        scratch.remove().unwrap();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_drill_has_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join("chimera-drill-1");
        fs::create_dir_all(left.join("data/log")).unwrap();
        fs::write(left.join(MARKER), "").unwrap();
        let nameless = parent.path().join("something-else");
        let foreign = parent.path().join("chimera-drill-notes");
        fs::create_dir_all(nameless.join("deep")).unwrap();
        fs::create_dir_all(foreign.join("deep")).unwrap();
        let running = Scratch::make(parent.path()).unwrap();
        let other = Scratch::make(parent.path()).unwrap();
        assert!(!left.exists() && nameless.exists() && foreign.exists());
        assert!(running.dir.exists() && other.dir.exists());
    }
}
