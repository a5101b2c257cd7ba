//! Where a segment ends, and whether what stands behind its last whole frame is an append that a crash has torn.
//!
//! Only an append that was never acknowledged may be cut, and such a one shows: some of its sectors were never written
//! and still are the zeros from before. So a damaged last frame is torn if its end is missing (zeros, or the end of the file), if more of
//! its sectors are zeros than its header allows, or if its header's own sector is. Everything else is damage, which is refused: no
//! single flipped bit makes a frame look torn. A bit flipped in the zeros behind the last frame is refused in the next
//! sector, and cut like a torn append further on; no record is there to lose. Pure; changes nothing.

use crate::frame::{self, Damage, HEADER, Header, MAGIC, SECTOR};
use crate::segment::{HEAD, Head};

/// One mark of the index each so many bytes.
pub(crate) const MARK_EVERY: u64 = 64 * 1024;

/// Where a frame stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) sequence: u64,
    pub(crate) offset: u64,
}

/// A segment whose frames are all sound.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// The sequence of the next record.
    pub(crate) next: u64,
    /// The highest term seen.
    pub(crate) term: u64,
    /// Behind the last frame.
    pub(crate) end: u64,
    /// How many bytes of a torn append stand behind the end; 0 if none.
    pub(crate) torn: u64,
    pub(crate) marks: Vec<Mark>,
}

enum Found {
    Frame(Header),
    /// Nothing, or zeros only.
    End,
    /// So many bytes of an append that was never acknowledged.
    Torn(usize),
}

/// Reads every frame of `segment`, the last one of its partition. [`Damage::at`] counts from the start of the segment.
pub(crate) fn scan(segment: &[u8], head: Head) -> Result<Scanned, Damage> {
    let (mut at, mut next, mut term) = (HEAD, head.first, head.term);
    let mut marks = Vec::new();
    loop {
        let found = judge(&segment[at..], at as u64, next)
            .map_err(|damage| Damage { at: at + damage.at, ..damage })?;
        let torn = match found {
            Found::Frame(header) => {
                mark(&mut marks, Mark { sequence: next, offset: at as u64 });
                at += header.frame();
                next = header.next();
                term = term.max(header.term);
                continue;
            }
            Found::End => 0,
            Found::Torn(bytes) => bytes as u64,
        };
        return Ok(Scanned { next, term, end: at as u64, torn, marks });
    }
}

/// Adds a mark where the last one is far enough away.
pub(crate) fn mark(marks: &mut Vec<Mark>, mark: Mark) {
    if marks.last().is_none_or(|last| mark.offset >= last.offset + MARK_EVERY) {
        marks.push(mark);
    }
}

/// What stands in `rest`, the segment from `offset` on, where the frame of sequence `next` is due.
fn judge(rest: &[u8], offset: u64, next: u64) -> Result<Found, Damage> {
    let damage = |reason| Err(Damage { sequence: next, at: 0, reason });
    let Some(header) = Header::parse(rest) else {
        let used = used(rest);
        if used == 0 {
            return Ok(Found::End);
        }
        if another_frame_follows(rest) {
            return damage("the frame's header is damaged, and frames follow");
        }
        if header_is_unwritten(rest, offset, used) {
            return Ok(Found::Torn(used));
        }
        return damage("the frame's header is damaged, or these bytes are no frame");
    };
    if header.first != next {
        return damage("the frame has another sequence than the one due");
    }
    let Some(frame) = rest.get(..header.frame()) else {
        return Ok(Found::Torn(used(rest)));
    };
    let Err(found) = frame::walk(&header, frame, |_, _| ()) else {
        return Ok(Found::Frame(header));
    };
    let used = used(rest);
    if used <= frame.len() && is_partly_unwritten(&header, frame, offset) {
        return Ok(Found::Torn(used));
    }
    Err(found)
}

/// Whether the end of this frame, or more of its sectors than can be explained, are zeros.
fn is_partly_unwritten(header: &Header, frame: &[u8], offset: u64) -> bool {
    let zeros = frame::whole_sectors(frame, offset).filter(|sector| used(sector) == 0).count();
    frame.last() == Some(&0) || zeros > header.sparse as usize
}

/// Whether no header can be read because the disk never wrote it, or not all of it.
fn header_is_unwritten(rest: &[u8], offset: u64, used: usize) -> bool {
    let to_sector = match frame::until_sector(offset) {
        0 => SECTOR,
        bytes => bytes,
    };
    let in_first_sector = &rest[..to_sector.min(rest.len())];
    if self::used(in_first_sector) == 0 {
        return true;
    }
    let known = rest.iter().zip(&MAGIC).take_while(|(found, due)| found == due).count();
    let begins_as_a_frame = known > 0 && self::used(&rest[known..rest.len().min(MAGIC.len())]) == 0;
    let second_sector = &rest[in_first_sector.len()..rest.len().min(to_sector + SECTOR)];
    let straddles = to_sector < HEADER && self::used(second_sector) == 0;
    begins_as_a_frame && (used <= HEADER || straddles)
}

/// A frame is only begun when the one before is whole, so a whole header further on means that this one once was, too.
fn another_frame_follows(rest: &[u8]) -> bool {
    let starts = rest.windows(MAGIC.len()).enumerate().skip(1);
    starts
        .filter(|(_, window)| *window == MAGIC)
        .any(|(at, _)| Header::parse(&rest[at..]).is_some())
}

/// How many bytes up to the last one that is not zero.
fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use chimera_log::Entry;

    use super::*;

    /// A segment of one small frame and one whose values are mostly zeros, and where the latter begins.
    fn segment(values: &[Vec<u8>]) -> (Vec<u8>, usize) {
        let entry = |value: &Vec<u8>| Entry {
            key: "k".into(),
            event_type: "t".into(),
            traceparent: None,
            value: value.clone(),
        };
        let mut segment = vec![1; HEAD];
        let mut frame = Vec::new();
        frame::encode(&mut frame, HEAD as u64, (1, 1), &[entry(&vec![9; 10])]);
        segment.extend_from_slice(&frame);
        let start = segment.len();
        let entries: Vec<Entry> = values.iter().map(entry).collect();
        frame::encode(&mut frame, start as u64, (2, 1), &entries);
        segment.extend_from_slice(&frame);
        (segment, start)
    }

    fn scan(segment: &[u8]) -> Result<Scanned, Damage> {
        super::scan(segment, Head { first: 1, term: 0 })
    }

    /// A value of zeros, and so many bits set far apart.
    fn sparse(bits: usize) -> Vec<u8> {
        let mut value = vec![0; 5 * SECTOR];
        (0..bits).for_each(|bit| value[100 + bit * 2 * SECTOR] = 4);
        value
    }

    #[test]
    fn no_flipped_bit_looks_torn_where_a_frame_holds_sectors_of_zeros() {
        for bits in 0..3 {
            let (sound, start) = segment(&[sparse(bits), sparse(1)]);
            assert_eq!(scan(&sound).unwrap().next, 4);
            for bit in start * 8..sound.len() * 8 {
                let mut flipped = sound.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                flipped.resize(sound.len() + 2000, 0);
                assert!(scan(&flipped).is_err(), "bit {bit} of {}", sound.len() * 8);
            }
        }
    }

    #[test]
    fn an_unwritten_page_looks_torn_even_among_values_of_zeros() {
        let (sound, start) = segment(&[sparse(0), vec![5; 4 * SECTOR], sparse(0)]);
        for sector in start / SECTOR..sound.len().div_ceil(SECTOR) {
            let (from, to) = (start.max(sector * SECTOR), sound.len().min((sector + 1) * SECTOR));
            if sound[from..to].iter().all(|byte| *byte == 0) {
                continue;
            }
            let mut torn = sound.clone();
            torn[from..to].fill(0);
            torn.resize(sound.len() + 2000, 0);
            let scanned = scan(&torn).unwrap();
            assert_eq!((scanned.next, scanned.end), (2, start as u64));
            assert!(scanned.torn > 0);
        }
    }

    #[test]
    fn a_header_may_be_torn_on_either_side_of_a_sector() {
        for shift in 0..64 {
            let filler = 2 * SECTOR - HEAD - HEADER - 20 - 2 - 8 - shift;
            let entry = |length| Entry {
                key: "k".into(),
                event_type: "t".into(),
                traceparent: None,
                value: vec![7; length],
            };
            let (mut segment, mut frame) = (vec![1; HEAD], Vec::new());
            frame::encode(&mut frame, HEAD as u64, (1, 1), &[entry(filler)]);
            segment.extend_from_slice(&frame);
            let start = segment.len();
            assert_eq!(start, 2 * SECTOR - shift);
            frame::encode(&mut frame, start as u64, (2, 1), &[entry(3 * SECTOR)]);
            segment.extend_from_slice(&frame);
            segment.resize(8 * SECTOR, 0);
            for sector in start / SECTOR..4 {
                let mut torn = segment.clone();
                torn[start.max(sector * SECTOR)..(sector + 1) * SECTOR].fill(0);
                assert_eq!(scan(&torn).unwrap().end, start as u64, "{shift} {sector}");
            }
            for bit in start * 8..(start + HEADER) * 8 {
                let mut flipped = segment.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(scan(&flipped).is_err(), "{shift}: bit {bit}");
            }
        }
    }
}
