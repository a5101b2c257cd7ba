//! How far the processes have come, wherever they run.

use std::sync::Arc;
use std::time::Duration;

use chimera_engine::Phase;
use chimera_log::{Bookmarks, Partition};
use tokio::sync::watch;

use super::shards::Status;

/// Between two looks at how far a process elsewhere has come.
const LOOK: Duration = Duration::from_millis(200);

/// How far one process has come in one partition.
#[derive(Clone)]
pub(super) struct Done {
    pub(super) reader: &'static str,
    pub(super) partition: Partition,
    /// True while the partition is served here.
    pub(super) reached: watch::Receiver<u64>,
    /// None where this program takes no part in the stream.
    pub(super) status: Option<Status>,
}

impl Done {
    /// Whether it runs here.
    pub(super) fn is_here(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.borrow().phase == Phase::Serving)
    }

    async fn reaches(&self, sequence: u64, bookmarks: &dyn Bookmarks) {
        let mut reached = self.reached.clone();
        loop {
            let done = if self.is_here() {
                *reached.borrow()
            } else {
                bookmarks.find(self.reader, &self.partition).await.unwrap_or(0)
            };
            if done >= sequence {
                return;
            }
            // Where it runs may change meanwhile.
            let _ = tokio::time::timeout(LOOK, reached.wait_for(|&done| done >= sequence)).await;
        }
    }
}

/// How far every process has come in every partition that it reads.
#[derive(Clone)]
pub struct Settled {
    all: Arc<Vec<Done>>,
    bookmarks: Arc<dyn Bookmarks>,
}

impl Settled {
    pub(super) fn new(all: Vec<Done>, bookmarks: Arc<dyn Bookmarks>) -> Self {
        Self { all: Arc::new(all), bookmarks }
    }

    /// Waits until every process has done everything that follows from the events of `partition` up to `sequence`.
    pub async fn reached(&self, partition: &Partition, sequence: u64) {
        for done in self.all.iter().filter(|done| done.partition == *partition) {
            done.reaches(sequence, &*self.bookmarks).await;
        }
    }
}
