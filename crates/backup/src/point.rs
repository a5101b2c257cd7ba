//! Restore points by name: writing the manifest with its checksum and signature, and believing one that is read.
//!
//! `restore-points/NAME.sha256` and `NAME.sig` come first and `NAME.json` last: a restore point is there when that is.

use bytes::Bytes;

use crate::digest::sha256;
use crate::error::BackupError;
use crate::fetch;
use crate::key::{SigningKey, TrustedKey};
use crate::manifest::{Content, FORMAT, Manifest};
use crate::place::Place;
use crate::segment::Ids;

const DIRECTORY: &str = "restore-points";
/// The newest one.
const LATEST: &str = "latest";

/// Who vouches for a restore point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The trusted key signed it.
    Trusted,
    /// It is signed, and nobody said whose signature to trust.
    Signed,
    /// Nobody.
    Unsigned,
}

/// A restore point whose manifest is whole.
pub struct Point {
    /// Where its objects lie.
    pub place: Place,
    /// What it says.
    pub manifest: Manifest,
    /// Who vouches for it.
    pub proof: Proof,
}

/// A schema of a restore point, under a number that is the same for all its segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaText {
    /// 1, 2, 3…, in the order of the manifest.
    pub number: u32,
    /// Its text, checked.
    pub text: String,
}

impl Point {
    /// The restore point of this name, or the `latest`. With a trusted key it must be signed with it.
    ///
    /// # Errors
    /// If there is none, it is damaged, or not to be trusted.
    pub async fn load(
        place: &Place,
        name: &str,
        trust: Option<&TrustedKey>,
    ) -> Result<Self, BackupError> {
        let names = names(place).await?;
        let wanted =
            if name == LATEST { names.last() } else { names.iter().find(|one| *one == name) };
        let Some(wanted) = wanted else { return Err(missing(place, name, &names)) };
        load(place, wanted, trust).await
    }

    /// The texts of its schemas.
    ///
    /// # Errors
    /// If one is missing or damaged.
    pub async fn schemas(&self) -> Result<Vec<SchemaText>, BackupError> {
        let mut texts = Vec::new();
        for (number, kept) in (1..).zip(&self.manifest.schemas) {
            texts.push(SchemaText { number, text: fetch::schema(&self.place, kept).await? });
        }
        Ok(texts)
    }

    /// The number of each schema that a segment's events name by an id; ids of schemas that nobody knew are missing.
    #[must_use]
    pub fn numbers(&self, content: &Content) -> Ids {
        let known = content.schemas.iter().filter_map(|(id, sha256)| Some((*id, sha256.as_ref()?)));
        known.filter_map(|(id, sha256)| Some((id, self.number(sha256)?))).collect()
    }

    fn number(&self, sha256: &str) -> Option<u32> {
        let place = self.manifest.schemas.iter().position(|kept| kept.sha256 == sha256)?;
        u32::try_from(place + 1).ok()
    }
}

/// The names of all restore points, oldest first.
pub(crate) async fn names(place: &Place) -> Result<Vec<String>, BackupError> {
    let found = place.list(DIRECTORY).await?;
    let names = found.iter().filter_map(|found| {
        found.object.strip_prefix(DIRECTORY)?.strip_prefix('/')?.strip_suffix(".json")
    });
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

/// The newest manifest that is whole and, if a key is given, signed with it.
pub(crate) async fn latest_good(
    place: &Place,
    trust: Option<&TrustedKey>,
) -> Result<Option<Manifest>, BackupError> {
    for name in names(place).await?.iter().rev() {
        match load(place, name, trust).await {
            Ok(point) => return Ok(Some(point.manifest)),
            Err(BackupError::Damaged { .. } | BackupError::Untrusted { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Makes the manifest a restore point, named after the second in which it began.
pub(crate) async fn publish(
    place: &Place,
    mut manifest: Manifest,
    key: Option<&SigningKey>,
) -> Result<Manifest, BackupError> {
    let began = jiff::Timestamp::from_microsecond(manifest.began.0).unwrap_or_default();
    let second = began.strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
    for attempt in 1_u32.. {
        manifest.name = if attempt == 1 { second.clone() } else { format!("{second}-{attempt}") };
        let json = serde_json::to_vec_pretty(&manifest);
        let json = Bytes::from(json.map_err(|error| BackupError::Broken(error.to_string()))?);
        let [text, checksum, signature] = objects(&manifest.name);
        // Whoever makes this one has the name.
        if !place.create(&checksum, sum(&manifest.name, &json).into()).await? {
            continue;
        }
        if let Some(key) = key {
            place.create(&signature, key.sign(&json).into()).await?;
        }
        place.create(&text, json).await?;
        break;
    }
    Ok(manifest)
}

async fn load(place: &Place, name: &str, trust: Option<&TrustedKey>) -> Result<Point, BackupError> {
    let [text, checksum, signature] = objects(name);
    let there = |bytes: Option<Bytes>, object: &str| {
        bytes.ok_or_else(|| BackupError::damaged(object, "it is not there"))
    };
    let json = there(place.get(&text).await?, &text)?;
    if there(place.get(&checksum).await?, &checksum)? != sum(name, &json) {
        return Err(BackupError::damaged(&text, format!("its checksum is not that of {checksum}")));
    }
    let manifest: Manifest = serde_json::from_slice(&json)
        .map_err(|error| BackupError::damaged(&text, error.to_string()))?;
    if manifest.format != FORMAT || manifest.name != name {
        let reason = format!(
            "it is {} of format {}, and this release reads format {FORMAT}",
            manifest.name, manifest.format
        );
        return Err(BackupError::damaged(&text, reason));
    }
    let signature = place.get(&signature).await?;
    let proof = proof(&manifest, &json, signature.as_deref(), trust);
    let proof =
        proof.map_err(|reason| BackupError::Untrusted { point: name.to_owned(), reason })?;
    Ok(Point { place: place.clone(), manifest, proof })
}

fn proof(
    manifest: &Manifest,
    json: &[u8],
    signature: Option<&[u8]>,
    trust: Option<&TrustedKey>,
) -> Result<Proof, String> {
    let (signer, signature) = match (&manifest.signer, signature, trust) {
        (None, None, None) => return Ok(Proof::Unsigned),
        (None, None, Some(_)) => return Err("it is not signed".to_owned()),
        (None, Some(_), _) => {
            return Err("there is a signature that it knows nothing of".to_owned());
        }
        (Some(_), None, _) => return Err("its signature is missing".to_owned()),
        (Some(signer), Some(signature), _) => (signer, signature),
    };
    let key = TrustedKey::of_text(signer).ok_or("the key that it names is no key")?;
    if trust.is_some_and(|trust| *trust != key) {
        return Err(format!("it is signed with another key, {signer}"));
    }
    if !key.has_signed(json, signature) {
        return Err("its signature does not fit".to_owned());
    }
    Ok(if trust.is_some() { Proof::Trusted } else { Proof::Signed })
}

/// What `sha256sum` writes and reads.
fn sum(name: &str, json: &[u8]) -> String {
    format!("{}  {name}.json\n", sha256(json))
}

/// Manifest, checksum, signature.
fn objects(name: &str) -> [String; 3] {
    ["json", "sha256", "sig"].map(|kind| format!("{DIRECTORY}/{name}.{kind}"))
}

fn missing(place: &Place, name: &str, names: &[String]) -> BackupError {
    let place = place.name();
    if names.is_empty() {
        return BackupError::Usage(format!("there is no restore point in {place}"));
    }
    let newest: Vec<&str> = names.iter().rev().take(10).map(|name| &**name).collect();
    let newest = newest.join(", ");
    BackupError::Usage(format!(
        "there is no restore point {name} in {place}; there are {}, the newest: {newest}",
        names.len()
    ))
}
