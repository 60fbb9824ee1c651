//! What has arrived, given out line by line.

use bookline_protocol::telnet::behind_answers;

/// Bytes that are taken from or given to the system at once: large enough that a million commands cost few calls.
pub const CHUNK: usize = 64 * 1024;

/// Bytes of a line of reply that are waited for. Ten thousand tickets, or a day with a thousand people in each meeting,
/// are below 2 MB; what is longer than this comes from nobody who has a line in mind.
pub const MAX_REPLY: usize = 64 * 1024 * 1024;

/// Bytes of replies.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    /// Where the first line that was not given out begins.
    start: usize,
    /// Before here there is no line feed from `start` on.
    searched: usize,
}

impl Inbox {
    /// Where to put what arrives: at the end of this, which has room for much at once.
    pub fn room(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.bytes.reserve(CHUNK);
        &mut self.bytes
    }

    /// The next whole line, without its line feed, and without the answers to what looked like telnet in a script.
    pub fn line(&mut self) -> Option<&[u8]> {
        let Some(found) = memchr::memchr(b'\n', &self.bytes[self.searched..]) else {
            self.searched = self.bytes.len();
            return None;
        };
        let (start, end) = (self.start, self.searched + found);
        self.start = end + 1;
        self.searched = self.start;
        Some(behind_answers(&self.bytes[start..end]))
    }

    /// What came behind the last whole line.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_they_arrive() {
        let mut inbox = Inbox::default();
        let mut lines = Vec::new();
        for piece in [&b"OK {"[..], b"}\nROW {\"a\":1}\n\n\xff\xfc\x06ER", b"", b"R X {}\nOK"] {
            inbox.room().extend_from_slice(piece);
            while let Some(line) = inbox.line() {
                lines.push(String::from_utf8(line.to_vec()).unwrap());
            }
        }
        assert_eq!(lines, ["OK {}", "ROW {\"a\":1}", "", "ERR X {}"]);
        assert_eq!(inbox.rest(), b"OK");
    }
}
