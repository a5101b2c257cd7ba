//! Confluent wire format: a zero byte, the schema's id in four bytes big-endian, the Avro datum. Never looks into the datum.

use crate::CodecError;

const MAGIC: u8 = 0;

/// Opens a frame at the end of `out`.
pub(crate) fn open(id: u32, out: &mut Vec<u8>) {
    out.push(MAGIC);
    out.extend_from_slice(&id.to_be_bytes());
}

/// The schema id and the datum of a framed value.
pub(crate) fn split(value: &[u8]) -> Result<(u32, &[u8]), CodecError> {
    match value.first() {
        None => return Err(CodecError::Truncated(0)),
        Some(&MAGIC) => {}
        Some(&other) => return Err(CodecError::BadMagic(other)),
    }
    match value[1..].split_first_chunk::<4>() {
        Some((id, datum)) => Ok((u32::from_be_bytes(*id), datum)),
        None => Err(CodecError::Truncated(value.len())),
    }
}

/// The id of the schema that a framed value was written with.
///
/// # Errors
/// If the value is not framed.
pub fn schema_id(value: &[u8]) -> Result<u32, CodecError> {
    split(value).map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_zero_byte_and_the_id() {
        let mut out = vec![];
        open(0x0102_0304, &mut out);
        out.push(9);
        assert_eq!(out, [0, 1, 2, 3, 4, 9]);
        assert_eq!(split(&out), Ok((0x0102_0304, &[9_u8][..])));
    }

    #[test]
    fn what_is_not_framed_is_refused() {
        assert_eq!(schema_id(&[]), Err(CodecError::Truncated(0)));
        assert_eq!(schema_id(&[0, 1, 2]), Err(CodecError::Truncated(3)));
        assert_eq!(schema_id(b"{\"a\":1}"), Err(CodecError::BadMagic(b'{')));
    }
}
