//! What a database holds: its views, their keyspaces, and their checkpoints. The same for rows and for key-values.
//!
//! A keyspace that no catalogue entry names is left over from an interrupted creation or removal, and is deleted on open. A view
//! that names a keyspace which is not there is forgotten with its checkpoints, so that it is fed again from the first event: an
//! empty table under a checkpoint that says otherwise would be believed.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use chimera_model::{Order, Value};
use fjall::{Database, Keyspace, OwnedWriteBatch, PersistMode};

use super::database::{self, Options, open_error, store_error};
use super::seal::{seal, unseal};
use crate::error::{OpenError, StoreError};
use crate::key::{self, Decoder};
use crate::view::{Checkpoint, View};

const META: &str = "meta";
/// See [`Catalogue::delete_keyspaces`].
const ANCHOR: &str = "anchor.";
const FORMAT_KEY: &str = "format";
/// Of the layout of keys and values in this database; a change of it is a new number.
const FORMAT: u32 = 1;

/// Name and layout of each keyspace of a view.
pub(super) type Layouts = Vec<(String, String)>;

type Views = BTreeMap<String, BTreeMap<u32, Arc<OpenView>>>;

/// An open database.
pub(super) struct Catalogue {
    database: Database,
    meta: Keyspace,
    options: Options,
    views: RwLock<Views>,
    /// Held while views come and go.
    changing: Mutex<()>,
}

/// A view whose keyspaces are open.
pub(super) struct OpenView {
    spaces: Vec<OpenSpace>,
    /// Held from reading what is stored to writing what follows from it; says whether the view has been removed.
    writing: Mutex<Removed>,
}

type Removed = bool;

/// One table or space of one view.
pub(super) struct OpenSpace {
    name: String,
    layout: String,
    /// Whether the caller's spec was found to have this layout; checked once.
    agreed: AtomicBool,
    pub(super) keyspace: Keyspace,
}

impl OpenView {
    /// The table or space of this name, if its layout is the one given.
    pub(super) fn space(
        &self,
        name: &str,
        layout: impl FnOnce() -> String,
    ) -> Result<&OpenSpace, StoreError> {
        let Some(space) = self.spaces.iter().find(|space| space.name == name) else {
            return Err(StoreError::Fatal(format!(
                "there is no {name} in this generation; rebuild the read model with `replay run`"
            )));
        };
        if !space.agreed.load(Ordering::Relaxed) {
            agree(&space.name, &space.layout, &layout())?;
            space.agreed.store(true, Ordering::Relaxed);
        }
        Ok(space)
    }

    /// The right to write, as long as the guard lives.
    pub(super) fn lock(&self) -> Result<MutexGuard<'_, Removed>, StoreError> {
        let removed = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if *removed {
            return Err(StoreError::Fatal(
                "the generation was removed while it was written".into(),
            ));
        }
        Ok(removed)
    }
}

fn agree(name: &str, stored: &str, wanted: &str) -> Result<(), StoreError> {
    if stored == wanted {
        return Ok(());
    }
    Err(StoreError::Fatal(format!(
        "{name} was written as {stored} and is now {wanted}; rebuild the read model with `replay run`"
    )))
}

impl Catalogue {
    pub(super) fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let database = database::open(path, options)?;
        let failed = |error| open_error(path.to_owned(), error);
        let meta = database::keyspace(&database, META, options).map_err(failed)?;
        check_format(&meta, path)?;
        let (views, changing) = (RwLock::default(), Mutex::default());
        let catalogue = Self { database, meta, options, views, changing };
        let damaged = |error: StoreError| OpenError::Damaged {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        catalogue.load().map_err(damaged)?;
        Ok(catalogue)
    }

    fn load(&self) -> Result<(), StoreError> {
        let mut kept = HashSet::from([META.to_owned()]);
        for entry in self.meta.prefix(prefix(VIEW, &[])) {
            let (key, sealed) = entry.into_inner().map_err(store_error)?;
            let (model, generation) = view_of(&key)?;
            let layouts = layouts_of(&key, &sealed)?;
            let names = layouts.iter().map(|(name, _)| keyspace_name(&model, generation, name));
            let names: Vec<String> = names.collect();
            if let Some(lost) = names.iter().find(|name| !self.database.keyspace_exists(name)) {
                tracing::error!(
                    model,
                    generation,
                    lost,
                    "a part of a read model is lost; it is built anew from the log"
                );
                self.forget(&model, generation)?;
                continue;
            }
            kept.extend(names);
            self.open_view(&model, generation, layouts)?;
        }
        let mut left_over = Vec::new();
        for name in self.database.list_keyspace_names() {
            if !kept.contains(&*name) && !name.starts_with(ANCHOR) {
                left_over.push(self.keyspace(&name)?);
            }
        }
        self.delete_keyspaces(left_over)
    }

    /// Takes a view and its checkpoints out of the catalogue, in one batch.
    fn forget(&self, model: &str, generation: u32) -> Result<(), StoreError> {
        let mut batch = self.batch();
        batch.remove(&self.meta, view_key(model, generation));
        for entry in self.meta.prefix(checkpoint_prefix(model, generation)) {
            batch.remove(&self.meta, entry.key().map_err(store_error)?);
        }
        batch.commit().map_err(store_error)
    }

    fn open_view(&self, model: &str, generation: u32, layouts: Layouts) -> Result<(), StoreError> {
        let mut spaces = Vec::with_capacity(layouts.len());
        for (name, layout) in layouts {
            let full_name = keyspace_name(model, generation, &name);
            let keyspace = self.keyspace(&full_name)?;
            spaces.push(OpenSpace { name, layout, agreed: AtomicBool::new(false), keyspace });
        }
        let view = Arc::new(OpenView { spaces, writing: Mutex::default() });
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.entry(model.to_owned()).or_default().insert(generation, view);
        Ok(())
    }

    fn keyspace(&self, name: &str) -> Result<Keyspace, StoreError> {
        database::keyspace(&self.database, name, self.options).map_err(store_error)
    }

    /// Deletes keyspaces for good.
    ///
    /// After a restart fjall numbers new keyspaces from the highest number it finds. It finds the mark of a deletion, too, and may
    /// take it for the fate of a new keyspace that was given the same number: then all of that is gone at the restart after.
    /// An empty keyspace made before each deletion has a higher number than what is deleted, so no number comes again.
    fn delete_keyspaces(&self, doomed: Vec<Keyspace>) -> Result<(), StoreError> {
        if doomed.is_empty() {
            return Ok(());
        }
        let names = self.database.list_keyspace_names();
        let numbers = names.iter().filter_map(|name| name.strip_prefix(ANCHOR)?.parse().ok());
        let anchors: Vec<u64> = numbers.collect();
        let next = anchors.iter().max().map_or(1, |number| number + 1);
        self.keyspace(&format!("{ANCHOR}{next}"))?;
        for keyspace in doomed {
            self.database.delete_keyspace(keyspace).map_err(store_error)?;
        }
        for former in anchors {
            let former = self.keyspace(&format!("{ANCHOR}{former}"))?;
            self.database.delete_keyspace(former).map_err(store_error)?;
        }
        Ok(())
    }

    fn find(&self, view: View) -> Option<Arc<OpenView>> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        views.get(view.model)?.get(&view.generation).cloned()
    }

    /// The view, for a reader that may have missed a swap.
    pub(super) fn readable(&self, view: View) -> Result<Arc<OpenView>, StoreError> {
        self.find(view).ok_or_else(|| {
            StoreError::Transient(format!("{view} is not there; ask which one is live"))
        })
    }

    /// The view, for the worker that has made it.
    pub(super) fn writable(&self, view: View) -> Result<Arc<OpenView>, StoreError> {
        self.find(view)
            .ok_or_else(|| StoreError::Fatal(format!("{view} is not there; create it first")))
    }

    pub(super) fn generations(&self, model: &str) -> Vec<u32> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        views.get(model).map(|found| found.keys().copied().collect()).unwrap_or_default()
    }

    pub(super) fn create(&self, view: View, layouts: &Layouts) -> Result<(), StoreError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = self.find(view) {
            for (name, layout) in layouts {
                open.space(name, || layout.clone())?;
            }
            return Ok(());
        }
        self.open_view(view.model, view.generation, layouts.clone())?;
        let key = view_key(view.model, view.generation);
        let value =
            postcard::to_stdvec(layouts).map_err(|error| StoreError::Fatal(error.to_string()))?;
        self.meta.insert(&key, seal(&key, value)).map_err(store_error)
    }

    pub(super) fn remove(&self, view: View) -> Result<(), StoreError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = self.find(view) else {
            return Ok(());
        };
        let mut removed = open.lock()?;
        self.forget(view.model, view.generation)?;
        *removed = true;
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(generations) = views.get_mut(view.model) {
            generations.remove(&view.generation);
        }
        drop(views);
        self.delete_keyspaces(open.spaces.iter().map(|space| space.keyspace.clone()).collect())
    }

    /// A batch that is in the operating system's hands when it is committed.
    pub(super) fn batch(&self) -> OwnedWriteBatch {
        self.database.batch().durability(Some(PersistMode::Buffer))
    }

    /// Adds the checkpoints that are ahead of what is stored.
    pub(super) fn add_checkpoints(
        &self,
        batch: &mut OwnedWriteBatch,
        view: View,
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        for checkpoint in checkpoints {
            let key = checkpoint_key(view, checkpoint);
            let stored = self.meta.get(&key).map_err(store_error)?;
            let reached = stored.map(|sealed| sequence_of(&key, &sealed)).transpose()?;
            if reached.unwrap_or(0) < checkpoint.sequence {
                let value = seal(&key, checkpoint.sequence.to_le_bytes().to_vec());
                batch.insert(&self.meta, key, value);
            }
        }
        Ok(())
    }

    pub(super) fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        self.readable(view)?;
        let mut checkpoints = Vec::new();
        for entry in self.meta.prefix(checkpoint_prefix(view.model, view.generation)) {
            let (key, sealed) = entry.into_inner().map_err(store_error)?;
            checkpoints.push(checkpoint_of(&key, &sealed)?);
        }
        Ok(checkpoints)
    }

    /// Waits until the journal is on disk.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.database.persist(PersistMode::SyncAll).map_err(store_error)
    }

    /// Writes what is in memory into tables.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        self.flush()?;
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        let open = views.values().flat_map(BTreeMap::values).flat_map(|view| &view.spaces);
        for keyspace in open.map(|space| &space.keyspace).chain([&self.meta]) {
            keyspace.rotate_memtable_and_wait().map_err(store_error)?;
        }
        Ok(())
    }
}

const VIEW: &str = "view";
const CHECKPOINT: &str = "checkpoint";

fn prefix(kind: &str, rest: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for value in [&Value::Text(kind.to_owned())].into_iter().chain(rest) {
        key::encode(&mut out, value, Order::Ascending);
    }
    out
}

fn identity(model: &str, generation: u32) -> [Value; 2] {
    [Value::Text(model.to_owned()), Value::Integer(generation.into())]
}

fn view_key(model: &str, generation: u32) -> Vec<u8> {
    prefix(VIEW, &identity(model, generation))
}

fn checkpoint_prefix(model: &str, generation: u32) -> Vec<u8> {
    prefix(CHECKPOINT, &identity(model, generation))
}

fn checkpoint_key(view: View, checkpoint: &Checkpoint) -> Vec<u8> {
    let [model, generation] = identity(view.model, view.generation);
    let stream = Value::Text(checkpoint.stream.as_ref().to_owned());
    prefix(CHECKPOINT, &[model, generation, stream, Value::Integer(checkpoint.partition.into())])
}

fn keyspace_name(model: &str, generation: u32, name: &str) -> String {
    format!("{model}.{generation}.{name}")
}

fn damaged_entry(reason: &str) -> StoreError {
    StoreError::Fatal(format!(
        "the catalogue is damaged: {reason}; delete the store and rebuild it"
    ))
}

/// Text and number of a catalogue key, behind `skipped` values.
fn text_and_number(key: &[u8], skipped: usize) -> Result<(String, u32), StoreError> {
    let mut decoder = Decoder::new(key);
    for _ in 0..skipped {
        decoder.value(Order::Ascending);
    }
    let values = (decoder.value(Order::Ascending), decoder.value(Order::Ascending));
    let (Some(Value::Text(text)), Some(Value::Integer(number))) = values else {
        return Err(damaged_entry("a key is not readable"));
    };
    u32::try_from(number).map(|number| (text, number)).map_err(|e| damaged_entry(&e.to_string()))
}

fn view_of(key: &[u8]) -> Result<(String, u32), StoreError> {
    text_and_number(key, 1)
}

fn layouts_of(key: &[u8], sealed: &[u8]) -> Result<Layouts, StoreError> {
    let value = unseal(key, sealed).map_err(|reason| damaged_entry(&reason))?;
    postcard::from_bytes(value).map_err(|error| damaged_entry(&error.to_string()))
}

fn checkpoint_of(key: &[u8], sealed: &[u8]) -> Result<Checkpoint, StoreError> {
    let (stream, partition) = text_and_number(key, 3)?;
    Ok(Checkpoint { stream: stream.into(), partition, sequence: sequence_of(key, sealed)? })
}

fn sequence_of(key: &[u8], sealed: &[u8]) -> Result<u64, StoreError> {
    let value = unseal(key, sealed).map_err(|reason| damaged_entry(&reason))?;
    let bytes = value.try_into().map_err(|_| damaged_entry("a checkpoint is not 8 bytes"))?;
    Ok(u64::from_le_bytes(bytes))
}

fn check_format(meta: &Keyspace, path: &Path) -> Result<(), OpenError> {
    let failed = |error| open_error(path.to_owned(), error);
    let wanted = FORMAT.to_le_bytes();
    match meta.get(FORMAT_KEY).map_err(failed)? {
        None => meta.insert(FORMAT_KEY, wanted).map_err(failed),
        Some(found) if *found == wanted => Ok(()),
        Some(found) => Err(OpenError::OtherFormat {
            path: path.to_owned(),
            reason: format!("rows of format {FORMAT} were expected and {found:?} found"),
        }),
    }
}
