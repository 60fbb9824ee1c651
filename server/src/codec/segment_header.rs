//! A segment: a file of prefilled space that frames are written into, one after the other.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic `BOOKLINE` |
//! | 8 | 4 | format version, 2; 1 has no length |
//! | 12 | 4 | CRC-32C of the header with this field zero |
//! | 16 | 8 | sequence of its first commit, also its name |
//! | 24 | 16 | salt, random: mixed into the CRC of every frame, so that no stale bytes of a recycled file and nothing that a client can make us write ever pass for a frame |
//! | 40 | 16 | version of the program that wrote it, in ASCII, padded with zeros |
//! | 56 | 8 | length of the file in bytes |
//! | 64 | … | frames |
//!
//! A segment is written and synced to its full length before it has its name, and never gets shorter. So a file that
//! is shorter than its header says was truncated by something else, and what is missing may have been acknowledged.
//! A commit that is larger than a segment makes it longer.

use thiserror::Error;

use super::Sequence;

/// Where the frames begin.
pub const BYTES: usize = 64;

/// The newest format that this program reads, and the one in which it writes segments.
pub const FORMAT: u32 = 2;

/// The format without a length: segments of version 0.1.0, and snapshots, whose footer tells that they are complete.
const FORMAT_WITHOUT_LENGTH: u32 = 1;

/// What a segment begins with.
pub const MAGIC: &[u8; 8] = b"BOOKLINE";

/// What makes the CRCs of one segment its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt {
    bytes: [u8; 16],
    crc: u32,
}

impl Salt {
    /// The salt of these bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self { bytes, crc: crc32c::crc32c(&bytes) }
    }

    /// A fresh one.
    pub fn random() -> Self {
        Self::new(rand::random())
    }

    /// CRC-32C of the salt followed by `bytes`.
    pub fn crc(&self, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(self.crc, bytes)
    }

    /// As it stands on disk.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.bytes
    }
}

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Its first commit.
    pub first: Sequence,
    /// Its salt.
    pub salt: Salt,
    /// The length in bytes that the file was made with; `None` in format 1, which does not say.
    pub length: Option<u64>,
}

impl SegmentHeader {
    /// The payload of the trailer of the segment before: the first sequence number and the salt of this one.
    pub fn trailer(&self) -> [u8; 24] {
        let mut payload = [0; 24];
        payload[..8].copy_from_slice(&self.first.0.to_le_bytes());
        payload[8..].copy_from_slice(self.salt.bytes());
        payload
    }
}

/// Why the beginning of a file is not the header of a segment that we can read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SegmentHeaderError {
    /// Too short, another magic or a wrong checksum.
    #[error("its header is corrupt")]
    Corrupt,
    /// From another time.
    #[error(
        "it has format {format}, written by booklined {writer}; this version reads formats up to {FORMAT}: \
         start booklined {writer} or newer"
    )]
    Format {
        /// The format it has.
        format: u32,
        /// Who wrote it.
        writer: String,
    },
}

impl SegmentHeader {
    /// As it stands on disk, at the beginning of a file of this magic.
    pub fn encode(&self, magic: &[u8; 8]) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(magic);
        let format = if self.length.is_some() { FORMAT } else { FORMAT_WITHOUT_LENGTH };
        bytes[8..12].copy_from_slice(&format.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[24..40].copy_from_slice(self.salt.bytes());
        let version = env!("CARGO_PKG_VERSION").as_bytes();
        let shown = version.len().min(16);
        bytes[40..40 + shown].copy_from_slice(&version[..shown]);
        bytes[56..64].copy_from_slice(&self.length.unwrap_or(0).to_le_bytes());
        let crc = crc32c::crc32c(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads what [`SegmentHeader::encode`] wrote.
    pub fn decode(bytes: &[u8], magic: &[u8; 8]) -> Result<Self, SegmentHeaderError> {
        let head = bytes.first_chunk::<BYTES>().ok_or(SegmentHeaderError::Corrupt)?;
        let mut blank = *head;
        blank[12..16].fill(0);
        if &head[..8] != magic || crc32c::crc32c(&blank).to_le_bytes() != head[12..16] {
            return Err(SegmentHeaderError::Corrupt);
        }
        let u64_at = |at: usize| head[at..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let format = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
        let length = match format {
            FORMAT_WITHOUT_LENGTH => None,
            FORMAT => u64_at(56),
            _ => {
                // It is shown to people, and whoever wrote it may have written anything.
                let writer = String::from_utf8_lossy(&head[40..56]);
                let writer = writer.trim_end_matches('\0').escape_debug().to_string();
                return Err(SegmentHeaderError::Format { format, writer });
            }
        };
        let first = u64_at(16).ok_or(SegmentHeaderError::Corrupt)?;
        let salt = head[24..].first_chunk::<16>().ok_or(SegmentHeaderError::Corrupt)?;
        Ok(Self { first: Sequence(first), salt: Salt::new(*salt), length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_and_every_flipped_bit_shows() {
        for length in [None, Some(64 << 20)] {
            let head = SegmentHeader { first: Sequence(42), salt: Salt::new([5; 16]), length };
            let bytes = head.encode(MAGIC);
            assert_eq!(SegmentHeader::decode(&bytes, MAGIC), Ok(head));
            for bit in 0..BYTES * 8 {
                let mut flipped = bytes;
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(
                    SegmentHeader::decode(&flipped, MAGIC),
                    Err(SegmentHeaderError::Corrupt),
                    "bit {bit}"
                );
            }
        }
    }

    #[test]
    fn a_newer_format_names_the_version_needed() {
        let mut bytes =
            SegmentHeader { first: Sequence(1), salt: Salt::new([0; 16]), length: None }.encode(MAGIC);
        bytes[8] = 9;
        bytes[40..56].copy_from_slice(b"7.1.0\0\0\0\0\0\0\0\0\0\0\0");
        bytes[12..16].fill(0);
        let crc = crc32c::crc32c(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        let message = SegmentHeader::decode(&bytes, MAGIC).unwrap_err().to_string();
        assert!(
            message.contains("format 9") && message.contains("start booklined 7.1.0 or newer"),
            "{message}"
        );
    }

    #[test]
    fn the_writers_name_cannot_paint_a_terminal() {
        let mut bytes =
            SegmentHeader { first: Sequence(1), salt: Salt::new([0; 16]), length: None }.encode(MAGIC);
        bytes[8] = 9;
        bytes[40..56].copy_from_slice(b"9\x1b[2J\x07\n\xff\xc2\x9b31m\0\0\0");
        bytes[12..16].fill(0);
        let crc = crc32c::crc32c(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        let message = SegmentHeader::decode(&bytes, MAGIC).unwrap_err().to_string();
        assert!(
            message.contains(r"booklined 9\u{1b}[2J\u{7}\n") && !message.contains(char::is_control),
            "{message}"
        );
    }
}
