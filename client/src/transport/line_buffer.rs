//! Received bytes, taken out line by line.

use bookline_protocol::reply::ReplyLine;
use bookline_protocol::telnet::strip_answers;

/// Bytes that are read at once, so that a million replies need few system calls.
const READ_BYTES: usize = 64 * 1024;

/// The longest line of a reply. Ten thousand tickets, or a day with a thousand people in each meeting, take
/// below 2 MB; a peer that sends more than this without a line feed sends no lines.
pub const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A line as a part of a reply. `None` if no server of this protocol sends it.
pub fn reply_line(line: &[u8]) -> Option<ReplyLine<'_>> {
    ReplyLine::parse(std::str::from_utf8(line).ok()?).ok()
}

#[derive(Debug, Default)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// There is no line feed between `start` and here.
    searched: usize,
}

impl LineBuffer {
    /// The vector to append received bytes to, with capacity for a read.
    pub fn read_target(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.bytes.reserve(READ_BYTES);
        &mut self.bytes
    }

    /// Takes the next whole line, without its line feed and without the server's answers to telnet sequences.
    pub fn next_line(&mut self) -> Option<&[u8]> {
        let Some(found) = memchr::memchr(b'\n', &self.bytes[self.searched..]) else {
            self.searched = self.bytes.len();
            return None;
        };
        let (start, end) = (self.start, self.searched + found);
        self.start = end + 1;
        self.searched = self.start;
        Some(strip_answers(&self.bytes[start..end]))
    }

    /// The bytes after the last whole line.
    pub fn partial_line(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_their_bytes_arrive() {
        let mut buffer = LineBuffer::default();
        let mut lines = Vec::new();
        for bytes in [&b"OK {"[..], b"}\nROW {\"a\":1}\n\n\xff\xfc\x06ER", b"", b"R X {}\nOK"] {
            buffer.read_target().extend_from_slice(bytes);
            while let Some(line) = buffer.next_line() {
                lines.push(String::from_utf8(line.to_vec()).unwrap());
            }
        }
        assert_eq!(lines, ["OK {}", "ROW {\"a\":1}", "", "ERR X {}"]);
        assert_eq!(buffer.partial_line(), b"OK");
    }
}
