//! Where views lie: a directory each, made and removed in one step, with a file that says what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chimera_model::SearchSpec;

use super::failure::of_disk;
use super::fields;
use super::index;
use crate::error::StoreError;
use crate::view::View;

/// Shape by name of index, as JSON.
const SHAPES: &str = "shapes.json";
/// Directories whose names begin so are unfinished, or half removed.
const UNFINISHED: &str = "unfinished.";

/// The shape of each index of a view.
pub(super) type Shapes = BTreeMap<String, String>;

/// Where a view lies.
pub(super) fn of_view(root: &Path, view: View) -> PathBuf {
    root.join(name(view))
}

fn name(view: View) -> String {
    format!("{}.{}", view.model, view.generation)
}

/// The views that are there, with their shapes; removes what was left unfinished.
pub(super) fn views(root: &Path) -> io::Result<Vec<(String, u32, Shapes)>> {
    fs::create_dir_all(root)?;
    let mut views = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path())?;
            continue;
        }
        let (model, generation) = parsed(&name).ok_or_else(|| unknown(&name))?;
        let shapes = fs::read(entry.path().join(SHAPES));
        let shapes = shapes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(shapes) = shapes {
            views.push((model, generation, shapes));
        } else {
            tracing::error!(model, generation, "a search index is lost; it is built anew");
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(views)
}

fn parsed(name: &str) -> Option<(String, u32)> {
    let (model, generation) = name.rsplit_once('.')?;
    Some((model.to_owned(), generation.parse().ok()?))
}

fn unknown(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name} is no search index of Chimera"))
}

/// Makes a view with empty indices: beside its place, then moved there whole.
pub(super) fn make(
    root: &Path,
    view: View,
    specs: &[&'static SearchSpec],
) -> Result<Shapes, StoreError> {
    let unfinished = root.join(format!("{UNFINISHED}{}", name(view)));
    removed(&unfinished).map_err(|error| of_disk(&error))?;
    let mut shapes = Shapes::new();
    for spec in specs {
        let dir = unfinished.join(spec.index);
        fs::create_dir_all(&dir).map_err(|error| of_disk(&error))?;
        index::make(&dir, spec)?;
        shapes.insert(spec.index.to_owned(), fields::shape(spec));
    }
    let text = serde_json::to_vec(&shapes).map_err(|error| StoreError::Fatal(error.to_string()))?;
    let written = fs::write(unfinished.join(SHAPES), text);
    let moved = written.and_then(|()| fs::rename(&unfinished, of_view(root, view)));
    moved.map_err(|error| of_disk(&error))?;
    Ok(shapes)
}

/// Removes a view that nobody has open.
pub(super) fn remove(root: &Path, view: View) -> Result<(), StoreError> {
    let doomed = root.join(format!("{UNFINISHED}{}", name(view)));
    let moved = removed(&doomed).and_then(|()| fs::rename(of_view(root, view), &doomed));
    moved.and_then(|()| removed(&doomed)).map_err(|error| of_disk(&error))
}

fn removed(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
