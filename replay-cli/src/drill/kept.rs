//! The files of a report: JSON, its signature, and the page; and whether a report is still what was signed.
//!
//! Never overwrites a report.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use chimera_backup::{SigningKey, TrustedKey};
use serde::Serialize;

use super::page;
use super::report::DrillReport;
use crate::failure::Failure;
use crate::output::enveloped;

/// What `--check` says of a report.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// `authentic`, or `refused` if the key has not signed it as it is.
    pub verdict: &'static str,
    /// The report.
    pub file: String,
    /// The key that it was checked with.
    pub key: String,
    /// What the drill came to; none unless the report is authentic.
    pub drill: Option<String>,
}

/// Writes reports into a directory.
pub(super) struct Keeper {
    directory: PathBuf,
    key: Option<SigningKey>,
}

impl Keeper {
    /// Makes the directory if it is not there.
    pub(super) fn at(directory: &Path, key: Option<SigningKey>) -> Result<Self, Failure> {
        fs::create_dir_all(directory).map_err(|error| {
            Failure::Usage(format!("{} cannot be made: {error}", directory.display()))
        })?;
        Ok(Self { directory: directory.to_owned(), key })
    }

    /// Writes the report, and gives it with the names of its files.
    pub(super) fn keep(&self, mut report: DrillReport) -> Result<DrillReport, Failure> {
        let (name, mut json) = self.reserved(&report.began)?;
        report.files.push(format!("{name}.json"));
        if let Some(key) = &self.key {
            report.files.push(format!("{name}.json.sig"));
            report.signer = Some(key.trusted().text());
        } else {
            report.notes.push(
                "this report is NOT SIGNED: whoever can write there can change it; give --key"
                    .to_owned(),
            );
        }
        report.files.push(format!("{name}.html"));
        let bytes = enveloped("drill", &report).map_err(|error| self.failed(&error))?;
        if let Some(key) = &self.key {
            self.write(&format!("{name}.json.sig"), &key.sign(&bytes))?;
        }
        self.write(&format!("{name}.html"), page::page(&report).as_bytes())?;
        json.write_all(&bytes)
            .and_then(|()| json.sync_all())
            .map_err(|error| self.failed(&error))?;
        Ok(report)
    }

    /// A name by the second that nobody has, and its JSON file.
    fn reserved(&self, began: &str) -> Result<(String, File), Failure> {
        let second = began.split('.').next().unwrap_or(began).trim_end_matches('Z');
        let second = format!("drill-{}Z", second.replace(':', "-"));
        for attempt in 1_u32.. {
            let name = if attempt == 1 { second.clone() } else { format!("{second}-{attempt}") };
            match File::create_new(self.directory.join(format!("{name}.json"))) {
                Ok(file) => return Ok((name, file)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Err(self.failed(&ErrorKind::AlreadyExists.into()))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let written = File::create_new(self.directory.join(name)).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        let directory = self.directory.display();
        Failure::Failed(format!("the report cannot be written to {directory}: {error}"))
    }
}

/// Whether a report is what was signed with this key.
pub(super) fn check(file: &Path, trust: Option<&Path>) -> Result<CheckReport, Failure> {
    let Some(trust) = trust else {
        return Err(Failure::Usage("--check needs --trust".to_owned()));
    };
    let key = TrustedKey::read(trust)?;
    let mut signature = file.as_os_str().to_owned();
    signature.push(".sig");
    let bytes = read(file)?;
    let is_signed = key.has_signed(&bytes, &read(Path::new(&signature))?);
    Ok(CheckReport {
        verdict: if is_signed { "authentic" } else { "refused" },
        file: file.display().to_string(),
        key: key.text(),
        drill: if is_signed { verdict(&bytes) } else { None },
    })
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))
}

fn verdict(bytes: &[u8]) -> Option<String> {
    let report: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    Some(report.get("verdict")?.as_str()?.to_owned())
}
