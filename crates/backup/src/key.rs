//! The keys that sign restore points: Ed25519, in the PEM files that `openssl` reads and writes.
//!
//! Whoever has only the public file can check a restore point, with this program or with `openssl pkeyutl -verify`.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::digest::hex;
use crate::error::BackupError;

/// What stands before the 32 bytes of a private key (PKCS #8), and of a public one (X.509).
const PRIVATE: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const PUBLIC: [u8; 12] = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];
const SEED: usize = 32;

/// Signs restore points.
pub struct SigningKey(Ed25519KeyPair);

/// Knows restore points that were signed with its private half.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedKey([u8; SEED]);

impl SigningKey {
    /// Makes a new key in `file`, readable by its owner alone, and its public half in `file` with `.pub` behind.
    ///
    /// # Errors
    /// If one of them is there already, or cannot be written.
    pub fn make(file: &Path) -> Result<Self, BackupError> {
        let unusable = |reason: String| usage(file, &reason);
        let mut seed = [0; SEED];
        let filled = SystemRandom::new().fill(&mut seed);
        filled.map_err(|_| unusable("the system gives no random numbers".to_owned()))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
        let pair = pair.map_err(|error| unusable(error.to_string()))?;
        let private = pem("PRIVATE KEY", &[&PRIVATE[..], &seed].concat());
        let public = pem("PUBLIC KEY", &[&PUBLIC[..], pair.public_key().as_ref()].concat());
        let beside = public_file(file);
        if beside.exists() {
            return Err(usage(&beside, "it is there already; name another file"));
        }
        new_file(file, 0o600, &private)?;
        new_file(&beside, 0o644, &public)?;
        Ok(Self(pair))
    }

    /// The key in a PEM file, of [`SigningKey::make`] or of `openssl genpkey -algorithm ed25519`.
    ///
    /// # Errors
    /// If it cannot be read, or is something else.
    pub fn read(file: &Path) -> Result<Self, BackupError> {
        let der = der(file, "PRIVATE KEY")?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der);
        pair.map(Self).map_err(|_| usage(file, "it holds no Ed25519 private key"))
    }

    /// Its public half.
    #[must_use]
    pub fn trusted(&self) -> TrustedKey {
        let mut key = [0; SEED];
        key.copy_from_slice(self.0.public_key().as_ref());
        TrustedKey(key)
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).as_ref().to_vec()
    }
}

impl TrustedKey {
    /// The key in a PEM file, such as `openssl pkey -pubout` writes.
    ///
    /// # Errors
    /// If it cannot be read, or is something else.
    pub fn read(file: &Path) -> Result<Self, BackupError> {
        let der = der(file, "PUBLIC KEY")?;
        let key = der.strip_prefix(&PUBLIC).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or_else(|| usage(file, "it holds no Ed25519 public key"))
    }

    /// As hexadecimal text, which is how manifests name it.
    #[must_use]
    pub fn text(&self) -> String {
        hex(&self.0)
    }

    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let digits = text.as_bytes().chunks_exact(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = digits.map(byte).collect::<Option<_>>()?;
        Some(Self(bytes.try_into().ok()?))
    }

    pub(crate) fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, signature).is_ok()
    }
}

/// Where the public half of a new key goes.
fn public_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

fn new_file(file: &Path, mode: u32, text: &str) -> Result<(), BackupError> {
    let opened = File::options().write(true).create_new(true).mode(mode).open(file);
    let written = opened.and_then(|mut opened| {
        opened.write_all(text.as_bytes())?;
        opened.sync_all()
    });
    written.map_err(|error| usage(file, &error.to_string()))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn der(file: &Path, label: &str) -> Result<Vec<u8>, BackupError> {
    let text = fs::read_to_string(file).map_err(|error| usage(file, &error.to_string()))?;
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let inner = text.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end));
    let (inner, _) = inner.ok_or_else(|| usage(file, &format!("it holds no {begin}")))?;
    let inner: String = inner.split_whitespace().collect();
    STANDARD.decode(inner).map_err(|error| usage(file, &error.to_string()))
}

fn usage(file: &Path, reason: &str) -> BackupError {
    BackupError::Usage(format!("the key file {}: {reason}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_signs_and_its_public_half_knows_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("backup.key");
        let made = SigningKey::make(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let read = SigningKey::read(&file).unwrap();
        let trusted = TrustedKey::read(&dir.path().join("backup.key.pub")).unwrap();
        assert!(trusted == made.trusted());
        let signature = read.sign(b"what was said");
        assert!(trusted.has_signed(b"what was said", &signature));
        assert!(!trusted.has_signed(b"what was sad", &signature));
        assert!(TrustedKey::of_text(&trusted.text()) == Some(trusted));
        assert!(SigningKey::make(&file).is_err(), "a key is never overwritten");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        assert!(SigningKey::read(&file).is_err());
        for text in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            fs::write(&file, text).unwrap();
            assert!(SigningKey::read(&file).is_err());
            assert!(TrustedKey::read(&file).is_err());
        }
        assert!(TrustedKey::of_text("00").is_none() && TrustedKey::of_text("zz").is_none());
    }
}
