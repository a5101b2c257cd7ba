//! One request or answer of Kafka's protocol, as bytes. Reads the few fields that faults depend on.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::fault::Api;

/// More than any request or answer here has.
const MOST: usize = 256 * 1024 * 1024;

/// What follows the length.
pub(crate) struct Frame(Vec<u8>);

impl Frame {
    pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let length = usize::try_from(from.read_u32().await?).unwrap_or(usize::MAX);
        if length > MOST {
            return Err(io::Error::other("no frame of Kafka's"));
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes).await?;
        Ok(Self(bytes))
    }

    pub(crate) async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let length = u32::try_from(self.0.len()).map_err(io::Error::other)?;
        to.write_u32(length).await?;
        to.write_all(&self.0).await?;
        to.flush().await
    }

    /// Of a request: its kind.
    pub(crate) fn is(&self, api: Api) -> bool {
        self.0.starts_with(&(api as i16).to_be_bytes())
    }

    /// Of a request: whether it names `text`, such as a transactional id, in its first part.
    pub(crate) fn names(&self, text: &str) -> bool {
        let head = &self.0[..self.0.len().min(400)];
        text.is_empty() || head.windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// What an answer has in common with its request.
    pub(crate) fn request_correlation(&self) -> i32 {
        self.number(4)
    }

    /// What an answer has in common with its request.
    pub(crate) fn answer_correlation(&self) -> i32 {
        self.number(0)
    }

    /// Of an answer to `EndTxn`, versions 0 to 2: after the correlation and the throttling.
    pub(crate) fn error_code(&self) -> i16 {
        self.0.get(8..10).map_or(-1, |bytes| i16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn number(&self, at: usize) -> i32 {
        let bytes = self.0.get(at..at + 4);
        bytes.map_or(-1, |bytes| i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}
