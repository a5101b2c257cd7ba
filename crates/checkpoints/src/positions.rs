//! How far each process has come: a small file a process and partition.
//!
//! Kept apart from the states, which are a cache: without its position a process would do everything again, and ask the payment
//! gateway again. Harmless, but not for nothing.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chimera_engine::CheckpointError;
use chimera_log::Partition;

use crate::layout;

/// The positions in a directory.
pub(crate) struct ProcessPositions(PathBuf);

fn unavailable(error: &std::io::Error) -> CheckpointError {
    CheckpointError::Unavailable(error.to_string())
}

impl ProcessPositions {
    pub(crate) fn open(directory: &Path) -> Result<Self, CheckpointError> {
        fs::create_dir_all(directory).map_err(|error| unavailable(&error))?;
        Ok(Self(directory.to_owned()))
    }

    fn file(&self, process: &str, partition: &Partition) -> PathBuf {
        self.0.join(format!("{process}-{}-{}", partition.stream, partition.index))
    }

    /// The saved position; 0 where none is, or none that can be trusted.
    pub(crate) fn get(&self, process: &str, partition: &Partition) -> Result<u64, CheckpointError> {
        match fs::read(self.file(process, partition)) {
            Ok(sealed) => Ok(layout::unseal_number(&sealed).unwrap_or(0)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Replaces the saved position whole.
    pub(crate) fn set(
        &self,
        process: &str,
        partition: &Partition,
        sequence: u64,
    ) -> Result<(), CheckpointError> {
        let file = self.file(process, partition);
        let fresh = self.0.join(format!("{process}-{}-{}.new", partition.stream, partition.index));
        write_durably(&fresh, &layout::seal_number(sequence))
            .and_then(|()| fs::rename(fresh, file))
            .map_err(|error| unavailable(&error))
    }
}

/// Without it a power cut could leave an empty file under the right name.
fn write_durably(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = fs::File::create(file)?;
    file.write_all(content)?;
    file.sync_data()
}
