//! `export.json`: what exactly an export holds. Says nothing of when it was made, so that the same export is the same bytes.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{ExportError, FileFormat, PartWritten, Window};

/// The manifest's name in the directory of an export.
pub const MANIFEST: &str = "export.json";

/// Of the manifest; members may be added without a new number.
const FORMAT: u32 = 1;

/// What an export holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// 1.
    pub format: u32,
    /// The kind of files: `parquet` or `jsonl`.
    pub files_are: String,
    /// Whether every event was understood. What was not is under `undecodable`.
    pub complete: bool,
    /// Only what the log took from then on, RFC 3339.
    pub from: Option<String>,
    /// Only what the log took before then, RFC 3339.
    pub until: Option<String>,
    /// Every file, in order of table and name.
    pub files: Vec<FileWritten>,
    /// What was read of each partition.
    pub positions: Vec<Position>,
    /// Events that are in the log and not in the export.
    pub undecodable: Vec<Undecodable>,
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileWritten {
    /// Of which table.
    pub table: String,
    /// Under the directory of the export.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// How large.
    pub bytes: u64,
}

/// What was read of a partition; nothing where `first` is above `last`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The stream's name.
    pub stream: String,
    /// The partition's index.
    pub partition: u32,
    /// The first sequence.
    pub first: u64,
    /// The last sequence; a later export can go on behind it.
    pub last: u64,
    /// How many events that rows of this partition rest on could not be decoded.
    pub undecodable: u64,
}

/// An event that the export lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undecodable {
    /// The stream's name.
    pub stream: String,
    /// The partition's index.
    pub partition: u32,
    /// Where.
    pub sequence: u64,
    /// Why.
    pub problem: String,
}

impl Manifest {
    /// The manifest of these files and positions.
    #[must_use]
    pub fn new(files_are: FileFormat, window: Window) -> Self {
        Self {
            format: FORMAT,
            files_are: files_are.extension().to_owned(),
            complete: true,
            from: window.from.map(|from| from.to_string()),
            until: window.until.map(|until| until.to_string()),
            files: vec![],
            positions: vec![],
            undecodable: vec![],
        }
    }

    /// Adds what came of one partition.
    pub fn add(&mut self, part: PartWritten) {
        self.complete &= part.position.undecodable == 0;
        self.files.extend(part.files);
        self.positions.push(part.position);
        self.undecodable.extend(part.undecodable);
    }

    /// The manifest of the export in `dir`.
    ///
    /// # Errors
    /// If there is none, or one that this release does not understand.
    pub fn read(dir: &Path) -> Result<Self, ExportError> {
        let path = dir.join(MANIFEST);
        let refused = |problem: String| {
            ExportError::Refused(format!("{} is not an export: {problem}", dir.display()))
        };
        let text = std::fs::read(&path);
        let text = text.map_err(|error| refused(format!("{}: {error}", path.display())))?;
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| refused(format!("{}: {error}", path.display())))?;
        if manifest.format != FORMAT {
            return Err(refused(format!("{} is of format {}", path.display(), manifest.format)));
        }
        Ok(manifest)
    }

    /// The last sequence of a partition that the export holds; 0 where it holds nothing of it.
    #[must_use]
    pub fn last(&self, stream: &str, partition: u32) -> u64 {
        let mut positions = self.positions.iter();
        let found = positions.find(|of| of.stream == stream && of.partition == partition);
        found.map_or(0, |position| position.last)
    }

    pub(crate) fn write(&self, dir: &Path) -> Result<(), ExportError> {
        let path = dir.join(MANIFEST);
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|error| ExportError::write(&path, &error))?;
        text.push(b'\n');
        write_durably(&path, &text)
    }
}

/// Creates a small file and makes it durable.
pub(crate) fn write_durably(path: &Path, content: &[u8]) -> Result<(), ExportError> {
    let written = File::create_new(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|error| ExportError::write(path, &error))
}
