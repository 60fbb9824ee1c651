//! The requests that have no reply yet.

use crate::net::line_kind::LineKind;
use crate::net::line_splitter::LineSplitter;
use crate::net::sent_lines::{SentLine, SentLines};
use crate::render::listing::Listing;

/// Requests without a reply, beyond which nothing further is sent. At 50 ms from a server this allows 300,000
/// requests a second, and a server that never replies costs 5 MB at the most.
const OUTSTANDING_MAX: usize = 16_384;

/// When the next request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// While few enough requests are outstanding.
    Pipelined,
    /// After the reply to the one before it.
    OneByOne,
}

impl Pace {
    const fn outstanding_max(self) -> usize {
        match self {
            Self::Pipelined => OUTSTANDING_MAX,
            Self::OneByOne => 1,
        }
    }
}

/// Splits the bytes that are sent into lines as the server does, and keeps the lines that have a reply until
/// they have got it.
///
/// The rules are those of the protocol: a line that is too long has one reply; a blank line or a comment has
/// none.
#[derive(Debug)]
pub struct RequestTracker {
    lines: LineSplitter,
    sent: SentLines,
    pace: Pace,
    /// Whether the line that has not ended yet has its reply: the server refuses a line as soon as it is too
    /// long.
    is_partial_line_answered: bool,
    /// Whether a QUIT has no reply.
    is_quit_pending: bool,
    has_quit: bool,
}

impl RequestTracker {
    pub fn new(pace: Pace) -> Self {
        Self {
            lines: LineSplitter::default(),
            sent: SentLines::default(),
            pace,
            is_partial_line_answered: false,
            is_quit_pending: false,
            has_quit: false,
        }
    }

    /// Whether another line may be sent. What follows a QUIT must wait for its reply.
    pub fn takes_more(&self) -> bool {
        !self.is_quit_pending && self.sent.count() < self.pace.outstanding_max()
    }

    /// Takes bytes to send, as many as may be sent now. Returns how many these are.
    pub fn track(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while self.takes_more() && !rest.is_empty() {
            let Some(line) = self.lines.take(&mut rest) else { break };
            let is_answered = std::mem::take(&mut self.is_partial_line_answered);
            let kind = LineKind::of(&line);
            if kind != LineKind::Silent && !is_answered {
                self.is_quit_pending = kind == LineKind::Quit;
                self.sent.push(&line, kind);
            }
        }
        bytes.len() - rest.len()
    }

    pub fn has_partial_line(&self) -> bool {
        self.lines.has_partial_line()
    }

    /// The lines that were taken, those without a reply included.
    pub fn lines_taken(&self) -> u64 {
        self.lines.ended()
    }

    /// Takes the final line of a reply: `OK` grants the request. Returns the request, if there is one.
    pub fn on_reply(&mut self, is_granted: bool) -> Option<SentLine<'_>> {
        if self.sent.count() == 0 {
            let text = self.lines.partial_line()?;
            self.is_partial_line_answered = true;
            return Some(SentLine { number: self.lines.ended() + 1, text, is_cut: true });
        }
        if self.sent.first_kind() == Some(LineKind::Quit) {
            self.has_quit = is_granted;
            self.is_quit_pending = false;
        }
        self.sent.pop()
    }

    /// What the request lists whose reply comes next.
    pub fn listing(&self) -> Option<Listing> {
        self.sent.first_kind()?.listing()
    }

    /// Requests without a reply.
    pub fn outstanding(&self) -> u64 {
        self.sent.count() as u64
    }

    /// Requests without a reply that may have changed something.
    pub fn changes_outstanding(&self) -> u64 {
        self.sent.kinds().filter(|kind| kind.changes()).count() as u64
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

    fn tracker() -> RequestTracker {
        RequestTracker::new(Pace::Pipelined)
    }

    fn outstanding(bytes: &[u8]) -> u64 {
        let mut whole = tracker();
        whole.track(bytes);
        let mut split = tracker();
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
        let mut requests = tracker();
        let end = requests.track(script);
        assert_eq!((end, requests.outstanding(), requests.takes_more()), (19, 3, false));
        requests.on_reply(true);
        requests.on_reply(false);
        assert!(!requests.has_quit());
        requests.on_reply(true);
        assert!(requests.has_quit() && requests.takes_more());

        let mut refused = tracker();
        refused.track(b"QUIT\n");
        refused.on_reply(false);
        assert!(!refused.has_quit() && refused.takes_more());
    }

    #[test]
    fn changes_without_a_reply_are_counted_by_what_the_request_does() {
        const ID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
        let changes = |line: &str| {
            let mut requests = tracker();
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
        let mut requests = tracker();
        requests.on_reply(false);
        assert_eq!(requests.outstanding(), 0);
    }

    #[test]
    fn one_request_at_a_time_is_taken_where_each_waits_for_the_one_before() {
        let script = b"# a\nPING\n\nPING\nPI";
        let mut requests = RequestTracker::new(Pace::OneByOne);
        assert_eq!(requests.track(script), 9);
        assert_eq!((requests.track(&script[9..]), requests.lines_taken()), (0, 2));
        let first = requests.on_reply(true).unwrap();
        assert_eq!((first.number, first.text), (2, &b"PING"[..]));
        assert_eq!(requests.track(&script[9..]), 6);
        assert_eq!(requests.on_reply(false).unwrap().number, 4);
        assert_eq!(requests.track(&script[15..]), 2);
        assert!(requests.has_partial_line() && requests.outstanding() == 0);
    }

    #[test]
    fn line_too_long_may_have_its_reply_before_its_end() {
        let mut requests = tracker();
        requests.track(b"PING\n");
        requests.track(&[b'x'; LINE_BYTES_MAX + 1]);
        assert_eq!(requests.on_reply(true).unwrap().number, 1);
        let long = requests.on_reply(false).unwrap();
        assert!(long.number == 2 && long.text.starts_with(b"xxx") && long.is_cut);
        requests.track(b"xxx\nPING\n");
        assert_eq!((requests.outstanding(), requests.on_reply(true).unwrap().number), (1, 3));
    }

    #[test]
    fn outstanding_requests_are_bounded() {
        let script = "PING\n".repeat(2 * OUTSTANDING_MAX);
        let mut requests = tracker();
        assert_eq!(requests.track(script.as_bytes()), 5 * OUTSTANDING_MAX);
        requests.on_reply(true);
        assert_eq!(requests.track(script.as_bytes()), 5);
    }
}
