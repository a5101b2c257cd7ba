//! How one value lies in its hash: a field for each part, `<version> <content>`, or `<version>` alone for a part that was deleted,
//! whose version keeps late writes out.

use std::collections::BTreeMap;
use std::fmt::Write;

use chimera_model::KvSpec;
use redis::Value;

use crate::kv::KvValue;

/// Writes version and content behind `out`.
pub(super) fn encode(out: &mut String, version: u64, content: Option<&str>) {
    let _ = write!(out, "{version}");
    if let Some(content) = content {
        out.push(' ');
        out.push_str(content);
    }
}

/// The value that readers see; none where no part has content. Says what is wrong with a damaged one.
pub(super) fn decode(space: &KvSpec, hash: Value) -> Result<Option<KvValue>, String> {
    let mut parts = BTreeMap::new();
    for (field, stored) in entries(hash)? {
        let name = text(field).map_err(|why| format!("a part's name {why}"))?;
        if !space.parts.contains(&name.as_str()) {
            return Err(format!("there is a part {name:?}, which {} does not have", space.space));
        }
        let part = text(stored).and_then(part).map_err(|why| format!("part {name} {why}"))?;
        if let (version, Some(content)) = part {
            parts.insert(name, (version, content));
        }
    }
    Ok((!parts.is_empty()).then_some(KvValue { parts }))
}

fn entries(hash: Value) -> Result<Vec<(Value, Value)>, String> {
    match hash {
        Value::Map(entries) => Ok(entries),
        Value::ServerError(error) if error.code() == "WRONGTYPE" => Err("it is no hash".to_owned()),
        _ => Err("the answer is no hash".to_owned()),
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned()),
        _ => Err("is no text".to_owned()),
    }
}

/// Version and content, as [`encode`] writes them and in no other way.
fn part(mut stored: String) -> Result<(u64, Option<String>), String> {
    let digits = stored.find(' ').unwrap_or(stored.len());
    let version = number(&stored[..digits]).ok_or("does not begin with a version")?;
    if digits == stored.len() {
        return Ok((version, None));
    }
    stored.drain(..=digits);
    Ok((version, Some(stored)))
}

/// A number without sign or leading zeros: scripts compare versions by length first.
pub(super) fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = text == "0" || !text.starts_with('0');
    if plain && shortest { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SPACE: KvSpec = KvSpec { space: "product", parts: &["product", "stock"] };

    fn hash(fields: &[(&str, &str)]) -> Value {
        let bulk = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        Value::Map(fields.iter().map(|(name, part)| (bulk(name), bulk(part))).collect())
    }

    fn stored(version: u64, content: Option<&str>) -> String {
        let mut out = String::new();
        encode(&mut out, version, content);
        out
    }

    #[test]
    fn a_part_comes_back_as_it_was_written() {
        for version in [0, 1, (1 << 53) + 1, u64::MAX] {
            for content in ["", " ", "{\"a\": 1}", "7 8", "ü\0\n"] {
                let read = decode(&SPACE, hash(&[("stock", &stored(version, Some(content)))]));
                let expected = (version, content.to_owned());
                assert_eq!(read.unwrap().unwrap().parts["stock"], expected);
            }
            let deleted = decode(&SPACE, hash(&[("stock", &stored(version, None))]));
            assert_eq!(deleted, Ok(None));
        }
        assert_eq!(decode(&SPACE, hash(&[])), Ok(None));
    }

    #[test]
    fn anything_else_is_damage() {
        for part in ["", "x", " x", "-1 x", "+1 x", "01 x", "1x", "18446744073709551616 x"] {
            assert!(decode(&SPACE, hash(&[("stock", part)])).is_err(), "{part:?}");
        }
        assert!(decode(&SPACE, hash(&[("price", "1 x")])).unwrap_err().contains("price"));
        assert!(decode(&SPACE, Value::Int(1)).is_err());
    }
}
