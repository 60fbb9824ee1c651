//! Why bytes with a correct checksum cannot be decoded.

use thiserror::Error;

/// Why a payload whose checksum is correct cannot be decoded into commits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A change of a later version.
    #[error(
        "it holds a change of type {0}, which this version does not know: start the newer booklined that \
         wrote it"
    )]
    UnknownChange(u8),
    /// A frame of a later version.
    #[error(
        "it holds a frame of kind {0}, which this version does not know: start the newer booklined that \
         wrote it"
    )]
    UnknownFrame(u8),
    /// Flags of a later version.
    #[error("it has flags {0:#x}, which this version does not know: start the newer booklined that wrote it")]
    UnknownFlags(u16),
    /// The checksum is correct and the contents are not: no version of booklined writes this.
    #[error("its contents are malformed")]
    Malformed,
}
