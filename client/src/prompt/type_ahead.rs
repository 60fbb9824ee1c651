//! Keys that were pressed and not given to the line editor yet.

/// The sequences around pasted text, from a terminal in bracketed paste mode.
const PASTE_BEGIN: [u8; 6] = *b"\x1b[200~";
const PASTE_END: [u8; 6] = *b"\x1b[201~";

/// The longest chunk. A pseudo-terminal buffers more than this, so that a write of one does not block.
const CHUNK_BYTES_MAX: usize = 1024;

const ESCAPE: u8 = 0x1b;

/// Keys behind which the line editor waits for another one: Tab, Ctrl-Q, Ctrl-R, Ctrl-S, Ctrl-V, Ctrl-X,
/// Escape and Ctrl-].
const SEQUENCE_KEYS: [u8; 8] = [0x09, 0x11, 0x12, 0x13, 0x16, 0x18, ESCAPE, 0x1d];

/// The keys in the order in which they were pressed.
#[derive(Debug, Default)]
pub struct TypeAhead {
    keys: Vec<u8>,
    /// The last keys of the chunks so far.
    last: [u8; 6],
    /// Whether these end within pasted text, whose line feeds do not end the editor's line.
    in_paste: bool,
}

/// Keys for the line editor.
#[derive(Debug, PartialEq, Eq)]
pub struct Chunk {
    pub bytes: Vec<u8>,
    /// Whether the last key should end the editor's line.
    pub ends_line: bool,
}

impl TypeAhead {
    pub fn push(&mut self, key: u8) {
        self.keys.push(key);
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many lines there are that are not blank. A line that has not ended counts.
    pub fn lines(&self) -> usize {
        let is_end = |key: &u8| *key == b'\r' || *key == b'\n';
        self.keys.split(is_end).filter(|line| !line.trim_ascii().is_empty()).count()
    }

    /// Whether the line editor, which has had all keys so far, waits for the next one as for the first of a
    /// line: it is neither within pasted text nor within a sequence of keys.
    pub fn is_at_rest(&self) -> bool {
        let sequence = self.last.iter().rposition(|&key| key == ESCAPE).map(|at| &self.last[at + 1..]);
        let is_sequence_whole = match sequence {
            None => true,
            Some([] | [b'[' | b'O']) => false,
            Some([b'[', .., last]) => (0x40..=0x7e).contains(last),
            Some(_) => true,
        };
        let opens_sequence = SEQUENCE_KEYS.contains(&self.last[5]);
        !self.in_paste && is_sequence_whole && !opens_sequence && !ends_within_character(&self.last)
    }

    /// Takes the keys up to the next one that ends a line, or the longest chunk.
    pub fn next_chunk(&mut self) -> Chunk {
        let mut end = 0;
        let mut ends_line = false;
        while end < self.keys.len().min(CHUNK_BYTES_MAX) && !ends_line {
            let key = self.keys[end];
            self.last.rotate_left(1);
            self.last[5] = key;
            match self.last {
                PASTE_BEGIN => self.in_paste = true,
                PASTE_END => self.in_paste = false,
                _ => {}
            }
            // Ctrl-C, Ctrl-D, Ctrl-J and Enter.
            ends_line = !self.in_paste && matches!(key, 0x03 | 0x04 | b'\n' | b'\r');
            end += 1;
        }
        Chunk { bytes: self.keys.drain(..end).collect(), ends_line }
    }
}

/// Whether the last character is not complete. `bytes` has at least as many as a character.
fn ends_within_character(bytes: &[u8]) -> bool {
    let Some(start) = bytes.iter().rposition(|byte| !(0x80..0xc0).contains(byte)) else { return false };
    std::str::from_utf8(&bytes[start..]).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_ahead(keys: &str) -> TypeAhead {
        let mut type_ahead = TypeAhead::default();
        keys.bytes().for_each(|key| type_ahead.push(key));
        type_ahead
    }

    fn chunks(keys: &str) -> Vec<(String, bool)> {
        let mut type_ahead = type_ahead(keys);
        let mut chunks = Vec::new();
        while !type_ahead.is_empty() {
            let Chunk { bytes, ends_line } = type_ahead.next_chunk();
            chunks.push((String::from_utf8(bytes).unwrap(), ends_line));
        }
        chunks
    }

    #[test]
    fn chunk_is_one_line() {
        let chunk = |text: &str, ends_line| (text.to_owned(), ends_line);
        assert_eq!(
            chunks("PING\rGET\nBO\x03\x04x"),
            [
                chunk("PING\r", true),
                chunk("GET\n", true),
                chunk("BO\x03", true),
                chunk("\x04", true),
                chunk("x", false)
            ]
        );
        let long = "x".repeat(CHUNK_BYTES_MAX + 1);
        assert_eq!(chunks(&long), [chunk(&long[1..], false), chunk("x", false)]);
    }

    #[test]
    fn pasted_lines_are_one_chunk() {
        let keys = "\x1b[200~PING\nGET\n\x1b[201~\rPING\r";
        assert_eq!(chunks(keys), [(keys[..22].to_owned(), true), ("PING\r".to_owned(), true)]);
    }

    #[test]
    fn paste_end_may_be_split_between_chunks() {
        let mut type_ahead = type_ahead("\x1b[200~PING\n\x1b[2");
        assert!(!type_ahead.next_chunk().ends_line);
        b"01~\rPING\r".iter().for_each(|key| type_ahead.push(*key));
        assert_eq!(type_ahead.next_chunk(), Chunk { bytes: b"01~\r".to_vec(), ends_line: true });
    }

    #[test]
    fn editor_is_at_rest_behind_whole_keys() {
        let is_at_rest = |keys: &[u8]| {
            let mut type_ahead = TypeAhead::default();
            keys.iter().for_each(|key| type_ahead.push(*key));
            while !type_ahead.is_empty() {
                type_ahead.next_chunk();
            }
            type_ahead.is_at_rest()
        };
        let at_rest: [&[u8]; 9] = [
            b"",
            b"PING",
            b"PING\r",
            b"PIN\x7f",
            b"\x1b[A",
            b"\x1b[1;5D",
            b"\x1bOA",
            b"\x1bf",
            "\u{159}".as_bytes(),
        ];
        for keys in at_rest {
            assert!(is_at_rest(keys), "{keys:?}");
        }
        let within: [&[u8]; 9] =
            [b"\x1b", b"\x1b[", b"\x1b[1;", b"\x1bO", b"BO\t", b"\x16", b"\x18", b"\x1b[200~PING", b"a\xc5"];
        for keys in within {
            assert!(!is_at_rest(keys), "{keys:?}");
        }
    }

    #[test]
    fn lines_counts_all_but_blank_ones() {
        assert_eq!(type_ahead("").lines(), 0);
        assert_eq!(type_ahead("\r\n \r").lines(), 0);
        assert_eq!(type_ahead("PING\r\nGET\r\r\nBO").lines(), 3);
    }
}
