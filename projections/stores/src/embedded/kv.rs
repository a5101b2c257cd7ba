//! Key-values on fjall: one keyspace a space and generation, one entry a value with all its parts, one batch an apply.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use async_trait::async_trait;
use chimera_model::{KvMutation, KvSpec};
use fjall::Keyspace;
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

use super::catalogue::{Catalogue, OpenSpace, OpenView};
use super::database::{Options, store_error};
use super::paging;
use super::seal::{seal, unseal};
use crate::error::{OpenError, StoreError};
use crate::kv::{KvReader, KvValue, KvWriter};
use crate::layout;
use crate::page::{Cursor, Page, Scanned};
use crate::view::{Checkpoint, View};

/// fjall takes keys of up to 65,535 bytes.
const LONGEST_ID: usize = 60_000;

/// The embedded key-value store.
pub struct EmbeddedKv {
    catalogue: Catalogue,
}

/// Version and content of each part in the order of the spec; version 0 for one never written, no content for one deleted.
type Parts = Vec<(u64, Option<String>)>;

impl EmbeddedKv {
    pub(super) fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        Ok(Self { catalogue: Catalogue::open(path, options)? })
    }

    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.catalogue.flush()
    }

    pub(super) fn settle(&self) -> Result<(), StoreError> {
        self.catalogue.settle()
    }
}

#[async_trait]
impl KvReader for EmbeddedKv {
    async fn get(
        &self,
        view: View,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Option<KvValue>, StoreError> {
        let open = self.catalogue.readable(view)?;
        let parts = read(&open_space(&open, space)?.keyspace, space, id)?;
        Ok(visible(space, parts))
    }

    async fn scan(
        &self,
        view: View,
        space: &'static KvSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, KvValue)>>, StoreError> {
        let open = self.catalogue.readable(view)?;
        let keyspace = &open_space(&open, space)?.keyspace;
        Ok(paging::scan(keyspace, after, limit, |id, sealed| scanned(space, id, sealed)))
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        self.catalogue.checkpoints(view)
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        Ok(self.catalogue.generations(model))
    }
}

#[async_trait]
impl KvWriter for EmbeddedKv {
    async fn create(&self, view: View, spaces: &[&'static KvSpec]) -> Result<(), StoreError> {
        let layouts = spaces.iter().map(|space| (space.space.to_owned(), layout::of_space(space)));
        self.catalogue.create(view, &layouts.collect())
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[KvMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        let open = self.catalogue.writable(view)?;
        let _writing = open.lock()?;
        let mut batch = self.catalogue.batch();
        for ((_, id), touched) in merge(&open, mutations)? {
            if touched.changed {
                let value = postcard::to_stdvec(&touched.parts)
                    .map_err(|error| StoreError::Fatal(error.to_string()))?;
                batch.insert(&touched.space.keyspace, id, seal(id.as_bytes(), value));
            }
        }
        self.catalogue.add_checkpoints(&mut batch, view, checkpoints)?;
        batch.commit().map_err(store_error)
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.catalogue.remove(view)
    }
}

/// A value that some mutation touches.
struct Touched<'a> {
    space: &'a OpenSpace,
    parts: Parts,
    changed: bool,
}

/// By space and id.
type Touching<'a> = HashMap<(&'a str, &'a str), Touched<'a>, Xxh3DefaultBuilder>;

/// Reads every value that is touched once, and merges all mutations in memory.
fn merge<'a>(open: &'a OpenView, mutations: &'a [KvMutation]) -> Result<Touching<'a>, StoreError> {
    let mut touching =
        Touching::with_capacity_and_hasher(mutations.len(), Xxh3DefaultBuilder::new());
    for mutation in mutations {
        let part = part_number(mutation)?;
        let touched = match touching.entry((mutation.space.space, &mutation.id)) {
            Entry::Occupied(touched) => touched.into_mut(),
            Entry::Vacant(absent) => {
                let space = open_space(open, mutation.space)?;
                let parts = read(&space.keyspace, mutation.space, &mutation.id)?;
                absent.insert(Touched { space, parts, changed: false })
            }
        };
        let (version, content) = &mut touched.parts[part];
        if mutation.version > *version {
            *version = mutation.version;
            content.clone_from(&mutation.value);
            touched.changed = true;
        }
    }
    Ok(touching)
}

fn part_number(mutation: &KvMutation) -> Result<usize, StoreError> {
    let KvMutation { space, id, part, .. } = mutation;
    if !is_possible(id) {
        let (space, length) = (space.space, id.len());
        return Err(StoreError::Rejected(format!("an id of {space} takes {length} bytes")));
    }
    space
        .parts
        .iter()
        .position(|name| name == part)
        .ok_or_else(|| StoreError::Rejected(format!("{} has no part {part}", space.space)))
}

fn is_possible(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_ID
}

fn open_space<'a>(open: &'a OpenView, space: &KvSpec) -> Result<&'a OpenSpace, StoreError> {
    open.space(space.space, || layout::of_space(space))
}

fn read(keyspace: &Keyspace, space: &KvSpec, id: &str) -> Result<Parts, StoreError> {
    if !is_possible(id) {
        return Ok(vec![(0, None); space.parts.len()]);
    }
    let failed = |error: fjall::Error| damaged(space, id, &error.to_string());
    match keyspace.get(id).map_err(failed)? {
        Some(sealed) => {
            decode(space, id.as_bytes(), &sealed).map_err(|why| damaged(space, id, &why))
        }
        None => Ok(vec![(0, None); space.parts.len()]),
    }
}

fn decode(space: &KvSpec, id: &[u8], sealed: &[u8]) -> Result<Parts, String> {
    let parts: Parts = postcard::from_bytes(unseal(id, sealed)?)
        .map_err(|error| format!("no key-value: {error}"))?;
    if parts.len() != space.parts.len() {
        return Err(format!("{} parts instead of {}", parts.len(), space.parts.len()));
    }
    Ok(parts)
}

fn damaged(space: &KvSpec, id: &str, why: &str) -> StoreError {
    let name = space.space;
    StoreError::Fatal(format!(
        "{name}:{id} is damaged: {why}; rebuild the read model with `replay run`"
    ))
}

fn visible(space: &KvSpec, parts: Parts) -> Option<KvValue> {
    let mut shown = BTreeMap::new();
    for (name, (version, content)) in space.parts.iter().zip(parts) {
        if let Some(content) = content {
            shown.insert((*name).to_owned(), (version, content));
        }
    }
    (!shown.is_empty()).then_some(KvValue { parts: shown })
}

fn scanned(space: &KvSpec, id: &[u8], sealed: &[u8]) -> Option<Scanned<String, (String, KvValue)>> {
    let key = String::from_utf8_lossy(id).into_owned();
    match decode(space, id, sealed) {
        Ok(parts) => visible(space, parts).map(|value| Scanned::Sound((key, value))),
        Err(reason) => Some(Scanned::Damaged { key: Some(key), reason }),
    }
}
