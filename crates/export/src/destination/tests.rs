use chimera_domain::time::Timestamp;

use super::*;
use crate::{FileFormat, Window};

fn manifest(complete: bool) -> Manifest {
    let window = Window { from: None, until: Some(Timestamp(0)) };
    Manifest { complete, ..Manifest::new(FileFormat::Parquet, window) }
}

fn export_to(dir: &Path, content: &str, replace: bool) -> Result<(), ExportError> {
    let destination = Destination::prepare(dir, replace)?;
    fs::write(destination.staging().join("table"), content).unwrap();
    destination.publish(&manifest(true))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_export_has_its_name_only_when_it_is_whole() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("out");
    let destination = Destination::prepare(&dir, false).unwrap();
    assert_eq!(names(parent.path()), [".out.unfinished"]);
    destination.publish(&manifest(true)).unwrap();
    assert_eq!(names(parent.path()), ["out"]);
    assert_eq!(names(&dir), ["_SUCCESS", "export.json"]);
    assert_eq!(Manifest::read(&dir).unwrap(), manifest(true));
}

#[test]
fn an_export_that_lacks_something_is_no_success() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("out");
    Destination::prepare(&dir, false).unwrap().publish(&manifest(false)).unwrap();
    assert_eq!(names(&dir), ["export.json"]);
}

#[test]
fn an_export_that_fails_leaves_nothing_and_what_was_there_before() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("out");
    export_to(&dir, "first", false).unwrap();
    drop(Destination::prepare(&dir, true).unwrap());
    assert_eq!(names(parent.path()), ["out"]);
    assert_eq!(fs::read(dir.join("table")).unwrap(), b"first");
}

#[test]
fn an_export_is_replaced_only_where_that_is_asked_for() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("out");
    export_to(&dir, "first", false).unwrap();
    let refused = export_to(&dir, "second", false).unwrap_err().to_string();
    assert!(refused.contains("--replace --yes"), "{refused}");
    export_to(&dir, "second", true).unwrap();
    assert_eq!(fs::read(dir.join("table")).unwrap(), b"second");
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn what_is_no_export_is_never_replaced() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("holiday");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("photo"), "sea").unwrap();
    for replace in [false, true] {
        let refused = export_to(&dir, "x", replace).unwrap_err().to_string();
        assert!(refused.contains("holds something that is no export"), "{refused}");
    }
    assert!(Destination::check(&dir.join("photo"), true).is_err(), "a file is no directory");
    assert!(Destination::check(Path::new("/"), true).is_err(), "the root has no name");
    assert_eq!(fs::read(dir.join("photo")).unwrap(), b"sea");
}

#[test]
fn the_remains_of_an_interrupted_export_are_named_and_replaced_when_asked() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("out");
    fs::create_dir(parent.path().join(".out.unfinished")).unwrap();
    fs::write(parent.path().join(".out.unfinished/table"), "half").unwrap();
    let refused = export_to(&dir, "whole", false).unwrap_err().to_string();
    assert!(refused.contains(".out.unfinished"), "{refused}");
    export_to(&dir, "whole", true).unwrap();
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn an_empty_directory_may_be_there_already() {
    let dir = tempfile::tempdir().unwrap();
    export_to(dir.path(), "x", false).unwrap();
    assert_eq!(names(dir.path()), ["_SUCCESS", "export.json", "table"]);
}
