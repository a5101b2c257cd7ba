//! Mutations sorted by document, each checked before anything is sent.

use std::collections::HashMap;
use std::sync::Arc;

use chimera_model::{SearchMutation, SearchSpec};

use super::OpenSearch;
use super::document::HeldPart;
use super::index::Index;
use super::layout::shape;
use super::render::Content;
use super::views::Known;
use crate::error::StoreError;
use crate::search::check_mutation;
use crate::view::View;

/// In bytes, of one part; OpenSearch takes 100 MB a request unless told otherwise.
const LARGEST_PART: usize = 16 << 20;

/// What one document shall become.
pub(super) struct Pending {
    pub(super) id: String,
    /// By the spec's parts in their order; none where nothing changes.
    pub(super) parts: Vec<Option<HeldPart>>,
    /// Whether it most likely isn't there yet, so that asking for it first would be in vain.
    pub(super) is_new: bool,
}

/// The documents of one index, in the order of their first mutations.
pub(super) type Changes = Vec<(Arc<Index>, Vec<Pending>)>;

struct Sorted {
    spec: &'static SearchSpec,
    pending: Vec<Pending>,
    places: HashMap<String, usize>,
}

impl OpenSearch {
    /// Every document once, with the newest of each of its parts.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for a mutation that does not fit, [`StoreError::Fatal`] for one of an index that the view does not
    /// have.
    pub(super) fn checked(
        &self,
        view: View,
        known: &Known,
        mutations: &[SearchMutation],
    ) -> Result<Changes, StoreError> {
        let mut all: Vec<Sorted> = Vec::new();
        for mutation in mutations {
            check_mutation(mutation)?;
            let found = all.iter().position(|sorted| sorted.spec == mutation.spec);
            let at = if let Some(at) = found {
                at
            } else {
                check_index(view, known, mutation.spec)?;
                let (pending, places) = (Vec::new(), HashMap::new());
                all.push(Sorted { spec: mutation.spec, pending, places });
                all.len() - 1
            };
            all[at].add(mutation)?;
        }
        let mut changes = Vec::with_capacity(all.len());
        for Sorted { spec, pending, .. } in all {
            changes.push((self.index(view, spec), pending));
        }
        Ok(changes)
    }
}

fn check_index(view: View, known: &Known, spec: &SearchSpec) -> Result<(), StoreError> {
    if known.described.indices.get(spec.index) == Some(&shape(spec)) {
        return Ok(());
    }
    let index = spec.index;
    Err(StoreError::Fatal(format!("{view} was created without an index {index} of this shape")))
}

impl Sorted {
    /// Where the document of this id stands in `pending`.
    fn place(&mut self, id: &str) -> usize {
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        let parts = vec![None; self.spec.parts.len()];
        self.pending.push(Pending { id: id.to_owned(), parts, is_new: false });
        let place = self.pending.len() - 1;
        self.places.insert(id.to_owned(), place);
        place
    }

    fn add(&mut self, mutation: &SearchMutation) -> Result<(), StoreError> {
        let SearchMutation { id, part, version, .. } = mutation;
        let place = self.place(id);
        let pending = &mut self.pending[place];
        pending.is_new |= *version == 1;
        let Some(slot) = self.spec.parts.iter().position(|known| known.name == *part) else {
            return Ok(());
        };
        let newer = pending.parts[slot].as_ref().is_none_or(|held| held.version < *version);
        if newer {
            let content = rendered(mutation, slot)?;
            pending.parts[slot] = Some(HeldPart { version: *version, content });
        }
        Ok(())
    }
}

fn rendered(mutation: &SearchMutation, slot: usize) -> Result<Option<Arc<Content>>, StoreError> {
    let Some(fields) = &mutation.fields else { return Ok(None) };
    let content = Content::new(mutation.spec, &mutation.spec.parts[slot], fields);
    if content.bytes() > LARGEST_PART {
        let (part, index) = (mutation.part, mutation.spec.index);
        return Err(StoreError::Rejected(format!(
            "part {part} of document {} of {index} has more than {} MB",
            mutation.id,
            LARGEST_PART >> 20
        )));
    }
    Ok(Some(Arc::new(content)))
}
