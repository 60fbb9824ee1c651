//! The classes of bytes in a line, found in one pass. Most lines are plain ASCII without quotes, and skip the
//! checks that only other lines need.

/// The classes of the bytes in a line, as a bit set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteClasses(u8);

/// `A-Z a-z 0-9 . _ -`, the bytes of ids.
const ID: u8 = 1;
/// The bytes of ids, and a colon: those of keys.
const KEY: u8 = 16;
/// A quote or an equals sign: the line may have quoted arguments or options.
const QUOTING: u8 = 2;
/// An ASCII control character other than tab, DEL included.
const CONTROL: u8 = 4;
/// Above ASCII: UTF-8 to validate, C1 control characters, telnet sequences.
const NON_ASCII: u8 = 8;

static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => ID | KEY,
            b':' => KEY,
            b'"' | b'=' => QUOTING,
            b'\t' => 0,
            0..=31 | 127 => CONTROL,
            128.. => NON_ASCII,
            _ => 0,
        };
        byte += 1;
    }
    class
};

impl ByteClasses {
    pub(crate) fn of(line: &[u8]) -> Self {
        Self(line.iter().fold(0, |classes, &byte| classes | CLASS[usize::from(byte)]))
    }

    pub(crate) fn has_non_ascii(self) -> bool {
        self.0 & NON_ASCII != 0
    }

    /// Whether the line may have control characters other than tabs. C1 control characters are not ASCII, so
    /// any byte above ASCII may be part of one.
    pub(crate) fn may_have_control(self) -> bool {
        self.0 & (CONTROL | NON_ASCII) != 0
    }

    /// Whether the line may have quoted arguments or options.
    pub(crate) fn may_have_quoting(self) -> bool {
        self.0 & QUOTING != 0
    }
}

pub(crate) fn is_id_byte(byte: u8) -> bool {
    CLASS[usize::from(byte)] & ID != 0
}

/// Whether all of the bytes may be in a key.
pub(crate) fn are_key_bytes(bytes: &[u8]) -> bool {
    bytes.iter().fold(KEY, |classes, &byte| classes & CLASS[usize::from(byte)]) != 0
}

pub(crate) fn is_key_byte(byte: u8) -> bool {
    CLASS[usize::from(byte)] & KEY != 0
}

/// Whether a byte separates arguments.
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}
