//! A frame: what one write put on disk, able to prove that it is whole and where it belongs.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | CRC-32C of the segment's salt, then of all that follows in the frame, padding included |
//! | 4 | 4 | length of the payload in bytes, without padding |
//! | 8 | 8 | sequence of its first commit; of the next commit to come where it has none |
//! | 16 | 8 | `durable_through`: the highest sequence known to be synced when this frame was written |
//! | 24 | 4 | how many commits, or changes of a snapshot, it holds |
//! | 28 | 4 | CRC of the frame before it (also across segments); 0 for the journal's first |
//! | 32 | 1 | kind: 1 commits, 2 durability marker, 3 close; in a snapshot 4 changes, 5 footer |
//! | 33 | 7 | zero; anything else asks for a newer version |
//! | 40 | … | payload, padded with zeros to a multiple of 8 bytes |
//!
//! A **durability marker** says nothing but `durable_through`, so that the last commits before a quiet time are proven durable too.
//! It is two frames: the first has zeros as its payload and fills the sector of the last commits, the second begins
//! a sector of its own, so that no one bad sector takes commits and their proof together. A **close** is a segment's last frame: its payload names the first sequence (8 bytes) and the salt
//! (16 bytes) of the segment that follows.

use super::Sequence;
use super::segment_header::Salt;

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 40;

/// Frames begin at multiples of this, so that a search for one has few places to look.
pub const ALIGNMENT_BYTES: usize = 8;

/// A payload longer than this is no payload of ours: frames are closed at this length, and the largest commit (10,000
/// tickets, [`super::commit::BYTES_MAX`]) adds at most 160 KiB. It bounds what a corrupt length can make us read.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// The unit in which a disk loses data.
pub const SECTOR_BYTES: usize = 512;

/// The most that a durability marker takes: the rest of a sector, or a whole one more when the rest is too small for a frame, and
/// a bare frame.
pub const MARKER_BYTES_MAX: usize = SECTOR_BYTES + HEADER_BYTES + HEADER_BYTES;

/// The payload of a durability marker's first half, which begins at `offset` and ends with a sector; none is needed where one
/// begins.
pub fn filler(offset: u64) -> Option<usize> {
    let used = (offset % SECTOR_BYTES as u64) as usize;
    let rest = SECTOR_BYTES - used;
    match rest {
        SECTOR_BYTES => None,
        HEADER_BYTES.. => Some(rest - HEADER_BYTES),
        _ => Some(rest + SECTOR_BYTES - HEADER_BYTES),
    }
}

/// A close frame as a whole.
pub const TRAILER_BYTES: usize = HEADER_BYTES + 24;

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It holds commits.
    Commits,
    /// It proves durable what stands before it.
    Marker,
    /// It ends its segment and names the next.
    Trailer,
    /// It holds numbered changes of a snapshot.
    Changes,
    /// It ends a snapshot.
    Footer,
    /// A later version knows.
    Unknown(u8),
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Commits => 1,
            Self::Marker => 2,
            Self::Trailer => 3,
            Self::Changes => 4,
            Self::Footer => 5,
            Self::Unknown(number) => number,
        }
    }
}

/// The fields that a writer decides; length, CRC and padding follow from them and the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What it is for.
    pub kind: Kind,
    /// Its first commit, or the next one to come.
    pub first: Sequence,
    /// How many commits it holds.
    pub commits: u32,
    /// Highest sequence known to be synced.
    pub durable_through: Sequence,
    /// CRC of the frame before.
    pub previous: u32,
}

/// A whole frame, found in the bytes of a segment.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Its header.
    pub header: Header,
    /// Its CRC: the link for the next one.
    pub crc: u32,
    /// Its payload.
    pub payload: &'a [u8],
}

/// A frame's length on disk for a payload of `payload` bytes.
pub const fn len(payload: usize) -> usize {
    HEADER_BYTES + payload.next_multiple_of(ALIGNMENT_BYTES)
}

/// Completes a frame whose payload stands in `frame[HEADER_BYTES..HEADER_BYTES + payload]`, and whose length is [`len`] of it:
/// writes the header and the zero padding. Returns its CRC.
pub fn finish(frame: &mut [u8], payload: usize, header: &Header, salt: &Salt) -> u32 {
    debug_assert_eq!(frame.len(), len(payload));
    let length = u32::try_from(payload).expect("a payload is bounded by PAYLOAD_BYTES_MAX and one commit");
    frame[4..8].copy_from_slice(&length.to_le_bytes());
    frame[8..16].copy_from_slice(&header.first.0.to_le_bytes());
    frame[16..24].copy_from_slice(&header.durable_through.0.to_le_bytes());
    frame[24..28].copy_from_slice(&header.commits.to_le_bytes());
    frame[28..32].copy_from_slice(&header.previous.to_le_bytes());
    frame[32] = header.kind.number();
    frame[33..HEADER_BYTES].fill(0);
    frame[HEADER_BYTES + payload..].fill(0);
    let crc = salt.crc(&frame[4..]);
    frame[..4].copy_from_slice(&crc.to_le_bytes());
    crc
}

/// The frame at the beginning of `bytes`, if there is a whole one.
pub fn read<'a>(bytes: &'a [u8], salt: &Salt) -> Option<Frame<'a>> {
    let head = bytes.first_chunk::<HEADER_BYTES>()?;
    let u32_at = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    let kind = match head[32] {
        0 => return None,
        number if head[33..] != [0; 7] => Kind::Unknown(number),
        1 => Kind::Commits,
        2 => Kind::Marker,
        3 => Kind::Trailer,
        4 => Kind::Changes,
        5 => Kind::Footer,
        number => Kind::Unknown(number),
    };
    let payload = u32_at(4) as usize;
    if payload > PAYLOAD_BYTES_MAX {
        return None;
    }
    let whole = bytes.get(..len(payload))?;
    let crc = u32_at(0);
    if salt.crc(&whole[4..]) != crc {
        return None;
    }
    let header = Header {
        kind,
        first: Sequence(u64_at(8)),
        commits: u32_at(24),
        durable_through: Sequence(u64_at(16)),
        previous: u32_at(28),
    };
    Some(Frame { header, crc, payload: &whole[HEADER_BYTES..HEADER_BYTES + payload] })
}

/// A frame without commits, as it goes to disk, and its CRC.
pub fn bare(header: &Header, payload: &[u8], salt: &Salt) -> (Vec<u8>, u32) {
    let mut bytes = vec![0; len(payload.len())];
    bytes[HEADER_BYTES..HEADER_BYTES + payload.len()].copy_from_slice(payload);
    let crc = finish(&mut bytes, payload.len(), header, salt);
    (bytes, crc)
}

/// No frame is so many commits ahead of what it proves durable, or of what was read before it.
const SEQUENCES_APART: u64 = 1 << 40;

/// The first whole frame in `bytes` that proves `sequence` durable, and where it begins.
///
/// The bytes behind the last frame of a segment may be anything: zeros, what a crash left, another segment's frames, or
/// text that a client chose. A CRC over up to a megabyte at each of eight million offsets takes half a minute, so the
/// sequence numbers of a header are looked at first.
pub fn find_proof<'a>(bytes: &'a [u8], salt: &Salt, sequence: Sequence) -> Option<(usize, Frame<'a>)> {
    plausible_starts(bytes, sequence).find_map(|at| Some((at, read(&bytes[at..], salt)?)))
}

/// Where in `bytes` a frame could begin that proves `sequence` durable. What a frame proves is in front of it.
fn plausible_starts(bytes: &[u8], sequence: Sequence) -> impl Iterator<Item = usize> {
    let (words, _) = bytes.as_chunks::<ALIGNMENT_BYTES>();
    let headers = words.windows(HEADER_BYTES / ALIGNMENT_BYTES).enumerate();
    headers.filter_map(move |(index, header)| {
        let (first, durable_through) = (u64::from_le_bytes(header[1]), u64::from_le_bytes(header[2]));
        let in_order = sequence.0 <= durable_through && durable_through < first;
        (in_order && first - sequence.0 < SEQUENCES_APART).then_some(index * ALIGNMENT_BYTES)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Header = Header {
        kind: Kind::Commits,
        first: Sequence(7),
        commits: 2,
        durable_through: Sequence(6),
        previous: 0xdead_beef,
    };

    #[test]
    fn a_frame_comes_back_as_it_was_written() {
        let salt = Salt::new([3; 16]);
        let (bytes, crc) = bare(&HEAD, b"thirteen byte", &salt);
        assert_eq!(bytes.len(), 40 + 16);
        let frame = read(&bytes, &salt).expect("whole");
        assert_eq!((frame.header, frame.crc, frame.payload), (HEAD, crc, &b"thirteen byte"[..]));
    }

    #[test]
    fn every_flipped_bit_shows() {
        let salt = Salt::new([3; 16]);
        let (bytes, _) = bare(&HEAD, b"payload", &salt);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped, &salt).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_of_another_salt_is_no_frame() {
        let (bytes, _) = bare(&HEAD, b"stale", &Salt::new([3; 16]));
        assert!(read(&bytes, &Salt::new([4; 16])).is_none());
    }

    #[test]
    fn a_proof_is_found_behind_any_bytes() {
        let salt = Salt::new([9; 16]);
        let mut bytes = vec![0xff; 24];
        bytes.extend(bare(&HEAD, b"proof", &salt).0);
        let found = |sequence| find_proof(&bytes, &salt, Sequence(sequence)).map(|(at, _)| at);
        assert_eq!((found(1), found(6), found(7)), (Some(24), Some(24), None));
    }

    /// Zeros, text, and what older segments left cost no checksum.
    #[test]
    fn only_headers_that_could_prove_something_are_read() {
        let salt = Salt::new([9; 16]);
        let next = Sequence(1_000);
        let older = Header { first: Sequence(999), durable_through: Sequence(998), ..HEAD };
        let behind: [(&str, Vec<u8>); 5] = [
            ("zeros", vec![0; 4096]),
            ("ones", vec![0xff; 4096]),
            ("text", b"1234567\t".repeat(512)),
            ("an older segment", bare(&older, &[0x20; 300], &salt).0.repeat(10)),
            (
                "a plausible header",
                bare(&Header { first: Sequence(1_001), durable_through: next, ..HEAD }, b"", &salt).0,
            ),
        ];
        let plausible = |bytes: &[u8]| plausible_starts(bytes, next).count();
        let counts = behind.map(|(what, bytes)| (what, plausible(&bytes)));
        assert_eq!(counts.map(|(_, count)| count), [0, 0, 0, 0, 1], "{counts:?}");
    }
}
