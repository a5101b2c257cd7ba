//! The one writer of an index: a thread that takes all that queued meanwhile into one commit.
//!
//! A commit holds the documents and the checkpoints that follow from them, so a crash leaves both or neither. What a caller was
//! told is applied is found by the next search.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chimera_model::SearchMutation;
use tantivy::indexer::IndexWriterOptions;
use tantivy::{IndexWriter, Searcher, TantivyDocument, Term};
use tokio::sync::oneshot;

use super::analysis::Analysis;
use super::document::{Indexing, Stored};
use super::failure::failed;
use super::index::{OpenIndex, payload};
use crate::error::StoreError;
use crate::view::Checkpoint;

/// For the documents of one commit before they go to disk.
const HEAP_BYTES: usize = 32 * 1024 * 1024;
/// How many applies may wait.
const QUEUE: usize = 64;
/// More mutations than this are not gathered for one commit.
const MOST_MUTATIONS: usize = 50_000;

/// The next commit begins after a rest of so many times what the last one took: a commit costs much, whatever is in it, and the
/// more wait for it, the fewer are needed.
const RESTS: u32 = 2;
/// However long a commit took, the next one begins after this.
const LONGEST_REST: Duration = Duration::from_millis(150);

/// What one caller wants applied.
pub(super) struct Job {
    pub(super) mutations: Vec<SearchMutation>,
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) done: oneshot::Sender<Result<(), StoreError>>,
}

/// The thread's handle; the thread ends with it.
pub(super) struct Writing {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writing {
    /// Starts the thread.
    pub(super) fn start(index: Arc<OpenIndex>) -> Result<Self, StoreError> {
        let (jobs, queue) = sync_channel(QUEUE);
        let named = std::thread::Builder::new().name(format!("search-{}", index.name));
        let thread = named.spawn(move || write_all(&index, &queue));
        let thread = thread.map_err(|error| StoreError::Transient(error.to_string()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Puts the job into the queue, or gives it back where that is full.
    ///
    /// # Errors
    /// If the thread has ended.
    pub(super) fn offer(&self, job: Job) -> Result<Option<Job>, StoreError> {
        let ended = || StoreError::Fatal("the writer of the index has ended".into());
        match self.jobs.as_ref().ok_or_else(ended)?.try_send(job) {
            Ok(()) => Ok(None),
            Err(TrySendError::Full(job)) => Ok(Some(job)),
            Err(TrySendError::Disconnected(_)) => Err(ended()),
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(index: &OpenIndex, queue: &Receiver<Job>) {
    let (mut writer, mut rested) = (None, Instant::now());
    while let Ok(first) = queue.recv() {
        std::thread::sleep(rested.saturating_duration_since(Instant::now()));
        let jobs = gathered(first, queue);
        let started = Instant::now();
        let written = write(index, &mut writer, &jobs);
        let took = started.elapsed();
        rested = Instant::now() + LONGEST_REST.min(took * RESTS);
        if written.is_err() {
            // What was not committed is gone with the writer.
            writer = None;
        }
        for job in jobs {
            let _ = job.done.send(written.clone());
        }
    }
}

fn gathered(first: Job, queue: &Receiver<Job>) -> Vec<Job> {
    let (mut count, mut jobs) = (first.mutations.len(), vec![first]);
    while count < MOST_MUTATIONS {
        let Ok(next) = queue.try_recv() else { break };
        count += next.mutations.len();
        jobs.push(next);
    }
    jobs
}

fn write(
    index: &OpenIndex,
    writer: &mut Option<IndexWriter>,
    jobs: &[Job],
) -> Result<(), StoreError> {
    let (before, searcher) = (index.checkpoints()?, index.reader.searcher());
    let checkpoints = advanced(&before, jobs);
    let touched = merged(index, &searcher, jobs)?;
    if touched.is_empty() && checkpoints == before {
        return Ok(());
    }
    let writer = match writer {
        Some(open) => open,
        None => writer.insert(opened(index)?),
    };
    let first = jobs.iter().flat_map(|job| &job.mutations).next();
    if let Some(SearchMutation { spec, .. }) = first {
        let (schema, analysis) = (index.index.schema(), Analysis::new());
        let mut indexing = Indexing { spec, schema: &schema, own: index.own, analysis };
        for (id, stored) in &touched {
            writer.delete_term(Term::from_field_text(index.own.id, id));
            writer.add_document(indexing.document(id, stored)?).map_err(failed)?;
        }
    }
    let mut commit = writer.prepare_commit().map_err(failed)?;
    commit.set_payload(&payload(&checkpoints)?);
    commit.commit().map_err(failed)?;
    index.reader.reload().map_err(failed)
}

fn opened(index: &OpenIndex) -> Result<IndexWriter<TantivyDocument>, StoreError> {
    let options = IndexWriterOptions::builder()
        .memory_budget_per_thread(HEAP_BYTES)
        .num_worker_threads(1)
        .num_merge_threads(1)
        .build();
    let writer: IndexWriter = index.index.writer_with_options(options).map_err(failed)?;
    // A writer that was killed may have left files of a commit that never came to be. The same commit, made again, gives them the
    // same names, and no file is written twice.
    writer.garbage_collect_files().wait().map_err(failed)?;
    Ok(writer)
}

/// The documents that change, as they are after all jobs; those whose mutations are all old are not among them.
fn merged<'a>(
    index: &OpenIndex,
    searcher: &Searcher,
    jobs: &'a [Job],
) -> Result<HashMap<&'a str, Stored>, StoreError> {
    let mut touched: HashMap<&str, (Stored, bool)> = HashMap::new();
    for mutation in jobs.iter().flat_map(|job| &job.mutations) {
        let (stored, changed) = match touched.entry(&mutation.id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let stored = index.stored(searcher, mutation.spec, &mutation.id)?;
                let stored = stored.unwrap_or_else(|| Stored::empty(mutation.spec));
                entry.insert((stored, false))
            }
        };
        *changed |= stored.merge(mutation);
    }
    let changed = touched.into_iter().filter(|(_, (_, changed))| *changed);
    Ok(changed.map(|(id, (stored, _))| (id, stored)).collect())
}

/// The checkpoints after these jobs; none ever moves back.
fn advanced(before: &[Checkpoint], jobs: &[Job]) -> Vec<Checkpoint> {
    let mut after = before.to_vec();
    for wanted in jobs.iter().flat_map(|job| &job.checkpoints) {
        let same = |kept: &&mut Checkpoint| {
            kept.stream == wanted.stream && kept.partition == wanted.partition
        };
        match after.iter_mut().find(same) {
            Some(kept) => kept.sequence = kept.sequence.max(wanted.sequence),
            None => after.push(wanted.clone()),
        }
    }
    after
}
