//! An appender's process: started, killed, stopped, let go on; and what it has said so far.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::program::{PATIENCE, appender, soon, start};

const PAUSE: Duration = Duration::from_millis(2);

/// How one is started. See the appender's own `--help`.
pub(crate) struct Wanted<'a> {
    pub(crate) brokers: &'a str,
    pub(crate) prefix: &'a str,
    pub(crate) name: &'a str,
    pub(crate) seed: u64,
    pub(crate) more: &'a [&'a str],
}

/// A running appender. Dropping it kills it.
pub(crate) struct Appender {
    pub(crate) name: String,
    child: Child,
    input: Option<ChildStdin>,
    said: Arc<Mutex<Vec<String>>>,
    listening: Option<JoinHandle<()>>,
}

impl Appender {
    pub(crate) fn start(wanted: &Wanted<'_>) -> Self {
        let Wanted { brokers, prefix, name, seed, more } = wanted;
        let seed = seed.to_string();
        let mut command =
            appender(&["--brokers", brokers, "--prefix", prefix, "--name", name, "--seed", &seed]);
        let mut child = start(command.args(*more).stdin(Stdio::piped()).stderr(Stdio::null()));
        let said = Arc::<Mutex<Vec<String>>>::default();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let heard = Arc::clone(&said);
        // A line that is cut by a kill was not said.
        let listening = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let input = child.stdin.take();
        Self { name: (*name).to_owned(), child, input, said, listening: Some(listening) }
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many lines of a kind it has said.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.said().iter().filter(|line| line.starts_with(kind)).count()
    }

    /// Until it has said so many lines of a kind more than it has by now.
    #[track_caller]
    pub(crate) fn says(&self, kind: &str, more: usize) {
        let before = self.count(kind);
        self.has_said(kind, before + more);
    }

    /// Until it has said so many lines of a kind in all.
    #[track_caller]
    pub(crate) fn has_said(&self, kind: &str, lines: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.count(kind) < lines {
            let said = self.said();
            let last = &said[said.len().saturating_sub(8)..];
            assert!(
                !last.iter().any(|line| line.starts_with("broken")),
                "{}: {last:#?}",
                self.name
            );
            assert!(Instant::now() < deadline, "{} has not {kind} again: {last:#?}", self.name);
            thread::sleep(PAUSE);
        }
    }

    /// kill -9, and what it has said.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.end()
    }

    /// Until it has ended by itself, and what it has said.
    pub(crate) fn ended(mut self) -> Vec<String> {
        soon("the end of an appender", || self.child.try_wait().unwrap());
        self.end()
    }

    /// Tells it to end, and what it has said.
    pub(crate) fn stop(mut self) -> Vec<String> {
        drop(self.input.take());
        self.ended()
    }

    /// `STOP` or `CONT`.
    pub(crate) fn signal(&self, signal: &str) {
        let script = format!("kill -{signal} {}", self.child.id());
        let told = start(Command::new("sh").args(["-c", &script])).wait().unwrap();
        assert!(told.success());
    }

    fn end(&mut self) -> Vec<String> {
        self.child.wait().unwrap();
        if let Some(listening) = self.listening.take() {
            listening.join().unwrap();
        }
        self.said()
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
