//! What can go wrong between an event and its bytes. Never carries the bytes themselves: they may hold personal data.

/// Why bytes are no event, or an event cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Nothing is known of the stream.
    #[error("no schema is bundled for the stream {0}")]
    UnknownStream(String),
    /// A bundled schema does not parse, or a version of it is not there.
    #[error("schema {version} of {stream}: {problem}")]
    Schema {
        /// Whose.
        stream: String,
        /// Which version.
        version: i32,
        /// What is wrong with it.
        problem: String,
    },
    /// Shorter than a frame.
    #[error("{0} bytes are too short for a framed event")]
    Truncated(usize),
    /// Not framed as Confluent does it.
    #[error("the first byte is {0:#04x}, not the 0x00 of a framed event")]
    BadMagic(u8),
    /// Written with a schema that nobody knows.
    #[error(
        "schema id {0} is not known; this may be written by a newer release, or under another registry"
    )]
    UnknownSchemaId(u32),
    /// Written with a schema that could not be asked for; later it may be different.
    #[error("schema id {id} is not known yet, and cannot be asked for: {reason}")]
    SchemaUnavailable {
        /// The id in the frame.
        id: u32,
        /// What stands in the way.
        reason: String,
    },
    /// Written with a schema that does more than add to those of this release.
    #[error("schema id {id} cannot be read as one of {stream} by this release: {problem}")]
    UnreadableSchema {
        /// The id in the frame.
        id: u32,
        /// The stream that the event was met in.
        stream: String,
        /// What is different.
        problem: String,
    },
    /// Written by a newer release, in words that this one has not got.
    #[error(
        "the event of schema id {id} is too new for this release, run one that knows it: {problem}"
    )]
    TooNew {
        /// The id in the frame.
        id: u32,
        /// What is not known.
        problem: String,
    },
    /// The frame is right, and what is in it is not.
    #[error("the event does not fit its schema: {0}")]
    BadDatum(String),
    /// There is more than one event in it.
    #[error("{0} bytes are left over after the event")]
    TrailingBytes(usize),
    /// Envelope and payload disagree.
    #[error("the envelope says {declared}, and the payload is {actual}")]
    WrongEventType {
        /// What the envelope says.
        declared: String,
        /// What the payload is.
        actual: &'static str,
    },
    /// The event cannot be written in the schema.
    #[error("the event cannot be written: {0}")]
    Unwritable(String),
}
