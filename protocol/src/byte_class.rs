//! What kinds of bytes a line is made of, found in one pass: most lines are plain, and are spared the checks that
//! only others need.

/// The kinds of bytes that a line has, as a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteClasses(u8);

/// Part of an id: `A-Z a-z 0-9 . _ -`. Not part of the set.
const ID: u8 = 1;
/// A quote or an equals sign: there may be quoted arguments or options.
const QUOTING: u8 = 2;
/// A control character other than tab, DEL included.
const CONTROL: u8 = 4;
/// Above ASCII: UTF-8 to be checked, C1 control characters, telnet sequences.
const HIGH: u8 = 8;

static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => ID,
            b'"' | b'=' => QUOTING,
            b'\t' => 0,
            0..=31 | 127 => CONTROL,
            128.. => HIGH,
            _ => 0,
        };
        byte += 1;
    }
    class
};

impl ByteClasses {
    /// The kinds of bytes in a line.
    pub(crate) fn of(line: &[u8]) -> Self {
        Self(line.iter().fold(0, |seen, &byte| seen | CLASS[usize::from(byte)]))
    }

    /// Whether there is anything above ASCII.
    pub(crate) fn has_high(self) -> bool {
        self.0 & HIGH != 0
    }

    /// Whether there may be control characters other than tabs.
    pub(crate) fn may_have_control(self) -> bool {
        self.0 & (CONTROL | HIGH) != 0
    }

    /// Whether there may be quoted arguments or options.
    pub(crate) fn may_have_quoting(self) -> bool {
        self.0 & QUOTING != 0
    }
}

/// Whether ids may have this byte.
pub(crate) fn is_id_byte(byte: u8) -> bool {
    CLASS[usize::from(byte)] == ID
}

/// Whether a byte separates two arguments.
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}
