//! How much room there is on the disk of a directory that may not be there yet.

use std::path::Path;

use chimera_backup::Answer;
use rustix::fs::statvfs;

/// Whether so many bytes fit.
pub(crate) fn answer(dir: &Path, needed: u64) -> Answer {
    let found = match dir.ancestors().find(|dir| dir.exists()) {
        Some(there) if !there.as_os_str().is_empty() => there,
        _ => Path::new("."),
    };
    let free = statvfs(found).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let megabytes = |bytes: u64| bytes.div_ceil(1024 * 1024);
    Answer::of(
        "room",
        match free {
            Ok(free) if free >= needed => Ok(format!(
                "{} MiB are free, about {} are needed",
                megabytes(free),
                megabytes(needed)
            )),
            Ok(free) => Err(format!(
                "{} MiB are free on the disk of {}, and about {} are needed",
                megabytes(free),
                dir.display(),
                megabytes(needed)
            )),
            Err(error) => Err(format!("{}: {error}", found.display())),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("not/there");
        assert!(answer(&inside, 1).good);
        let refused = answer(&inside, u64::MAX);
        assert!(!refused.good && refused.said.contains("are needed"), "{refused:?}");
    }
}
