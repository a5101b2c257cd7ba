//! The life of a process: named tasks in four stages, and an end in order.
//!
//! A task that ends while the others run ends the process: not ready → what others can do is handed over → intake stops → work drains → storage closes.
//! Never calls exit: the caller gets told why it ended and chooses the exit code.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::health::{Health, Readiness};

/// In which order tasks are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Gives back what other processes can take over, while requests still come in; stopped first.
    HandOver,
    /// Takes requests from outside.
    Intake,
    /// Works on what was taken in: processes, projectors, timers.
    Work,
    /// Writes and closes the log and the stores; stopped last.
    Storage,
}

/// Told when a stage shall end; cheap to clone.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Waits until the stage shall end.
    pub async fn wait(&mut self) {
        // A sender that is gone means the same.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }

    /// Whether the stage shall end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.0.borrow()
    }
}

/// Why a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Signal(&'static str),
    /// A task ended, and why.
    Task(&'static str, String),
}

struct Group {
    stage: Stage,
    stop: watch::Sender<bool>,
    tasks: JoinSet<(&'static str, Result<(), String>)>,
}

/// The tasks of a process.
pub struct Lifecycle {
    groups: [Group; 4],
    ending: Arc<OnceLock<String>>,
    patience: Duration,
}

impl Lifecycle {
    /// No tasks yet. Each stage may take as long as `patience` to end. Makes `health` not ready once the end begins.
    #[must_use]
    pub fn new(health: &Health, patience: Duration) -> Self {
        let group = |stage| Group { stage, stop: watch::Sender::new(false), tasks: JoinSet::new() };
        let ending = Arc::new(OnceLock::<String>::new());
        let seen = Arc::clone(&ending);
        health.register("lifecycle", move || match seen.get() {
            None => Readiness::Ready,
            Some(why) => Readiness::NotReady(format!("stopping: {why}")),
        });
        let groups = [Stage::HandOver, Stage::Intake, Stage::Work, Stage::Storage].map(group);
        Self { groups, ending, patience }
    }

    /// What tells tasks of `stage` to end.
    #[must_use]
    pub fn stopping(&self, stage: Stage) -> Stopping {
        Stopping(self.groups[stage as usize].stop.subscribe())
    }

    /// Runs a task. It must end when its stage is told to, and may end before only if the process shall end.
    pub fn spawn(
        &mut self,
        stage: Stage,
        name: &'static str,
        task: impl Future<Output = Result<(), String>> + Send + 'static,
    ) {
        self.groups[stage as usize].tasks.spawn(async move { (name, task.await) });
    }

    /// Runs until a signal comes or a task ends, then ends all others in order.
    pub async fn run(mut self) -> Ended {
        let ended = self.first_end().await;
        let why = match &ended {
            Ended::Signal(name) => format!("received {name}"),
            Ended::Task(name, reason) => format!("task {name} ended: {reason}"),
        };
        tracing::info!(why, "stopping");
        let _ = self.ending.set(why);
        for group in &mut self.groups {
            drain(group, self.patience).await;
        }
        ended
    }

    async fn first_end(&mut self) -> Ended {
        let [hand_over, intake, work, storage] = &mut self.groups;
        tokio::select! {
            signal = signal() => Ended::Signal(signal),
            Some(end) = hand_over.tasks.join_next() => task_end(end),
            Some(end) = intake.tasks.join_next() => task_end(end),
            Some(end) = work.tasks.join_next() => task_end(end),
            Some(end) = storage.tasks.join_next() => task_end(end),
        }
    }
}

type TaskEnd = Result<(&'static str, Result<(), String>), tokio::task::JoinError>;

fn task_end(end: TaskEnd) -> Ended {
    match end {
        Ok((name, Ok(()))) => Ended::Task(name, "it finished without being told to".into()),
        Ok((name, Err(reason))) => Ended::Task(name, reason),
        Err(error) => Ended::Task("unknown", error.to_string()),
    }
}

async fn drain(group: &mut Group, patience: Duration) {
    group.stop.send_replace(true);
    let all = async {
        while let Some(end) = group.tasks.join_next().await {
            if let Ok((name, Err(reason))) = end {
                tracing::error!(task = name, reason, "a task ended badly");
            }
        }
    };
    if timeout(patience, all).await.is_err() {
        tracing::error!(stage = ?group.stage, left = group.tasks.len(), "tasks did not end in time");
        group.tasks.abort_all();
    }
}

/// Waits for SIGTERM or SIGINT; where signals cannot be listened to, for ever.
async fn signal() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let listeners = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = listeners else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn a_task_that_dies_ends_the_others_in_order() {
        let health = Health::default();
        let mut lifecycle = Lifecycle::new(&health, Duration::from_secs(5));
        assert!(health.is_ready());
        let order = Arc::new(Mutex::new(Vec::new()));
        for (stage, name) in
            [(Stage::Storage, "log"), (Stage::Work, "processes"), (Stage::Intake, "http")]
        {
            let (mut stopping, order, health) =
                (lifecycle.stopping(stage), Arc::clone(&order), health.clone());
            lifecycle.spawn(stage, name, async move {
                stopping.wait().await;
                assert!(!health.is_ready());
                order.lock().unwrap().push(name);
                Ok(())
            });
        }
        lifecycle.spawn(Stage::Work, "projector", async { Err("the store has failed".into()) });
        let ended = lifecycle.run().await;
        assert_eq!(ended, Ended::Task("projector", "the store has failed".into()));
        assert_eq!(*order.lock().unwrap(), ["http", "processes", "log"]);
    }

    #[tokio::test]
    async fn a_task_that_does_not_end_is_not_waited_for_for_ever() {
        let mut lifecycle = Lifecycle::new(&Health::default(), Duration::from_millis(10));
        lifecycle.spawn(Stage::Intake, "stuck", std::future::pending());
        lifecycle.spawn(Stage::Work, "short", async { Ok(()) });
        assert!(matches!(lifecycle.run().await, Ended::Task("short", _)));
    }
}
