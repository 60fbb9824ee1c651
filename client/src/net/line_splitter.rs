//! Splits typed bytes into lines.

use bookline_protocol::limits::LINE_BYTES_MAX;

/// Bytes of a line that are kept: one more than the longest line, and the CR of its end. A longer line is
/// refused whatever it contains.
const LINE_BYTES_KEPT_MAX: usize = LINE_BYTES_MAX + 2;

/// Splits bytes into lines as the server does: a line ends with LF, CR LF or CR NUL.
#[derive(Debug, Default)]
pub struct LineSplitter {
    /// The line that has not ended yet, as far as it is kept.
    line: Vec<u8>,
    /// The length of that line.
    length: usize,
    /// Its last byte.
    last: u8,
    /// The line was returned: the next byte begins another one.
    has_ended: bool,
    /// How many lines have ended.
    ended: u64,
}

/// A whole line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypedLine<'a> {
    /// The line without its end. One that is too long is not complete.
    pub text: &'a [u8],
    /// `\n`, `\r\n` or `\r\0`.
    pub end: &'static [u8],
    /// Whether the line is longer than [`LINE_BYTES_MAX`].
    pub is_too_long: bool,
    /// The number of the line, from 1.
    pub number: u64,
}

impl LineSplitter {
    /// A splitter of the lines that follow so many others.
    pub fn after_line(ended: u64) -> Self {
        Self { ended, ..Self::default() }
    }

    /// How many lines have ended.
    pub fn ended(&self) -> u64 {
        self.ended
    }

    /// Takes bytes up to the end of a line, or all of them if the line goes on.
    pub fn take(&mut self, bytes: &mut &[u8]) -> Option<TypedLine<'_>> {
        if self.has_ended {
            self.line.clear();
            *self = Self { line: std::mem::take(&mut self.line), ..Self::after_line(self.ended) };
        }
        let all = *bytes;
        let before = |at: usize| if at > 0 { all[at - 1] } else { self.last };
        let end = memchr::memchr2_iter(b'\n', b'\0', all).find(|&at| all[at] == b'\n' || before(at) == b'\r');
        let Some(end) = end else {
            self.extend(all);
            *bytes = &[];
            return None;
        };
        self.extend(&all[..end]);
        *bytes = &all[end + 1..];
        self.has_ended = true;
        self.ended += 1;
        let (length, end): (_, &[u8]) = match (self.last, all[end]) {
            (b'\r', b'\0') => (self.length - 1, b"\r\0"),
            (b'\r', _) => (self.length - 1, b"\r\n"),
            _ => (self.length, b"\n"),
        };
        let text = &self.line[..length.min(self.line.len())];
        Some(TypedLine { text, end, is_too_long: length > LINE_BYTES_MAX, number: self.ended })
    }

    pub fn has_partial_line(&self) -> bool {
        self.length > 0 && !self.has_ended
    }

    /// The line that has not ended yet, as far as it is kept.
    pub fn partial_line(&self) -> Option<&[u8]> {
        self.has_partial_line().then_some(&self.line)
    }

    fn extend(&mut self, bytes: &[u8]) {
        let Some(&last) = bytes.last() else { return };
        let kept_max = LINE_BYTES_KEPT_MAX.saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(kept_max)]);
        self.length += bytes.len();
        self.last = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], chunk: usize) -> Vec<(Vec<u8>, &'static [u8], bool)> {
        let (mut splitter, mut found) = (LineSplitter::default(), Vec::new());
        for mut bytes in bytes.chunks(chunk) {
            while !bytes.is_empty() {
                if let Some(TypedLine { text, end, is_too_long, number }) = splitter.take(&mut bytes) {
                    assert_eq!(number, found.len() as u64 + 1);
                    found.push((text.to_vec(), end, is_too_long));
                }
            }
        }
        found
    }

    #[test]
    fn lines_keep_their_ends_however_their_bytes_arrive() {
        let bytes = b"a\r\nb\n\n\r\0c\rd\0e\r\0f";
        let line = |text: &[u8], end: &'static [u8]| (text.to_vec(), end, false);
        let expected = [
            line(b"a", b"\r\n"),
            line(b"b", b"\n"),
            line(b"", b"\n"),
            line(b"", b"\r\0"),
            line(b"c\rd\0e", b"\r\0"),
        ];
        for chunk in 1..=bytes.len() {
            assert_eq!(lines(bytes, chunk), expected, "in chunks of {chunk}");
        }
    }

    #[test]
    fn line_too_long_is_not_kept_whole() {
        let bytes = ["x".repeat(3 * LINE_BYTES_MAX), "\r\nPING\n".to_owned()].concat();
        let found = lines(bytes.as_bytes(), 1_000);
        assert_eq!((found[0].0.len(), found[0].2), (LINE_BYTES_KEPT_MAX, true));
        assert_eq!(found[1], (b"PING".to_vec(), &b"\n"[..], false));
        let longest = ["x".repeat(LINE_BYTES_MAX), "\r\n".to_owned()].concat();
        assert!(!lines(longest.as_bytes(), 1_000)[0].2);
    }
}
