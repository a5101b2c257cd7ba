//! Segment files: their names, their heads, how one comes into being.
//!
//! A `.seg` file always has a whole head, for it is renamed into place after it was synced. Knows nothing of frames.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chimera_log::Partition;

use crate::frame::{u32_at, u64_at};

/// Length of a segment's head: magic 8, first sequence 8, term 8, checksum of the partition's name 4, checksum 4.
pub(crate) const HEAD: usize = 32;
const MAGIC: [u8; 8] = *b"CHMRLOG1";

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The sequence of its first record.
    pub(crate) first: u64,
    /// The last term given when it was created.
    pub(crate) term: u64,
}

impl Head {
    /// The head at the start of `bytes`.
    pub(crate) fn parse(bytes: &[u8], partition: &Partition) -> Result<Self, &'static str> {
        let Some(head) = bytes.get(..HEAD) else {
            return Err("the file is too short for a segment");
        };
        if head[..8] != MAGIC {
            return Err("this is not a segment of format 1");
        }
        if u32_at(head, 28) != crc32c::crc32c(&head[..28]) {
            return Err("the segment's head does not match its checksum");
        }
        if u32_at(head, 24) != owner(partition) {
            return Err("the segment belongs to another partition");
        }
        Ok(Self { first: u64_at(head, 8), term: u64_at(head, 16) })
    }

    fn bytes(&self, partition: &Partition) -> Vec<u8> {
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&self.first.to_le_bytes());
        head.extend_from_slice(&self.term.to_le_bytes());
        head.extend_from_slice(&owner(partition).to_le_bytes());
        head.extend_from_slice(&crc32c::crc32c(&head).to_le_bytes());
        head
    }
}

/// Where a partition's segments are.
pub(crate) fn directory(log: &Path, partition: &Partition) -> PathBuf {
    log.join(&*partition.stream).join(partition.index.to_string())
}

/// Where the segment that begins with sequence `first` is.
pub(crate) fn path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.seg"))
}

/// The first sequences of the segments in `dir`, in order.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_suffix(".seg"));
        found.extend(digits.and_then(|digits| digits.parse::<u64>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// A new, durable segment of nothing but its head.
pub(crate) fn create(dir: &Path, partition: &Partition, head: Head) -> io::Result<File> {
    let path = path(dir, head.first);
    let unfinished = dir.join("next.new");
    let mut file =
        File::options().read(true).write(true).create(true).truncate(true).open(&unfinished)?;
    file.write_all(&head.bytes(partition))?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    sync_directory(dir)?;
    Ok(file)
}

/// Makes the names in `dir` durable.
pub(crate) fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn owner(partition: &Partition) -> u32 {
    crc32c::crc32c(partition.to_string().as_bytes())
}
