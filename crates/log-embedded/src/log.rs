//! The log as a whole: opening and locking its directory, its streams, and the port.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use chimera_log::{
    ClaimError, EventLog, Ownership, Partition, ReadError, Reader, StreamSpec, Writer,
};
use tokio::sync::watch;

use crate::budget::Budget;
use crate::error::OpenError;
use crate::manifest;
use crate::reader::EmbeddedReader;
use crate::segment::{self, Head};
use crate::shard::{Examined, Shard, Shared};

/// Keeps a second process out.
const LOCK: &str = "LOCK";

/// How a log uses its disk.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedLogOptions {
    /// A segment that would grow past this is followed by a new one. The last one of each partition is read whole at
    /// opening.
    pub segment_bytes: u64,
    /// Zeros are written ahead of the records in chunks of this. Appends wait for them: small chunks keep the pauses short.
    pub chunk_bytes: u64,
    /// What the whole log may take on disk; appends past it are refused before anything is written.
    pub max_bytes: Option<u64>,
}

impl Default for EmbeddedLogOptions {
    fn default() -> Self {
        Self { segment_bytes: 64 * 1024 * 1024, chunk_bytes: 256 * 1024, max_bytes: None }
    }
}

/// An append that a crash interrupted before it was acknowledged, and that was cut at opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// Where it was.
    pub partition: Partition,
    /// In which segment.
    pub file: PathBuf,
    /// The byte it began at, where the segment now ends.
    pub offset: u64,
    /// How many bytes of it there were.
    pub bytes: u64,
    /// The last sequence before it, which is kept.
    pub last_sequence: u64,
}

/// What a partition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStatus {
    /// Which one.
    pub partition: Partition,
    /// The first sequence; one more than the last if there is no record.
    pub first_sequence: u64,
    /// The last acknowledged sequence; 0 if there is no record.
    pub last_sequence: u64,
    /// Bytes of records and their frames, without the zeros written ahead.
    pub bytes: u64,
    /// How many files.
    pub segments: usize,
}

/// A durable [`EventLog`] in one directory, for one process at a time.
pub struct EmbeddedLog {
    dir: PathBuf,
    shared: Shared,
    streams: RwLock<Streams>,
    torn: Vec<TornTail>,
    ownership: watch::Sender<Ownership>,
}

type Streams = BTreeMap<Arc<str>, Vec<Arc<Shard>>>;

impl EmbeddedLog {
    /// Opens the log in `dir`, or makes one.
    ///
    /// # Errors
    /// See [`OpenError`]; after an error nothing has been changed.
    pub fn open(dir: impl AsRef<Path>, options: EmbeddedLogOptions) -> Result<Self, OpenError> {
        let dir = dir.as_ref().to_owned();
        fs::create_dir_all(&dir).map_err(OpenError::io(&dir))?;
        let lock = Arc::new(lock(&dir)?);
        let budget = Arc::new(Budget::new(options.max_bytes));
        let shared = Shared { options, budget, lock };
        let mut examined = Vec::new();
        for (name, partitions) in manifest::load(&dir)? {
            for index in 0..partitions {
                let partition = Partition { stream: name.clone(), index };
                examined.push((name.clone(), Examined::examine(&dir, partition)?));
            }
        }
        let torn = examined.iter().filter_map(|(_, examined)| examined.torn()).collect();
        let mut streams = Streams::new();
        for (name, examined) in examined {
            let opened = examined.open(shared.clone()).map_err(OpenError::io(&dir))?;
            streams.entry(name).or_default().push(Arc::new(opened));
        }
        let ownership = watch::Sender::new(owned(&streams));
        Ok(Self { dir, shared, streams: RwLock::new(streams), torn, ownership })
    }

    /// Whether a log lies in `dir` that [`EmbeddedLog::open`] would leave byte by byte as it is. Changes nothing; a log that is in
    /// use may look torn.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn is_whole(dir: impl AsRef<Path>) -> Result<bool, OpenError> {
        let dir = dir.as_ref();
        if !dir.join(LOCK).is_file() {
            return Ok(false);
        }
        for (stream, partitions) in manifest::load(dir)? {
            for index in 0..partitions {
                let partition = Partition { stream: stream.clone(), index };
                if Examined::examine(dir, partition)?.torn().is_some() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// What was cut when the log was opened, for the operator to know.
    #[must_use]
    pub fn torn_tails(&self) -> &[TornTail] {
        &self.torn
    }

    /// What each partition holds, in order.
    #[must_use]
    pub fn sizes(&self) -> Vec<PartitionStatus> {
        self.streams().values().flatten().map(|shard| status(shard)).collect()
    }

    fn streams(&self) -> RwLockReadGuard<'_, Streams> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shard(&self, partition: &Partition) -> Option<Arc<Shard>> {
        let index = usize::try_from(partition.index).ok()?;
        self.streams().get(&partition.stream)?.get(index).cloned()
    }

    /// The partitions of a new stream on disk; it exists as soon as the manifest names it.
    fn create(&self, stream: &StreamSpec) -> Result<Vec<Arc<Shard>>, OpenError> {
        let mut shards = Vec::new();
        for index in 0..stream.partitions {
            let partition = Partition { stream: stream.name.clone(), index };
            let dir = segment::directory(&self.dir, &partition);
            create_partition(&self.dir, &dir, &partition).map_err(OpenError::io(&dir))?;
            let examined = Examined::examine(&self.dir, partition)?;
            if !examined.is_empty() {
                let reason = "there are records here, but the manifest does not name the stream; \
                              restore it from a backup";
                return Err(OpenError::Manifest { path: dir, reason: reason.to_owned() });
            }
            let shard = examined.open(self.shared.clone()).map_err(OpenError::io(&dir))?;
            shards.push(Arc::new(shard));
        }
        Ok(shards)
    }
}

impl EventLog for EmbeddedLog {
    fn ensure_streams(&self, wanted: &[StreamSpec]) -> Result<(), ClaimError> {
        let mut streams = self.streams.write().unwrap_or_else(PoisonError::into_inner);
        for stream in wanted {
            let present = streams.get(&stream.name).map_or(stream.partitions as usize, Vec::len);
            check(stream, present).map_err(|reason| refused(stream, reason))?;
        }
        for stream in wanted {
            if streams.contains_key(&stream.name) {
                continue;
            }
            let shards = self.create(stream).map_err(|error| refused(stream, error.to_string()))?;
            let mut named: manifest::Streams =
                streams.iter().map(|(name, shards)| (name.clone(), count(shards))).collect();
            named.insert(stream.name.clone(), stream.partitions);
            manifest::store(&self.dir, &named).map_err(|e| refused(stream, e.to_string()))?;
            streams.insert(stream.name.clone(), shards);
        }
        self.ownership.send_replace(owned(&streams));
        Ok(())
    }

    fn streams(&self) -> Result<Vec<StreamSpec>, ReadError> {
        let streams = self.streams();
        let spec = |(name, shards): (&Arc<str>, &Vec<_>)| StreamSpec {
            name: name.clone(),
            partitions: count(shards),
        };
        Ok(streams.iter().map(spec).collect())
    }

    fn claim(&self, partition: &Partition) -> Result<Box<dyn Writer>, ClaimError> {
        let Some(shard) = self.shard(partition) else {
            return Err(ClaimError::UnknownPartition(partition.clone()));
        };
        let writer = shard.claim().map_err(|error| ClaimError::Unavailable {
            partition: partition.clone(),
            reason: error.to_string(),
        })?;
        Ok(Box::new(writer))
    }

    fn read(&self, partition: &Partition, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        let Some(shard) = self.shard(partition) else {
            return Err(ReadError::UnknownPartition(partition.clone()));
        };
        Ok(Box::new(EmbeddedReader {
            published: shard.published.clone(),
            announced: shard.announce.subscribe(),
            position: from.max(1),
            place: None,
        }))
    }

    fn high_watermark(&self, partition: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        match self.shard(partition) {
            Some(shard) => Ok(shard.announce.subscribe()),
            None => Err(ReadError::UnknownPartition(partition.clone())),
        }
    }

    fn ownership(&self) -> watch::Receiver<Ownership> {
        self.ownership.subscribe()
    }
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK);
    let options = File::options().write(true).create(true).truncate(false).open(&path);
    let file = options.map_err(OpenError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(OpenError::io(&path)(error)),
    }
}

/// The directory and first segment of a partition, unless an earlier attempt has left them.
fn create_partition(log: &Path, dir: &Path, partition: &Partition) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    if segment::list(dir)?.is_empty() {
        segment::create(dir, partition, Head { first: 1, term: 0 })?;
    }
    segment::sync_directory(dir.parent().unwrap_or(log))?;
    segment::sync_directory(log)
}

/// Whether this stream can be, where there are `present` partitions of it or none.
fn check(stream: &StreamSpec, present: usize) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let name = &stream.name;
    if name.is_empty() || name.len() > 200 || name.starts_with('.') || !name.chars().all(plain) {
        return Err("a stream is named by at most 200 of A-Z a-z 0-9 . _ - and not . first".into());
    }
    if present == 0 || present != stream.partitions as usize {
        return Err(format!(
            "the stream has {present} partitions and {} were asked for; the count never changes",
            stream.partitions
        ));
    }
    Ok(())
}

fn refused(stream: &StreamSpec, reason: String) -> ClaimError {
    ClaimError::Unavailable { partition: Partition::new(&stream.name, 0), reason }
}

fn count(shards: &[Arc<Shard>]) -> u32 {
    u32::try_from(shards.len()).unwrap_or(u32::MAX)
}

fn owned(streams: &Streams) -> Ownership {
    streams.values().flatten().map(|shard| shard.published.partition.clone()).collect()
}

fn status(shard: &Shard) -> PartitionStatus {
    let (first_sequence, bytes, segments) = shard.published.sizes();
    PartitionStatus {
        partition: shard.published.partition.clone(),
        first_sequence,
        last_sequence: *shard.announce.borrow(),
        bytes,
        segments,
    }
}
