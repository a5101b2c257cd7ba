//! A checksum behind every stored value, over its key as well, so that neither a flipped bit nor a value under another's key is
//! ever taken for what was written.

const LENGTH: usize = 4;

/// Appends the checksum of `key` and `value` to `value`.
pub(super) fn seal(key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
    let sum = checksum(key, &value);
    value.extend_from_slice(&sum.to_le_bytes());
    value
}

/// The value without its checksum.
///
/// # Errors
/// What was expected and what was found.
pub(super) fn unseal<'a>(key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], String> {
    let Some((value, sum)) = sealed.split_last_chunk::<LENGTH>() else {
        return Err(format!("a value of {} bytes has no checksum", sealed.len()));
    };
    let (expected, found) = (u32::from_le_bytes(*sum), checksum(key, value));
    if expected != found {
        return Err(format!("checksum {expected:08x} was stored, the value has {found:08x}"));
    }
    Ok(value)
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_is_noticed() {
        let sealed = seal(b"key", b"some value".to_vec());
        assert_eq!(unseal(b"key", &sealed), Ok(b"some value".as_slice()));
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(unseal(b"key", &flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_value_under_another_key_is_noticed() {
        let sealed = seal(b"key", b"some value".to_vec());
        assert!(unseal(b"kez", &sealed).is_err());
        assert!(unseal(b"key", b"abc").is_err());
    }
}
