//! Views: made, described, listed and removed.
//!
//! A view is there when its index of checkpoints is: made last, and removed together with the rest in one step.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_model::SearchSpec;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::OpenSearch;
use super::checkpoints::unreadable;
use super::failure::not_rejected;
use super::http::Body;
use super::index::Index;
use super::layout::{Described, of_checkpoints, of_documents};
use super::names::{generation_of, writing};
use crate::error::StoreError;
use crate::view::View;

/// What this process knows of the views in the store.
#[derive(Default)]
pub(super) struct Views {
    known: Mutex<HashMap<View, Arc<Known>>>,
    indices: Mutex<HashMap<String, Arc<Index>>>,
}

/// A view that is there.
pub(super) struct Known {
    pub(super) described: Described,
}

impl Views {
    /// Searches of this view must find what others have written.
    pub(super) fn has_news(&self, view: View) {
        for index in lock(&self.indices).values() {
            if index.view == view {
                index.is_newer();
            }
        }
    }

    fn forget(&self, view: View) {
        lock(&self.known).remove(&view);
        lock(&self.indices).retain(|_, index| index.view != view);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Descriptions by the names of the indices that have one.
type Descriptions = BTreeMap<String, Described>;

impl OpenSearch {
    /// An index as this process knows it, whether it is there or not.
    pub(super) fn index(&self, view: View, spec: &'static SearchSpec) -> Arc<Index> {
        let name = self.names.of_spec(view, spec);
        let mut indices = lock(&self.views.indices);
        let index = indices.entry(name.clone()).or_insert_with(|| {
            Arc::new(Index::new(view, name, spec, self.options.remembered_bytes))
        });
        index.clone()
    }

    /// The view, if it was ever created.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if not.
    pub(super) async fn known_view(&self, view: View) -> Result<Arc<Known>, StoreError> {
        if let Some(known) = lock(&self.views.known).get(&view) {
            return Ok(known.clone());
        }
        let name = self.names.checkpoints(view.model, view.generation);
        let Some(described) = self.descriptions(&name).await?.remove(&name) else {
            return Err(StoreError::Fatal(format!("{view} was never created in OpenSearch")));
        };
        Ok(self.remember(view, described))
    }

    fn remember(&self, view: View, described: Described) -> Arc<Known> {
        let known = Arc::new(Known { described });
        lock(&self.views.known).insert(view, known.clone());
        known
    }

    /// Makes what is missing and compares what is there.
    pub(super) async fn create_view(
        &self,
        view: View,
        specs: &[&'static SearchSpec],
    ) -> Result<(), StoreError> {
        let wanted = Described::new(view, specs);
        let checkpoints = self.names.checkpoints(view.model, view.generation);
        let found = self.descriptions(&checkpoints).await?.remove(&checkpoints);
        if let Some(found) = &found {
            compare(&checkpoints, view, found, &wanted)?;
        }
        for spec in specs {
            let name = self.names.of_spec(view, spec);
            if found.is_some() {
                self.check_there(view, spec, &name).await?;
                continue;
            }
            let body = of_documents(&self.options, view, spec, &writing(&name));
            self.make(&name, body, view, &Described::new(view, &[spec])).await?;
            self.show_people(spec.index, &name).await?;
        }
        if found.is_none() {
            let alias = writing(&checkpoints);
            let body = of_checkpoints(&self.options, view, specs, &alias);
            self.make(&checkpoints, body, view, &wanted).await?;
            self.views.forget(view);
        }
        self.remember(view, wanted);
        Ok(())
    }

    /// An index of a view that is there must not be missing: its checkpoints say that it is full.
    async fn check_there(
        &self,
        view: View,
        spec: &'static SearchSpec,
        name: &str,
    ) -> Result<(), StoreError> {
        match self.descriptions(name).await?.get(name) {
            Some(found) => compare(name, view, found, &Described::new(view, &[spec])),
            None => Err(StoreError::Fatal(format!(
                "the index {name} is missing, while the checkpoints of {view} are there; rebuild the read model with \
                 `replay run {}`",
                view.model
            ))),
        }
    }

    async fn make(
        &self,
        name: &str,
        body: Json,
        view: View,
        wanted: &Described,
    ) -> Result<(), StoreError> {
        let answer = self.http.send(Method::PUT, &format!("/{name}"), Body::Json(body)).await?;
        let Some(failure) = answer.failure() else { return Ok(()) };
        if !failure.is_there() {
            return Err(not_rejected(failure.class(&format!("making the index {name}"))));
        }
        match self.descriptions(name).await?.get(name) {
            Some(found) => compare(name, view, found, wanted),
            None => Err(StoreError::Fatal(format!(
                "there is an index {name} that is not Chimera's; delete it, or use another prefix"
            ))),
        }
    }

    /// The descriptions of all indices whose names match; none for those without one.
    async fn descriptions(&self, pattern: &str) -> Result<Descriptions, StoreError> {
        #[derive(Deserialize)]
        struct Found {
            mappings: Mappings,
        }
        #[derive(Deserialize)]
        struct Mappings {
            #[serde(rename = "_meta")]
            meta: Json,
        }
        let path =
            format!("/{pattern}/_mapping?ignore_unavailable=true&filter_path=*.mappings._meta");
        let answer: Result<BTreeMap<String, Found>, _> =
            self.http.ask(Method::GET, &path, Body::Nothing).await?;
        let found = match answer {
            Ok(found) => found,
            Err(failure) if failure.is_gone() => BTreeMap::new(),
            Err(failure) => return Err(failure.class(&format!("reading mappings of {pattern}"))),
        };
        let mut descriptions = Descriptions::new();
        for (name, Found { mappings: Mappings { meta } }) in found {
            if let Ok(described) = serde_json::from_value(meta) {
                descriptions.insert(name, described);
            }
        }
        Ok(descriptions)
    }

    /// Whether every index of documents of a view is there. They go in one step with its checkpoints, unless somebody else deletes one.
    async fn is_whole(&self, described: &Described) -> Result<bool, StoreError> {
        for index in described.indices.keys() {
            let name = self.names.data(index, described.generation);
            if !self.descriptions(&name).await?.contains_key(&name) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) async fn generations_of(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        let mut generations = Vec::new();
        let found = self.descriptions(&self.names.every_checkpoints(model)).await?;
        for (name, described) in found {
            let generation = described.generation;
            let is_named = name == self.names.checkpoints(model, generation);
            if described.model == model && is_named && self.is_whole(&described).await? {
                generations.push(generation);
            }
        }
        generations.sort_unstable();
        Ok(generations)
    }

    /// In one step, together with the aliases.
    pub(super) async fn remove_view(&self, view: View) -> Result<(), StoreError> {
        self.views.forget(view);
        let pattern = self.names.every_of_generation(view.generation);
        let checkpoints = self.names.checkpoints(view.model, view.generation);
        let mut actions = Vec::new();
        for (name, described) in self.descriptions(&pattern).await? {
            if described.model != view.model || described.generation != view.generation {
                continue;
            }
            let mut documents = described.indices.keys();
            let index = documents.find(|index| self.names.data(index, view.generation) == name);
            if index.is_none() && name != checkpoints {
                continue;
            }
            actions.push(json!({"remove_index": {"index": name}}));
            if let Some(index) = index
                && let Some(next) = self.next_for_people(index, &name).await?
            {
                actions.push(json!({"add": {"index": next, "alias": self.names.alias(index)}}));
            }
        }
        if actions.is_empty() {
            return Ok(());
        }
        self.change_aliases(&actions, &format!("removing {view}")).await
    }

    async fn change_aliases(&self, actions: &[Json], what: &str) -> Result<(), StoreError> {
        let body = Body::Json(json!({"actions": actions}));
        let answer = self.http.send(Method::POST, "/_aliases", body).await?;
        match answer.failure() {
            None => Ok(()),
            // Another process has removed it at the same time; what is left is found the next time.
            Some(failure) if failure.is_gone() => {
                Err(StoreError::Transient(format!("{what}: {}", failure.reason)))
            }
            Some(failure) => Err(not_rejected(failure.class(what))),
        }
    }

    /// The alias for people stays on the first generation until that one is removed.
    async fn show_people(&self, index: &str, name: &str) -> Result<(), StoreError> {
        if !self.shown_to_people(index).await?.is_empty() {
            return Ok(());
        }
        let add = json!({"add": {"index": name, "alias": self.names.alias(index)}});
        self.change_aliases(&[add], &format!("naming {name} {}", self.names.alias(index))).await
    }

    async fn shown_to_people(&self, index: &str) -> Result<Vec<String>, StoreError> {
        let path = format!("/_alias/{}", self.names.alias(index));
        let answer = self.http.send(Method::GET, &path, Body::Nothing).await?;
        match answer.failure() {
            None => Ok(answer.read::<BTreeMap<String, Json>>()?.into_keys().collect()),
            Some(failure) if failure.status == 404 => Ok(Vec::new()),
            Some(failure) => Err(unreadable(index, &failure)),
        }
    }

    /// Which generation people see once `removed` is gone, if that is the one that they see now.
    async fn next_for_people(
        &self,
        index: &str,
        removed: &str,
    ) -> Result<Option<String>, StoreError> {
        if !self.shown_to_people(index).await?.iter().any(|name| name == removed) {
            return Ok(None);
        }
        let mut left = Vec::new();
        for name in self.descriptions(&self.names.every_data(index)).await?.into_keys() {
            let Some(generation) = generation_of(&name) else { continue };
            if name != removed && name == self.names.data(index, generation) {
                left.push((generation, name));
            }
        }
        Ok(left.into_iter().max().map(|(_, name)| name))
    }
}

fn compare(
    name: &str,
    view: View,
    found: &Described,
    wanted: &Described,
) -> Result<(), StoreError> {
    if found == wanted {
        return Ok(());
    }
    Err(StoreError::Fatal(format!(
        "the index {name} is of another shape or format: there is {found:?}, this program has {wanted:?}; rebuild the read \
         model into a new generation with `replay run {}`, or use the program that made it",
        view.model
    )))
}
