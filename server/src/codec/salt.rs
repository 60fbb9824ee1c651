//! The salt of a segment.

/// A random value that the CRCs of one segment include.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt {
    bytes: [u8; 16],
    crc: u32,
}

impl Salt {
    /// A salt of these bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self { bytes, crc: crc32c::crc32c(&bytes) }
    }

    /// A random salt.
    pub fn random() -> Self {
        Self::new(rand::random())
    }

    /// The CRC-32C of the salt followed by `bytes`.
    pub fn crc(&self, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(self.crc, bytes)
    }

    /// Its encoding on disk.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.bytes
    }
}
