//! The list of streams and their partition counts: a small text file with a format version and a checksum.
//!
//! Replaced as a whole, never changed in place.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::error::OpenError;
use crate::segment::sync_directory;

const NAME: &str = "MANIFEST";
const FORMAT: &str = "chimera-log 1";

/// Partition counts by stream.
pub(crate) type Streams = BTreeMap<Arc<str>, u32>;

/// The streams of the log in `dir`; none in a new one.
pub(crate) fn load(dir: &Path) -> Result<Streams, OpenError> {
    let path = dir.join(NAME);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Streams::new()),
        read => read.map_err(OpenError::io(&path))?,
    };
    parse(&bytes).map_err(|reason| OpenError::Manifest { path, reason })
}

/// Remembers these streams durably, in place of the ones before.
pub(crate) fn store(dir: &Path, streams: &Streams) -> io::Result<()> {
    let (path, unfinished) = (dir.join(NAME), dir.join("MANIFEST.new"));
    let mut file = File::create(&unfinished)?;
    file.write_all(render(streams).as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    sync_directory(dir)
}

fn render(streams: &Streams) -> String {
    let mut text = format!("{FORMAT}\n");
    for (name, partitions) in streams {
        text.extend([&partitions.to_string(), " ", &**name, "\n"]);
    }
    let crc = crc32c::crc32c(text.as_bytes());
    format!("{text}crc32c {crc:08x}\n")
}

fn parse(bytes: &[u8]) -> Result<Streams, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut lines = text.lines();
    let format = lines.next().unwrap_or_default();
    if format != FORMAT {
        return Err(format!("the format is {format:?}, and this program reads {FORMAT:?}"));
    }
    let mut streams = Streams::new();
    for line in lines {
        let Some((partitions, name)) = line.split_once(' ') else { continue };
        if let Ok(partitions) = partitions.parse() {
            streams.insert(name.into(), partitions);
        }
    }
    if render(&streams) != text {
        return Err("the list of streams does not match its checksum".to_owned());
    }
    Ok(streams)
}
