//! Counts the requests that have no reply yet.

use std::collections::VecDeque;

use crate::net::line_kind::LineKind;
use crate::net::line_splitter::LineSplitter;

/// Splits the bytes that are sent into lines as the server does, and counts the lines that have a reply.
///
/// The rules are those of the protocol: a line that is too long has one reply; a blank line or a comment has
/// none.
#[derive(Debug, Default)]
pub struct RequestTracker {
    lines: LineSplitter,
    requests: u64,
    replies: u64,
    /// The numbers, from 1, of requests that change something and have no reply.
    changes: VecDeque<u64>,
    /// The number of a QUIT that has no reply.
    quit: Option<u64>,
    has_quit: bool,
}

impl RequestTracker {
    /// Takes bytes to send up to the end of a QUIT, as what follows it must wait for its reply. Returns how
    /// many bytes these are.
    pub fn track(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while self.quit.is_none() && !rest.is_empty() {
            let Some(line) = self.lines.take(&mut rest) else { break };
            match LineKind::of(&line) {
                LineKind::Silent => {}
                LineKind::Read | LineKind::Invalid => self.requests += 1,
                LineKind::Quit => {
                    self.requests += 1;
                    self.quit = Some(self.requests);
                }
                LineKind::Change | LineKind::KeyedChange => {
                    self.requests += 1;
                    self.changes.push_back(self.requests);
                }
            }
        }
        bytes.len() - rest.len()
    }

    /// Takes bytes that are not sent. Returns the number of requests so far.
    pub fn count(&mut self, bytes: &[u8]) -> u64 {
        let mut start = 0;
        while start < bytes.len() {
            start += self.track(&bytes[start..]);
            self.quit = None;
        }
        self.requests
    }

    pub fn has_partial_line(&self) -> bool {
        self.lines.has_partial_line()
    }

    /// Takes the final line of a reply: `OK` grants the request.
    pub fn on_reply(&mut self, is_granted: bool) {
        self.replies += 1;
        if self.changes.front().is_some_and(|&change| change <= self.replies) {
            self.changes.pop_front();
        }
        if self.quit.is_some_and(|quit| quit <= self.replies) {
            self.has_quit = is_granted && self.quit == Some(self.replies);
            self.quit = None;
        }
    }

    /// Whether a QUIT has no reply yet.
    pub fn is_quit_pending(&self) -> bool {
        self.quit.is_some()
    }

    /// Requests without a reply.
    pub fn outstanding(&self) -> u64 {
        self.requests.saturating_sub(self.replies)
    }

    /// Requests without a reply that may have changed something.
    pub fn changes_outstanding(&self) -> u64 {
        self.changes.len() as u64
    }

    /// Whether a QUIT was granted: the server closes and answers nothing more.
    pub fn has_quit(&self) -> bool {
        self.has_quit
    }
}

#[cfg(test)]
mod tests {
    use bookline_protocol::limits::LINE_BYTES_MAX;

    use super::*;

    fn outstanding(bytes: &[u8]) -> u64 {
        let mut whole = RequestTracker::default();
        whole.track(bytes);
        let mut split = RequestTracker::default();
        for byte in bytes {
            split.track(&[*byte]);
        }
        assert_eq!(whole.outstanding(), split.outstanding(), "the result depends on how {bytes:?} is split");
        assert_eq!(whole.has_partial_line(), split.has_partial_line());
        whole.outstanding()
    }

    #[test]
    fn every_line_but_blank_ones_and_comments_awaits_a_reply() {
        assert_eq!(outstanding(b""), 0);
        assert_eq!(outstanding(b"PING\n"), 1);
        assert_eq!(outstanding(b"PING\r\nPING\r\0PING\n"), 3);
        assert_eq!(outstanding(b"\n \t \n\r\n\r\0# PING\n#\n"), 0);
        assert_eq!(outstanding(b"NONSENSE\n\x80\n\"\n"), 3);
        assert_eq!(outstanding(b"\xff\xfb\x01\n"), 0, "a line of a telnet sequence is blank");
        assert_eq!(outstanding(b"PING"), 0);
        assert_eq!(outstanding(b"a\0b\n"), 1);
    }

    #[test]
    fn line_too_long_awaits_one_reply_whatever_it_contains() {
        let line = |fill: &str, length: usize, end: &str| {
            [fill.repeat(length), end.to_owned()].concat().into_bytes()
        };
        assert_eq!(outstanding(&line("#", LINE_BYTES_MAX, "\n")), 0);
        assert_eq!(outstanding(&line("#", LINE_BYTES_MAX, "\r\n")), 0);
        assert_eq!(outstanding(&line("#", LINE_BYTES_MAX + 1, "\n")), 1);
        assert_eq!(outstanding(&line("#", LINE_BYTES_MAX + 1, "\r\0")), 1);
        assert_eq!(outstanding(&line(" ", 3 * LINE_BYTES_MAX, "\r\n")), 1);
    }

    #[test]
    fn quit_ends_the_session_when_it_is_granted() {
        let script = b"PING\nquit now\nQUIT\nPING\n\n# PING\nexit\nPI";
        let mut requests = RequestTracker::default();
        let end = requests.track(script);
        assert_eq!((end, requests.outstanding(), requests.is_quit_pending()), (19, 3, true));
        requests.on_reply(true);
        requests.on_reply(false);
        assert!(!requests.has_quit());
        requests.on_reply(true);
        assert!(requests.has_quit() && !requests.is_quit_pending());

        let mut unsent = RequestTracker::default();
        assert_eq!(unsent.count(&script[end..]), 2);
        assert_eq!(unsent.count(b"NG\n"), 3);

        let mut refused = RequestTracker::default();
        refused.track(b"QUIT\n");
        refused.on_reply(false);
        assert!(!refused.has_quit() && !refused.is_quit_pending());
    }

    #[test]
    fn changes_without_a_reply_are_counted_by_what_the_request_does() {
        const ID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
        let changes = |line: &str| {
            let mut requests = RequestTracker::default();
            requests.track(format!("{}\n", line.replace("<id>", ID)).as_bytes());
            assert_eq!(requests.outstanding(), 1);
            requests.changes_outstanding()
        };
        for line in [
            "HOLD jazz 2",
            "CONFIRM <id>",
            "EXTEND <id> 60",
            "RELEASE <id>",
            "CANCEL <id>",
            "CHECKIN <id>",
            "CHECKIN <id> undo=yes",
            "UPDATE jazz sales=closed",
            "DELETE jazz tickets=drop",
            "DELETE F1 21-11-2026 09:00",
        ] {
            assert_eq!(changes(line), 1, "{line}");
        }
        for line in ["HOLD <id>", "TICKET <id>", "TICKETS jazz", "GET jazz", "CANCEL jazz"] {
            assert_eq!(changes(line), 0, "{line}");
        }
    }

    #[test]
    fn reply_without_a_request_leaves_none_outstanding() {
        let mut requests = RequestTracker::default();
        requests.on_reply(false);
        assert_eq!(requests.outstanding(), 0);
    }
}
