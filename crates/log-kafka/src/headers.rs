//! The headers that stand beside a record: `sequence` and `term` as decimal text, `eventType`, and `traceparent` if there; beside a claim `term` and `address`.
//!
//! Text, so that any Kafka tool shows them. Never looks into the value.

use chimera_log::Entry;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};

pub(crate) const SEQUENCE: &str = "sequence";
pub(crate) const TERM: &str = "term";
pub(crate) const ADDRESS: &str = "address";
const EVENT_TYPE: &str = "eventType";
const TRACEPARENT: &str = "traceparent";

/// More than Kafka adds to a record and to the batch around it: lengths, offsets, checksums.
const FRAME: usize = 160;
/// Decimal digits of the largest number.
const DIGITS: usize = 20;

/// What the entry takes in Kafka if nothing is compressed; never less than it really is.
pub(crate) fn size(entry: &Entry) -> usize {
    let names = SEQUENCE.len() + TERM.len() + EVENT_TYPE.len() + TRACEPARENT.len();
    let trace = entry.traceparent.as_deref().map_or(0, str::len);
    FRAME
        + names
        + 2 * DIGITS
        + trace
        + entry.key.len()
        + entry.event_type.len()
        + entry.value.len()
}

/// A number as decimal text, without a string of its own.
#[derive(Clone, Copy)]
pub(crate) struct Decimal {
    digits: [u8; DIGITS],
    /// Where the text begins.
    first: usize,
}

impl Decimal {
    pub(crate) fn of(mut number: u64) -> Self {
        let (mut digits, mut first) = ([b'0'; DIGITS], DIGITS);
        while number > 0 || first == DIGITS {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        Self { digits, first }
    }

    fn text(&self) -> &[u8] {
        &self.digits[self.first..]
    }
}

/// The headers of an entry.
pub(crate) fn encode(entry: &Entry, sequence: &Decimal, term: &Decimal) -> OwnedHeaders {
    let headers = OwnedHeaders::new_with_capacity(4)
        .insert(Header { key: SEQUENCE, value: Some(sequence.text()) })
        .insert(Header { key: TERM, value: Some(term.text()) })
        .insert(Header { key: EVENT_TYPE, value: Some(&*entry.event_type) });
    match entry.traceparent.as_deref() {
        Some(trace) => headers.insert(Header { key: TRACEPARENT, value: Some(trace) }),
        None => headers,
    }
}

/// What stands beside a record that was read; absent numbers are `None`, absent text is empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside<'a> {
    pub(crate) sequence: Option<u64>,
    pub(crate) term: Option<u64>,
    pub(crate) address: Option<&'a str>,
    pub(crate) event_type: &'a [u8],
    pub(crate) traceparent: &'a [u8],
}

/// Reads the headers of a message.
pub(crate) fn of<'a>(message: &'a BorrowedMessage<'_>) -> Beside<'a> {
    message.headers().map_or_else(Beside::default, decode)
}

/// Headers of other names are ignored: others may add their own.
fn decode<H: Headers>(headers: &H) -> Beside<'_> {
    let mut beside = Beside::default();
    for header in headers.iter() {
        let value = header.value.unwrap_or_default();
        match header.key {
            SEQUENCE => beside.sequence = number(value),
            TERM => beside.term = number(value),
            ADDRESS => beside.address = std::str::from_utf8(value).ok(),
            EVENT_TYPE => beside.event_type = value,
            TRACEPARENT => beside.traceparent = value,
            _ => {}
        }
    }
    beside
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(traceparent: Option<&str>) -> Entry {
        Entry {
            key: "o-1".into(),
            event_type: "ecommerce.order.order.paid.v1".into(),
            traceparent: traceparent.map(Into::into),
            value: vec![1; 100],
        }
    }

    #[test]
    fn headers_come_back() {
        let encoded = encode(&entry(Some("00-1")), &Decimal::of(7), &Decimal::of(3));
        let beside = decode(&encoded);
        assert_eq!((beside.sequence, beside.term), (Some(7), Some(3)));
        assert_eq!(beside.event_type, b"ecommerce.order.order.paid.v1");
        assert_eq!(beside.traceparent, b"00-1");
    }

    #[test]
    fn a_missing_trace_has_no_header() {
        let encoded = encode(&entry(None), &Decimal::of(u64::MAX), &Decimal::of(0));
        assert_eq!(encoded.count(), 3);
        assert_eq!(decode(&encoded).sequence, Some(u64::MAX));
        assert_eq!(decode(&encoded).term, Some(0));
        assert!(decode(&encoded).traceparent.is_empty());
    }

    #[test]
    fn what_is_no_number_is_absent() {
        let headers = OwnedHeaders::new().insert(Header { key: SEQUENCE, value: Some("-1") });
        assert_eq!(decode(&headers), Beside::default());
    }

    #[test]
    fn the_size_counts_every_byte() {
        let more = Entry { value: vec![1; 101], ..entry(Some("00-1")) };
        assert_eq!(size(&more), size(&entry(None)) + 5);
    }
}
