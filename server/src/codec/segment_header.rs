//! The encoding of a segment's header. A segment is a preallocated file into which frames are written in
//! order.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic `BOOKLINE` |
//! | 8 | 4 | format version, 2; 1 has no length |
//! | 12 | 4 | CRC-32C of the header with this field zero |
//! | 16 | 8 | sequence number of its first commit, which is also in its file name |
//! | 24 | 16 | random salt, mixed into the CRC of every frame |
//! | 40 | 16 | version of the program that wrote it, in ASCII, padded with zeros |
//! | 56 | 8 | length of the file in bytes |
//! | 64 | … | frames |
//!
//! Because of the salt, neither stale bytes of a recycled file nor anything that a client makes the server
//! write pass for a frame.
//!
//! A segment is written and synced to its full length before it gets its name, and never gets shorter. So a
//! file that is shorter than its header says was truncated by another program, and the missing bytes may have
//! been acknowledged. A commit that is larger than a segment makes the file longer.

use thiserror::Error;

use super::Sequence;
use super::frame::{ALIGNMENT_BYTES, TRAILER_PAYLOAD_BYTES};
use super::salt::Salt;

/// Length of the header, after which the frames begin.
pub const BYTES: usize = 64;

const _: () = assert!(BYTES.is_multiple_of(ALIGNMENT_BYTES));

/// The newest format version that this program reads, and the one in which it writes segments.
pub const FORMAT: u32 = 2;

/// The format version without a length: segments of version 0.1.0, and snapshots, whose footer shows that
/// they are complete.
const FORMAT_WITHOUT_LENGTH: u32 = 1;

/// The first bytes of a segment.
pub const MAGIC: &[u8; 8] = b"BOOKLINE";

/// The decoded header of a segment or a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The sequence number of its first commit; of a snapshot, that of the last commit that it holds.
    pub first: Sequence,
    /// The salt of its frames.
    pub salt: Salt,
    /// The length in bytes with which the file was created; `None` in format 1, which does not record it.
    pub length: Option<u64>,
}

impl SegmentHeader {
    /// The payload of the trailer of the previous segment: the first sequence number and the salt of this
    /// segment.
    pub fn trailer(&self) -> [u8; TRAILER_PAYLOAD_BYTES] {
        let mut payload = [0; TRAILER_PAYLOAD_BYTES];
        payload[..8].copy_from_slice(&self.first.0.to_le_bytes());
        payload[8..].copy_from_slice(self.salt.bytes());
        payload
    }
}

/// Why the beginning of a file is not a header that this version reads.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SegmentHeaderError {
    /// It is too short, or its magic or checksum is wrong.
    #[error("its header is corrupt")]
    Corrupt,
    /// A format version that this program does not read.
    #[error(
        "it has format {format}, written by booklined {writer}; this version reads formats up to {FORMAT}: \
         start booklined {writer} or newer"
    )]
    Format {
        /// Its format version.
        format: u32,
        /// The version of booklined that wrote it.
        writer: String,
    },
}

impl SegmentHeader {
    /// Encodes the header of a file with this magic.
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

    /// Decodes the header at the beginning of a file with this magic.
    ///
    /// # Errors
    ///
    /// [`SegmentHeaderError::Corrupt`] if it is not a header, [`SegmentHeaderError::Format`] if it is one of
    /// a later version.
    pub fn decode(bytes: &[u8], magic: &[u8; 8]) -> Result<Self, SegmentHeaderError> {
        let header = bytes.first_chunk::<BYTES>().ok_or(SegmentHeaderError::Corrupt)?;
        let mut without_crc = *header;
        without_crc[12..16].fill(0);
        if &header[..8] != magic || crc32c::crc32c(&without_crc).to_le_bytes() != header[12..16] {
            return Err(SegmentHeaderError::Corrupt);
        }
        let u64_at = |at: usize| header[at..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let format = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        let length = match format {
            FORMAT_WITHOUT_LENGTH => None,
            FORMAT => u64_at(56),
            _ => {
                // The message is printed to a terminal, and the field may hold any bytes.
                let writer = String::from_utf8_lossy(&header[40..56]);
                let writer = writer.trim_end_matches('\0').escape_debug().to_string();
                return Err(SegmentHeaderError::Format { format, writer });
            }
        };
        let first = u64_at(16).ok_or(SegmentHeaderError::Corrupt)?;
        let salt = header[24..].first_chunk::<16>().ok_or(SegmentHeaderError::Corrupt)?;
        Ok(Self { first: Sequence(first), salt: Salt::new(*salt), length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_header_decodes_to_the_same_and_any_flipped_bit_is_rejected() {
        for length in [None, Some(64 << 20)] {
            let header = SegmentHeader { first: Sequence(42), salt: Salt::new([5; 16]), length };
            let bytes = header.encode(MAGIC);
            assert_eq!(SegmentHeader::decode(&bytes, MAGIC), Ok(header));
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
    fn the_error_for_a_newer_format_names_the_required_version() {
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
    fn the_writer_version_is_escaped_in_the_error() {
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
