//! Which generation of a read model its readers see, and what is known of the others: words in the control log.
//!
//! Two keys a read model: `live/<model>` says which generation is read, `generation/<model>/<number>` what became of one that was
//! built beside. Without a word generation 1 is live. Decides nothing by itself, and never looks into a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use chimera_log::{Control, ControlError, Controls, Decision};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::error::StoreError;

/// The generation that is read before anybody has decided anything.
pub const FIRST: u32 = 1;

/// Which generation is read, and how that came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The generation that readers see.
    pub generation: u32,
    /// The one before, to which a rollback leads; none if there is no way back.
    pub previous: Option<u32>,
    /// When it was decided, RFC 3339.
    pub at: String,
    /// Who has decided it.
    pub by: String,
    /// Why, if anybody has said so.
    pub reason: Option<String>,
    /// Whether it was promoted although something spoke against it.
    pub forced: bool,
}

/// What became of a generation that was built beside the live one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// Whether it has reached the end of the log once.
    pub is_complete: bool,
    /// Which part of the log it holds; none if all of it.
    pub partial: Option<String>,
    /// Which release has built it: another one may project otherwise.
    pub release: String,
    /// When the building began, RFC 3339.
    pub since: String,
    /// The proof of its content; none if nobody has compared it.
    pub verified: Option<Verified>,
}

/// A comparison of a generation with the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// When, RFC 3339.
    pub at: String,
    /// Whether it was what the log says.
    pub is_identical: bool,
    /// Up to which sequence of each partition, `<stream>/<index>`.
    pub positions: BTreeMap<String, u64>,
}

/// What is known of the generations of all read models; cheap to clone. Changes are followed.
#[derive(Clone)]
pub struct Generations {
    control: Arc<dyn Control>,
    known: watch::Receiver<Arc<Controls>>,
}

impl Generations {
    /// What this control log says.
    #[must_use]
    pub fn new(control: Arc<dyn Control>) -> Self {
        let known = control.known();
        Self { control, known }
    }

    /// The same, as everything stands now, whatever is decided later: for a reader that asks several times and must not be given one
    /// half of an answer from one generation and one from another.
    #[must_use]
    pub fn as_of_now(&self) -> Self {
        let (_, known) = watch::channel(Arc::clone(&self.known.borrow()));
        Self { control: self.control.clone(), known }
    }

    /// The generation that readers use. From memory: readers ask on every call and so follow a switch.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if the control log holds something else than a word of this release.
    pub fn live_generation(&self, model: &str) -> Result<u32, StoreError> {
        Ok(self.live(model)?.map_or(FIRST, |live| live.generation))
    }

    /// The last decision on which generation is live; none if there was none.
    ///
    /// # Errors
    /// As [`Generations::live_generation`].
    pub fn live(&self, model: &str) -> Result<Option<Live>, StoreError> {
        read(&live_key(model), &self.known.borrow())
    }

    /// What became of one generation; none of one that only grew with the log.
    ///
    /// # Errors
    /// As [`Generations::live_generation`].
    pub fn built(&self, model: &str, generation: u32) -> Result<Option<Built>, StoreError> {
        read(&built_key(model, generation), &self.known.borrow())
    }

    /// Ends when another generation than this one has become live.
    pub async fn switched(&self, model: &str, from: u32) {
        let mut known = self.known.clone();
        let is_other = |known: &Arc<Controls>| {
            let live = read::<Live>(&live_key(model), known);
            live.is_ok_and(|live| live.map_or(FIRST, |live| live.generation) != from)
        };
        if known.wait_for(is_other).await.is_err() {
            // Nobody decides any more.
            std::future::pending::<()>().await;
        }
    }

    /// Switches readers to another generation in one step, if `known` is still the last decision.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn switch(
        &self,
        model: &str,
        known: Option<&Live>,
        to: &Live,
    ) -> Result<(), ControlError> {
        self.decide(live_key(model), known.map(word), Some(word(to))).await
    }

    /// Keeps what became of a generation, or forgets it. Only the process that works on a generation does so.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub async fn note(
        &self,
        model: &str,
        generation: u32,
        built: Option<&Built>,
    ) -> Result<(), ControlError> {
        let key = built_key(model, generation);
        let known = self.known.borrow().get(&*key).cloned();
        let word = built.map(word);
        if known == word {
            return Ok(());
        }
        self.decide(key, known, word).await
    }

    async fn decide(
        &self,
        key: String,
        known: Option<Arc<str>>,
        word: Option<Arc<str>>,
    ) -> Result<(), ControlError> {
        let (control, decision) = (self.control.clone(), Decision { key: key.into(), known, word });
        let decided = tokio::task::spawn_blocking(move || control.decide(&decision)).await;
        decided.unwrap_or_else(|error| Err(ControlError::Indeterminate(error.to_string())))
    }
}

fn live_key(model: &str) -> String {
    format!("live/{model}")
}

fn built_key(model: &str, generation: u32) -> String {
    format!("generation/{model}/{generation}")
}

fn read<T: DeserializeOwned>(key: &str, known: &Controls) -> Result<Option<T>, StoreError> {
    let Some(word) = known.get(key) else { return Ok(None) };
    serde_json::from_str(word).map(Some).map_err(|error| {
        StoreError::Fatal(format!(
            "the control log says of {key} what this release cannot read: {error}"
        ))
    })
}

/// Plain structs of texts and numbers always become JSON.
fn word<T: Serialize>(of: &T) -> Arc<str> {
    serde_json::to_string(of).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use chimera_log::MemoryControl;

    use super::*;

    fn live(generation: u32, previous: Option<u32>) -> Live {
        let (at, by) = ("2026-11-22T10:00:00Z".to_owned(), "ops".to_owned());
        Live { generation, previous, at, by, reason: None, forced: false }
    }

    #[tokio::test]
    async fn the_first_generation_is_live_until_another_one_is_promoted() {
        let generations = Generations::new(Arc::new(MemoryControl::default()));
        assert_eq!(generations.live_generation("orders"), Ok(1));
        assert_eq!(generations.live("orders"), Ok(None));
        let second = live(2, Some(1));
        generations.switch("orders", None, &second).await.unwrap();
        assert_eq!(generations.live_generation("orders"), Ok(2));
        assert_eq!(generations.live_generation("products"), Ok(1));
        let back = live(1, Some(2));
        generations.switch("orders", Some(&second), &back).await.unwrap();
        assert_eq!(generations.live("orders"), Ok(Some(back)));
    }

    #[tokio::test]
    async fn who_looks_at_one_moment_does_not_see_a_later_switch() {
        let generations = Generations::new(Arc::new(MemoryControl::default()));
        let pinned = generations.as_of_now();
        generations.switch("orders", None, &live(2, Some(1))).await.unwrap();
        assert_eq!(pinned.live_generation("orders"), Ok(1));
        assert_eq!(generations.as_of_now().live_generation("orders"), Ok(2));
    }

    #[tokio::test]
    async fn who_has_not_seen_the_last_switch_switches_nothing() {
        let generations = Generations::new(Arc::new(MemoryControl::default()));
        generations.switch("orders", None, &live(2, Some(1))).await.unwrap();
        let late = generations.switch("orders", None, &live(3, Some(1))).await;
        assert!(matches!(late, Err(ControlError::Overtaken(_))), "{late:?}");
        assert_eq!(generations.live_generation("orders"), Ok(2));
    }

    #[tokio::test]
    async fn a_switch_is_heard_by_those_who_wait_for_it() {
        let generations = Generations::new(Arc::new(MemoryControl::default()));
        let waiting = generations.clone();
        let switched = tokio::spawn(async move { waiting.switched("orders", 1).await });
        generations.switch("products", None, &live(2, None)).await.unwrap();
        assert!(!switched.is_finished());
        generations.switch("orders", None, &live(2, None)).await.unwrap();
        switched.await.unwrap();
    }

    #[tokio::test]
    async fn what_became_of_a_generation_is_kept_until_it_is_dropped() {
        let generations = Generations::new(Arc::new(MemoryControl::default()));
        let built = Built {
            is_complete: false,
            partial: None,
            release: "1".into(),
            since: "2026-11-22T10:00:00Z".into(),
            verified: None,
        };
        generations.note("orders", 2, Some(&built)).await.unwrap();
        assert_eq!(generations.built("orders", 2), Ok(Some(built)));
        assert_eq!(generations.built("orders", 3), Ok(None));
        generations.note("orders", 2, None).await.unwrap();
        assert_eq!(generations.built("orders", 2), Ok(None));
    }

    #[tokio::test]
    async fn a_word_of_another_release_is_refused() {
        let control = Arc::new(MemoryControl::default());
        let word = Some("{\"generation\":\"two\"}".into());
        control.decide(&Decision { key: "live/orders".into(), known: None, word }).unwrap();
        let read = Generations::new(control).live_generation("orders");
        assert!(matches!(read, Err(StoreError::Fatal(_))), "{read:?}");
    }
}
