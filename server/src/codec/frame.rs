//! The encoding of a frame, the checksummed unit in which segments and snapshots are written.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | CRC-32C of the segment's salt and of the rest of the frame, including its padding |
//! | 4 | 4 | length of the payload in bytes, without padding |
//! | 8 | 8 | sequence number of its first commit; that of the next commit if it has none |
//! | 16 | 8 | `durable_through`: the highest sequence number known to be synced when this frame was written |
//! | 24 | 4 | number of its commits, or of its changes in a snapshot |
//! | 28 | 4 | CRC of the previous frame, also across segments; 0 for the first frame of the journal |
//! | 32 | 1 | kind: 1 commits, 2 durability marker, 3 segment trailer; in a snapshot 4 changes, 5 footer; |
//! | | | in a replicated log 1 commits, 6 genesis, 7 takeover, 8 heartbeat, 9 resignation, |
//! | | | 10 snapshot point |
//! | 33 | 3 | zero; any other value requires a newer version |
//! | 36 | 4 | term of the leader that appended it to a replicated log; 0 on one machine |
//! | 40 | … | payload, padded with zeros to a multiple of 8 bytes |
//!
//! A **durability marker** carries only `durable_through`. It proves the last commits before an idle period
//! durable. It is two frames: the first is padding up to the end of the sector that holds the last commits,
//! the second begins the next sector. So no single bad sector destroys commits together with the proof that
//! they were durable.
//!
//! A **segment trailer** is the last frame of a segment. Its payload is the first sequence number (8 bytes)
//! and the salt (16 bytes) of the next segment.

use super::Sequence;
use super::salt::Salt;

/// Length of the header, which precedes the payload.
pub const HEADER_BYTES: usize = 40;

/// Frames begin at multiples of this, so that a search for one has fewer offsets to try.
pub const ALIGNMENT_BYTES: usize = 8;

/// The longest payload. The journal ends a frame before a commit that would exceed it, and it bounds how much
/// a corrupt length makes a reader read.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// The unit in which a disk loses data.
pub const SECTOR_BYTES: usize = 512;

/// The longest durability marker: the rest of a sector, another sector when the rest has no space for a
/// frame, and a frame without payload.
pub const MARKER_BYTES_MAX: usize = SECTOR_BYTES + HEADER_BYTES + HEADER_BYTES;

/// The payload length of a segment trailer: a sequence number and a salt.
pub const TRAILER_PAYLOAD_BYTES: usize = 24;

/// The length of a segment trailer.
pub const TRAILER_BYTES: usize = len(TRAILER_PAYLOAD_BYTES);

const _: () = assert!(HEADER_BYTES.is_multiple_of(ALIGNMENT_BYTES));
const _: () = assert!(SECTOR_BYTES.is_multiple_of(ALIGNMENT_BYTES));
/// The payload length of the first frame of a durability marker at `offset`, which ends with a sector. `None`
/// at the beginning of a sector, where no padding is needed.
pub fn marker_padding(offset: u64) -> Option<usize> {
    let used = (offset % SECTOR_BYTES as u64) as usize;
    let rest = SECTOR_BYTES - used;
    match rest {
        SECTOR_BYTES => None,
        HEADER_BYTES.. => Some(rest - HEADER_BYTES),
        _ => Some(rest + SECTOR_BYTES - HEADER_BYTES),
    }
}

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Commits of the journal.
    Commits,
    /// A durability marker, which proves all frames before it durable.
    Marker,
    /// The trailer of a segment, which ends it and names its successor.
    Trailer,
    /// Changes of a snapshot, each with the number of its event, entry, account or key.
    Changes,
    /// The footer of a snapshot, which ends it.
    Footer,
    /// The first frame of a replicated log: what its members have to agree on.
    Genesis,
    /// Makes the member that has appended it the leader.
    Takeover,
    /// Says that the leader is alive, and carries nothing else.
    Heartbeat,
    /// Ends the term of the leader that has appended it, and carries nothing else.
    Resign,
    /// Members make a snapshot of the replicated log up to here.
    SnapshotPoint,
    /// A kind of a later version.
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
            Self::Genesis => 6,
            Self::Takeover => 7,
            Self::Heartbeat => 8,
            Self::Resign => 9,
            Self::SnapshotPoint => 10,
            Self::Unknown(number) => number,
        }
    }
}

/// The header fields that a writer chooses. Length, CRC and padding follow from them and the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The kind of the frame.
    pub kind: Kind,
    /// The sequence number of its first commit; that of the next commit if it has none.
    pub first: Sequence,
    /// The number of its commits, or of its changes in a snapshot.
    pub commits: u32,
    /// The highest sequence number known to be synced when the frame was written.
    pub durable_through: Sequence,
    /// The CRC of the previous frame.
    pub previous: u32,
    /// The term of the leader that appended it to a replicated log; 0 on one machine.
    pub term: u32,
}

/// A frame whose checksum is correct.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Its header.
    pub header: Header,
    /// Its CRC, which the next frame repeats in [`Header::previous`].
    pub crc: u32,
    /// Its payload, without padding.
    pub payload: &'a [u8],
}

/// The length on disk, in bytes, of a frame with a payload of `payload` bytes.
pub const fn len(payload: usize) -> usize {
    HEADER_BYTES + payload.next_multiple_of(ALIGNMENT_BYTES)
}

/// Writes the header and the padding of a frame, and returns its CRC. Its payload, of `payload` bytes, begins
/// at `frame[HEADER_BYTES]`; `frame` is [`len`]`(payload)` bytes long.
pub fn finish(frame: &mut [u8], payload: usize, header: &Header, salt: &Salt) -> u32 {
    debug_assert_eq!(frame.len(), len(payload));
    let length = u32::try_from(payload).expect("a payload is bounded by PAYLOAD_BYTES_MAX");
    frame[4..8].copy_from_slice(&length.to_le_bytes());
    frame[8..16].copy_from_slice(&header.first.0.to_le_bytes());
    frame[16..24].copy_from_slice(&header.durable_through.0.to_le_bytes());
    frame[24..28].copy_from_slice(&header.commits.to_le_bytes());
    frame[28..32].copy_from_slice(&header.previous.to_le_bytes());
    frame[32] = header.kind.number();
    frame[33..36].fill(0);
    frame[36..HEADER_BYTES].copy_from_slice(&header.term.to_le_bytes());
    frame[HEADER_BYTES + payload..].fill(0);
    let crc = salt.crc(&frame[4..]);
    frame[..4].copy_from_slice(&crc.to_le_bytes());
    crc
}

/// The length on disk of the frame whose header is at the beginning of `bytes`, which may be no frame. `None`
/// if the header is incomplete, or no frame has this length.
pub fn announced_len(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<HEADER_BYTES>()?;
    let payload = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
    (payload <= PAYLOAD_BYTES_MAX).then_some(len(payload))
}

/// Decodes the frame of a segment or snapshot at the beginning of `bytes`. `None` if it is incomplete or its
/// checksum is wrong. A frame of a replicated log has an unknown kind here.
pub fn read<'a>(bytes: &'a [u8], salt: &Salt) -> Option<Frame<'a>> {
    let mut frame = read_replicated(bytes, salt)?;
    let Header { kind, term, .. } = &mut frame.header;
    let is_replicated =
        matches!(kind, Kind::Genesis | Kind::Takeover | Kind::Heartbeat | Kind::Resign | Kind::SnapshotPoint);
    if *term != 0 || is_replicated {
        *kind = Kind::Unknown(kind.number());
    }
    Some(frame)
}

/// Decodes the frame at the beginning of `bytes`, also one of a replicated log. `None` if it is incomplete or
/// its checksum is wrong.
pub fn read_replicated<'a>(bytes: &'a [u8], salt: &Salt) -> Option<Frame<'a>> {
    let header = bytes.first_chunk::<HEADER_BYTES>()?;
    let u32_at = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    let kind = match header[32] {
        0 => return None,
        number if header[33..36] != [0; 3] => Kind::Unknown(number),
        1 => Kind::Commits,
        2 => Kind::Marker,
        3 => Kind::Trailer,
        4 => Kind::Changes,
        5 => Kind::Footer,
        6 => Kind::Genesis,
        7 => Kind::Takeover,
        8 => Kind::Heartbeat,
        9 => Kind::Resign,
        10 => Kind::SnapshotPoint,
        number => Kind::Unknown(number),
    };
    let payload = u32_at(4) as usize;
    if payload > PAYLOAD_BYTES_MAX {
        return None;
    }
    let frame = bytes.get(..len(payload))?;
    let crc = u32_at(0);
    if salt.crc(&frame[4..]) != crc {
        return None;
    }
    let header = Header {
        kind,
        first: Sequence(u64_at(8)),
        commits: u32_at(24),
        durable_through: Sequence(u64_at(16)),
        previous: u32_at(28),
        term: u32_at(36),
    };
    Some(Frame { header, crc, payload: &frame[HEADER_BYTES..HEADER_BYTES + payload] })
}

/// Encodes a frame of this header and payload, and returns its bytes and its CRC.
pub fn bare(header: &Header, payload: &[u8], salt: &Salt) -> (Vec<u8>, u32) {
    let mut bytes = vec![0; len(payload.len())];
    bytes[HEADER_BYTES..HEADER_BYTES + payload.len()].copy_from_slice(payload);
    let crc = finish(&mut bytes, payload.len(), header, salt);
    (bytes, crc)
}

/// A frame that proves a sequence number durable begins less than this many commits after it: many more than
/// a segment holds.
const SEQUENCE_GAP_MAX: u64 = 1 << 40;

/// Searches `bytes` for the first valid frame that proves `sequence` durable, and returns its offset and the
/// frame.
///
/// The bytes after the last frame of a segment may be anything: zeros, a torn write, the frames of a recycled
/// segment, or text that a client chose. To compute a CRC over up to a megabyte at each of eight million
/// offsets would take half a minute, so the search first compares the sequence numbers in the header.
pub fn find_proof<'a>(bytes: &'a [u8], salt: &Salt, sequence: Sequence) -> Option<(usize, Frame<'a>)> {
    plausible_starts(bytes, sequence).find_map(|at| Some((at, read(&bytes[at..], salt)?)))
}

/// The offsets in `bytes` at which a frame that proves `sequence` durable could begin. A frame proves only
/// earlier commits durable, so `durable_through` is lower than `first`.
fn plausible_starts(bytes: &[u8], sequence: Sequence) -> impl Iterator<Item = usize> {
    let (words, _) = bytes.as_chunks::<ALIGNMENT_BYTES>();
    let headers = words.windows(HEADER_BYTES / ALIGNMENT_BYTES).enumerate();
    headers.filter_map(move |(index, header)| {
        let (first, durable_through) = (u64::from_le_bytes(header[1]), u64::from_le_bytes(header[2]));
        let in_order = sequence.0 <= durable_through && durable_through < first;
        (in_order && first - sequence.0 < SEQUENCE_GAP_MAX).then_some(index * ALIGNMENT_BYTES)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        kind: Kind::Commits,
        first: Sequence(7),
        commits: 2,
        durable_through: Sequence(6),
        previous: 0xdead_beef,
        term: 0,
    };

    #[test]
    fn a_frame_of_a_replicated_log_is_unknown_on_one_machine() {
        let salt = Salt::new([3; 16]);
        for (kind, term, unknown) in [
            (Kind::Commits, 1, 1),
            (Kind::Genesis, 0, 6),
            (Kind::Takeover, 1 << 31, 7),
            (Kind::Heartbeat, 2, 8),
            (Kind::Resign, 2, 9),
        ] {
            let header = Header { kind, term, ..HEADER };
            let (bytes, _) = bare(&header, b"", &salt);
            assert_eq!(read_replicated(&bytes, &salt).map(|frame| frame.header), Some(header));
            assert_eq!(read(&bytes, &salt).map(|frame| frame.header.kind), Some(Kind::Unknown(unknown)));
        }
    }

    #[test]
    fn an_encoded_frame_decodes_to_the_same_header_and_payload() {
        let salt = Salt::new([3; 16]);
        let (bytes, crc) = bare(&HEADER, b"thirteen byte", &salt);
        assert_eq!(bytes.len(), 40 + 16);
        let frame = read(&bytes, &salt).expect("a valid frame");
        assert_eq!((frame.header, frame.crc, frame.payload), (HEADER, crc, &b"thirteen byte"[..]));
    }

    #[test]
    fn a_frame_with_any_flipped_bit_is_rejected() {
        let salt = Salt::new([3; 16]);
        let (bytes, _) = bare(&HEADER, b"payload", &salt);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped, &salt).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_with_another_salt_is_rejected() {
        let (bytes, _) = bare(&HEADER, b"stale", &Salt::new([3; 16]));
        assert!(read(&bytes, &Salt::new([4; 16])).is_none());
    }

    #[test]
    fn find_proof_skips_arbitrary_bytes_before_the_frame() {
        let salt = Salt::new([9; 16]);
        let mut bytes = vec![0xff; 24];
        bytes.extend(bare(&HEADER, b"proof", &salt).0);
        let found = |sequence| find_proof(&bytes, &salt, Sequence(sequence)).map(|(at, _)| at);
        assert_eq!((found(1), found(6), found(7)), (Some(24), Some(24), None));
    }

    #[test]
    fn find_proof_computes_checksums_only_at_plausible_headers() {
        let salt = Salt::new([9; 16]);
        let next = Sequence(1_000);
        let older = Header { first: Sequence(999), durable_through: Sequence(998), ..HEADER };
        let cases: [(&str, Vec<u8>); 5] = [
            ("zeros", vec![0; 4096]),
            ("ones", vec![0xff; 4096]),
            ("text", b"1234567\t".repeat(512)),
            ("an older segment", bare(&older, &[0x20; 300], &salt).0.repeat(10)),
            (
                "a plausible header",
                bare(&Header { first: Sequence(1_001), durable_through: next, ..HEADER }, b"", &salt).0,
            ),
        ];
        let plausible = |bytes: &[u8]| plausible_starts(bytes, next).count();
        let counts = cases.map(|(name, bytes)| (name, plausible(&bytes)));
        assert_eq!(counts.map(|(_, count)| count), [0, 0, 0, 0, 1], "{counts:?}");
    }
}
