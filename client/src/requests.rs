//! Which requests were sent, and which of them are answered.

use std::collections::VecDeque;

use bookline_protocol::limits::MAX_LINE;
use bookline_protocol::{Line, Request};

/// Follows the bytes that go out as the server will split them, and counts the lines that get an answer.
///
/// What is a line is for the server to say, so the rules are the protocol's: a line ends with LF, CR LF or CR NUL, one
/// that is too long gets one answer, a blank one or a comment gets none.
#[derive(Debug, Default)]
pub struct Requests {
    /// The line that has not ended yet, no more of it than is needed to know that it is too long.
    line: Vec<u8>,
    /// Bytes of that line, those that were not kept too.
    length: usize,
    /// The last of them.
    last: u8,
    /// Telnet sequences are stripped from a line into this.
    scratch: Vec<u8>,
    asked: u64,
    answered: u64,
    /// Which of those asked, counted from 1, change something and are not answered.
    changes: VecDeque<u64>,
    /// Which of those asked, counted from 1, is a QUIT without an answer.
    farewell: Option<u64>,
    parted: bool,
}

impl Requests {
    /// Follows bytes that go out, up to the end of a QUIT: what is behind it must wait for the answer. Returns how many
    /// bytes these are.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        let mut start = 0;
        for at in memchr::memchr2_iter(b'\n', b'\0', bytes) {
            let before = if at > start { bytes[at - 1] } else { self.last };
            if bytes[at] == b'\0' && before != b'\r' {
                continue;
            }
            self.extend(&bytes[start..at]);
            self.end_line();
            start = at + 1;
            if self.farewell.is_some() {
                return start;
            }
        }
        self.extend(&bytes[start..]);
        bytes.len()
    }

    /// Counts bytes that do not go out: the lines that would have had an answer.
    pub fn count(&mut self, bytes: &[u8]) -> u64 {
        let mut start = 0;
        while start < bytes.len() {
            start += self.send(&bytes[start..]);
            self.farewell = None;
        }
        self.asked
    }

    /// Whether the last line has no end yet.
    pub fn in_mid_line(&self) -> bool {
        self.length > 0
    }

    /// A final line of reply has come.
    pub fn answer(&mut self, granted: bool) {
        self.answered += 1;
        if self.changes.front().is_some_and(|&change| change <= self.answered) {
            self.changes.pop_front();
        }
        if self.farewell.is_some_and(|farewell| farewell <= self.answered) {
            self.parted = granted && self.farewell == Some(self.answered);
            self.farewell = None;
        }
    }

    /// Whether a QUIT has no answer yet.
    pub fn is_parting(&self) -> bool {
        self.farewell.is_some()
    }

    /// How many answers are still to come.
    pub fn owed(&self) -> u64 {
        self.asked.saturating_sub(self.answered)
    }

    /// How many of those that are still to come may tell of a change that was made.
    pub fn changes_owed(&self) -> u64 {
        self.changes.len() as u64
    }

    /// Whether a QUIT was granted: the server closes, and answers nothing behind it.
    pub fn parted(&self) -> bool {
        self.parted
    }

    fn extend(&mut self, bytes: &[u8]) {
        let Some(&last) = bytes.last() else { return };
        // One more than the longest line and the CR of its end.
        let room = (MAX_LINE + 2).saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.length += bytes.len();
        self.last = last;
    }

    fn end_line(&mut self) {
        let length = if self.last == b'\r' { self.length - 1 } else { self.length };
        if length > MAX_LINE {
            self.asked += 1;
        } else {
            match bookline_protocol::parse(&self.line[..length], &mut self.scratch) {
                Line::Blank => {}
                Line::Request(Request::Quit) => {
                    self.asked += 1;
                    self.farewell = Some(self.asked);
                }
                Line::Request(request) => {
                    self.asked += 1;
                    if request.changes() {
                        self.changes.push_back(self.asked);
                    }
                }
                Line::Refused(_) | Line::Foreign(_) => self.asked += 1,
            }
        }
        self.line.clear();
        self.length = 0;
        self.last = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owed(bytes: &[u8]) -> u64 {
        let mut whole = Requests::default();
        whole.send(bytes);
        let mut split = Requests::default();
        for byte in bytes {
            split.send(&[*byte]);
        }
        assert_eq!(whole.owed(), split.owed(), "it must not matter how {bytes:?} is cut");
        assert_eq!(whole.in_mid_line(), split.in_mid_line());
        whole.owed()
    }

    #[test]
    fn every_line_is_owed_an_answer_but_blank_ones_and_comments() {
        assert_eq!(owed(b""), 0);
        assert_eq!(owed(b"PING\n"), 1);
        assert_eq!(owed(b"PING\r\nPING\r\0PING\n"), 3);
        assert_eq!(owed(b"\n \t \n\r\n\r\0# PING\n#\n"), 0);
        assert_eq!(owed(b"NONSENSE\n\x80\n\"\n"), 3);
        assert_eq!(owed(b"\xff\xfb\x01\n"), 0, "a telnet sequence and nothing else is a blank line");
        assert_eq!(owed(b"PING"), 0);
        assert_eq!(owed(b"a\0b\n"), 1);
    }

    #[test]
    fn a_line_that_is_too_long_is_owed_one_answer_whatever_it_holds() {
        let line = |fill: &str, length: usize, end: &str| {
            [fill.repeat(length), end.to_owned()].concat().into_bytes()
        };
        assert_eq!(owed(&line("#", MAX_LINE, "\n")), 0);
        assert_eq!(owed(&line("#", MAX_LINE, "\r\n")), 0);
        assert_eq!(owed(&line("#", MAX_LINE + 1, "\n")), 1);
        assert_eq!(owed(&line("#", MAX_LINE + 1, "\r\0")), 1);
        assert_eq!(owed(&line(" ", 3 * MAX_LINE, "\r\n")), 1);
    }

    #[test]
    fn a_quit_parts_when_it_is_granted() {
        let script = b"PING\nquit now\nQUIT\nPING\n\n# PING\nexit\nPI";
        let mut requests = Requests::default();
        let sent = requests.send(script);
        assert_eq!((sent, requests.owed(), requests.is_parting()), (19, 3, true));
        requests.answer(true);
        requests.answer(false);
        assert!(!requests.parted());
        requests.answer(true);
        assert!(requests.parted() && !requests.is_parting());

        let mut behind = Requests::default();
        assert_eq!(behind.count(&script[sent..]), 2);
        assert_eq!(behind.count(b"NG\n"), 3);

        let mut refused = Requests::default();
        refused.send(b"QUIT\n");
        refused.answer(false);
        assert!(!refused.parted() && !refused.is_parting());
    }

    #[test]
    fn an_answer_that_nobody_asked_for_is_owed_to_nobody() {
        let mut requests = Requests::default();
        requests.answer(false);
        assert_eq!(requests.owed(), 0);
    }
}
