//! One open view: its indices, each with the thread that writes it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chimera_model::{SearchMutation, SearchSpec};
use tokio::sync::oneshot;

use super::directory::Shapes;
use super::index::OpenIndex;
use super::writer::{Job, Writing};
use crate::error::StoreError;
use crate::view::Checkpoint;

/// How long a caller waits before it tries again to get into a full queue.
const QUEUE_PAUSE: Duration = Duration::from_millis(2);

/// A view whose indices are open.
pub(super) struct OpenView {
    indices: Vec<Written>,
}

/// An index and who writes it.
struct Written {
    index: Arc<OpenIndex>,
    writer: Mutex<Writer>,
}

enum Writer {
    /// Nothing has been written since it was opened.
    Idle,
    Writing(Writing),
    /// The view is gone.
    Removed,
}

impl OpenView {
    pub(super) fn open(dir: &Path, shapes: Shapes) -> Result<Self, StoreError> {
        let mut indices = Vec::with_capacity(shapes.len());
        for (name, shape) in shapes {
            let index = Arc::new(OpenIndex::open(&dir.join(&name), name, shape)?);
            indices.push(Written { index, writer: Mutex::new(Writer::Idle) });
        }
        Ok(Self { indices })
    }

    /// The index of this spec.
    ///
    /// # Errors
    /// Fatal if it is not there, or was made for another shape.
    pub(super) fn index(&self, spec: &SearchSpec) -> Result<Arc<OpenIndex>, StoreError> {
        let found = self.indices.iter().find(|written| written.index.name == spec.index);
        let Some(Written { index, .. }) = found else {
            return Err(StoreError::Fatal(format!(
                "there is no {} in this generation; rebuild the read model with `replay run`",
                spec.index
            )));
        };
        index.agree(spec)?;
        Ok(index.clone())
    }

    /// What every index has applied.
    pub(super) fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let mut least: Option<Vec<Checkpoint>> = None;
        for written in &self.indices {
            let mut own = written.index.checkpoints()?;
            if let Some(others) = least {
                own.retain_mut(|checkpoint| {
                    let same = |other: &&Checkpoint| {
                        other.stream == checkpoint.stream && other.partition == checkpoint.partition
                    };
                    let other = others.iter().find(same);
                    let sequence = other.map_or(0, |other| other.sequence);
                    checkpoint.sequence = checkpoint.sequence.min(sequence);
                    other.is_some()
                });
            }
            least = Some(own);
        }
        Ok(least.unwrap_or_default())
    }

    /// Applies in every index: its mutations, and the checkpoints.
    pub(super) async fn apply(
        &self,
        mutations: &[SearchMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        for mutation in mutations {
            self.index(mutation.spec)?;
        }
        for written in &self.indices {
            let own = mutations.iter().filter(|one| one.spec.index == written.index.name);
            written.apply(own.cloned().collect(), checkpoints.to_vec()).await?;
        }
        Ok(())
    }

    /// Lets every writing thread end, for good.
    pub(super) fn stop_writing(&self) {
        for written in &self.indices {
            *written.writer() = Writer::Removed;
        }
    }
}

impl Written {
    fn writer(&self) -> std::sync::MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn apply(
        &self,
        mutations: Vec<SearchMutation>,
        checkpoints: Vec<Checkpoint>,
    ) -> Result<(), StoreError> {
        let (done, applied) = oneshot::channel();
        let mut job = Job { mutations, checkpoints, done };
        while let Some(refused) = self.offer(job)? {
            job = refused;
            tokio::time::sleep(QUEUE_PAUSE).await;
        }
        let ended = |_| Err(StoreError::Transient("the writer of the index has ended".into()));
        applied.await.unwrap_or_else(ended)
    }

    /// Puts the job into the queue, or gives it back where that is full.
    fn offer(&self, job: Job) -> Result<Option<Job>, StoreError> {
        let mut writer = self.writer();
        if let Writer::Idle = *writer {
            *writer = Writer::Writing(Writing::start(self.index.clone())?);
        }
        match &*writer {
            Writer::Writing(writing) => writing.offer(job),
            Writer::Idle | Writer::Removed => {
                Err(StoreError::Fatal("the generation was removed while it was written".into()))
            }
        }
    }
}
