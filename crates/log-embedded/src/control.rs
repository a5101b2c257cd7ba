//! The control log in a file of the data directory: a line for each decision, the last one on a key holds.
//!
//! A line is a checksum, the key, and the word, separated by tabs; a word that was taken back is missing with its tab. A line that a
//! crash has cut short was never confirmed and is removed at opening; damage anywhere else is refused. Needs a directory that belongs
//! to one process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chimera_log::{Control, ControlError, Controls, Decision};
use tokio::sync::watch;

/// Decisions in a file.
pub struct FileControl {
    path: PathBuf,
    /// None until the first decision: who only looks makes nothing.
    file: Mutex<Option<File>>,
    known: watch::Sender<Arc<Controls>>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ControlFileError {
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It was changed by something else.
    #[error(
        "{path}: line {line} is damaged. It says which generations of read models are live; restore the file, or remove it: \
         then generation 1 of each read model is live, and is built where it is missing"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1 on.
        line: usize,
    },
}

impl FileControl {
    /// Opens the file; one that is missing is made by the first decision.
    ///
    /// # Errors
    /// See [`ControlFileError`].
    pub fn open(path: &Path) -> Result<Self, ControlFileError> {
        let io = |source| ControlFileError::Io { path: path.to_owned(), source };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(io(error)),
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let (lines, torn) = bytes.split_at(whole);
        let known = read(lines)
            .map_err(|line| ControlFileError::Damaged { path: path.to_owned(), line })?;
        if !torn.is_empty() {
            let file = OpenOptions::new().write(true).open(path).map_err(io)?;
            file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(io)?;
        }
        let known = watch::Sender::new(Arc::new(known));
        Ok(Self { path: path.to_owned(), file: Mutex::default(), known })
    }

    fn append(&self, file: &mut Option<File>, decision: &Decision) -> io::Result<()> {
        let open = match file.take() {
            Some(open) => open,
            None => open_to_append(&self.path)?,
        };
        let before = open.metadata()?.len();
        let written = (&open).write_all(line(decision).as_bytes()).and_then(|()| open.sync_data());
        if let Err(error) = written {
            // Nothing half-written may stand before the next line.
            open.set_len(before)?;
            return Err(error);
        }
        *file = Some(open);
        Ok(())
    }
}

impl Control for FileControl {
    fn known(&self) -> watch::Receiver<Arc<Controls>> {
        self.known.subscribe()
    }

    fn decide(&self, decision: &Decision) -> Result<(), ControlError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        decision.follows(&self.known.borrow())?;
        let is_a_line = |text: &str| !text.contains(['\n', '\t']);
        if !is_a_line(&decision.key) || !decision.word.as_deref().is_none_or(is_a_line) {
            let reason = "keys and words are texts without tabs and line breaks".to_owned();
            return Err(ControlError::Unavailable(reason));
        }
        let appended = self.append(&mut file, decision);
        appended.map_err(|error| {
            ControlError::Unavailable(format!("{}: {error}", self.path.display()))
        })?;
        self.known.send_if_modified(|known| decision.apply(Arc::make_mut(known)));
        Ok(())
    }
}

fn open_to_append(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    if let Some(directory) = path.parent() {
        // The name must survive as well as the line.
        File::open(directory)?.sync_all()?;
    }
    Ok(file)
}

fn line(decision: &Decision) -> String {
    let text = match &decision.word {
        Some(word) => format!("{}\t{word}", decision.key),
        None => decision.key.to_string(),
    };
    format!("{:08x}\t{text}\n", crc32c::crc32c(text.as_bytes()))
}

/// What holds after these lines.
///
/// # Errors
/// With the number of the first line that is damaged.
fn read(lines: &[u8]) -> Result<Controls, usize> {
    let mut controls = Controls::new();
    for (index, line) in lines.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let decision = parse(line).ok_or(index + 1)?;
        decision.apply(&mut controls);
    }
    Ok(controls)
}

fn parse(line: &[u8]) -> Option<Decision> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (sum, text) = line.split_once('\t')?;
    if u32::from_str_radix(sum, 16).ok()? != crc32c::crc32c(text.as_bytes()) {
        return None;
    }
    let (key, word) = match text.split_once('\t') {
        Some((key, word)) => (key, Some(word.into())),
        None => (text, None),
    };
    Some(Decision { key: key.into(), known: None, word })
}
