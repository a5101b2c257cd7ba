//! The port of the control log: what operators have decided, by key. The last word on a key counts; a word may be taken back.
//!
//! Owns the port and the in-memory adapter. Knows nothing of what a word means.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// The last word on each key.
pub type Controls = BTreeMap<Arc<str>, Arc<str>>;

/// A word on a key, in answer to the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What it is about.
    pub key: Arc<str>,
    /// What was known when it was decided; none if there was no word.
    pub known: Option<Arc<str>>,
    /// What holds from now on, a text without line breaks; none takes the last word back.
    pub word: Option<Arc<str>>,
}

/// Why a decision does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// Somebody else has decided on the same meanwhile; look again.
    #[error("somebody else has decided on {0} meanwhile; look again what holds now")]
    Overtaken(Arc<str>),
    /// Nothing was decided.
    #[error("nothing can be decided now: {0}")]
    Unavailable(String),
    /// It may have been decided or not; what is known will tell.
    #[error("it is not known whether this was decided: {0}; look again what holds now")]
    Indeterminate(String),
}

/// What is decided, and deciding.
pub trait Control: Send + Sync {
    /// What holds, as far as it is known here; each change is announced. Complete when the control log was opened.
    fn known(&self) -> watch::Receiver<Arc<Controls>>;

    /// Decides, durably and in one step; afterwards [`Control::known`] says so. Blocks.
    ///
    /// # Errors
    /// See [`ControlError`].
    fn decide(&self, decision: &Decision) -> Result<(), ControlError>;
}

/// A control log in memory, gone with its process.
#[derive(Default)]
pub struct MemoryControl {
    known: watch::Sender<Arc<Controls>>,
}

impl Control for MemoryControl {
    fn known(&self) -> watch::Receiver<Arc<Controls>> {
        self.known.subscribe()
    }

    fn decide(&self, decision: &Decision) -> Result<(), ControlError> {
        let mut decided = Ok(());
        self.known.send_if_modified(|known| {
            decided = decision.follows(known);
            decided.is_ok() && decision.apply(Arc::make_mut(known))
        });
        decided
    }
}

impl Decision {
    /// Whether what was known when it was decided still holds.
    ///
    /// # Errors
    /// [`ControlError::Overtaken`].
    pub fn follows(&self, controls: &Controls) -> Result<(), ControlError> {
        if controls.get(&self.key) == self.known.as_ref() {
            return Ok(());
        }
        Err(ControlError::Overtaken(self.key.clone()))
    }

    /// Carries it out; whether anything has changed.
    pub fn apply(&self, controls: &mut Controls) -> bool {
        let before = match &self.word {
            Some(word) => controls.insert(self.key.clone(), word.clone()),
            None => controls.remove(&self.key),
        };
        before != self.word
    }
}
