//! Framing: bytes into lines. A line ends with LF, CR LF or CR NUL (telnet's Enter). A line that is too long
//! is reported once and discarded up to its end. Telnet requests are reported in order, between the lines.
//!
//! A CR alone does not end a line. Clients keep line feeds out of what their users type. If a CR ended a line
//! as well, what follows one within a name would become a request.

use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_protocol::telnet::{IAC, Meaning, SequenceParser};

/// What the framer finds at the front of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FramingEvent {
    Line(LineRange),
    /// A line of more than [`Framer::line_bytes_max`] bytes, which is discarded.
    TooLong,
    /// A telnet request within the line at the front, and its response. It is reported once.
    Telnet([u8; 3]),
    /// No complete line.
    Incomplete,
}

/// What the search for the end of a line stops at.
enum Delimiter {
    LineEnd(LineRange),
    Telnet([u8; 3]),
}

/// Where a line ends, and where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRange {
    end: usize,
    next: usize,
}

/// Bytes that were received and not consumed.
#[derive(Debug)]
pub struct Framer {
    /// The longest line, without its end.
    pub line_bytes_max: usize,
    buffer: Vec<u8>,
    /// Bytes before this are consumed. They are removed before the next read.
    start: usize,
    /// No line ends between `start` and this, and telnet requests there were reported.
    scanned: usize,
    /// The telnet sequences of the line at the front.
    sequences: SequenceParser,
    /// The line at the front was reported as too long.
    discarding: bool,
}

impl Default for Framer {
    fn default() -> Self {
        let (buffer, sequences) = Default::default();
        Self { line_bytes_max: LINE_BYTES_MAX, buffer, start: 0, scanned: 0, sequences, discarding: false }
    }
}

impl Framer {
    /// The buffer to append received bytes to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        &mut self.buffer
    }

    /// Finds the next line. It stays at the front until it is consumed.
    #[inline]
    pub fn next_event(&mut self) -> FramingEvent {
        loop {
            match self.next_delimiter() {
                Some(Delimiter::LineEnd(range)) if self.discarding => {
                    self.consume(range);
                    self.discarding = false;
                }
                Some(Delimiter::LineEnd(range)) if range.end - self.start > self.line_bytes_max => {
                    self.consume(range);
                    return FramingEvent::TooLong;
                }
                Some(Delimiter::LineEnd(range)) => return FramingEvent::Line(range),
                // Requests beyond the longest line are ignored, however the bytes arrive.
                Some(Delimiter::Telnet(_))
                    if self.discarding || self.scanned - self.start > self.line_bytes_max => {}
                Some(Delimiter::Telnet(response)) => return FramingEvent::Telnet(response),
                None if self.discarding => {
                    // A CR may be the first half of a line end.
                    let keep = usize::from(self.unconsumed().last() == Some(&b'\r'));
                    self.start = self.buffer.len() - keep;
                    self.scanned = self.start;
                    return FramingEvent::Incomplete;
                }
                None if self.is_too_long() => {
                    self.discarding = true;
                    return FramingEvent::TooLong;
                }
                None => return FramingEvent::Incomplete,
            }
        }
    }

    pub fn line(&self, range: LineRange) -> &[u8] {
        &self.buffer[self.start..range.end]
    }

    pub fn consume(&mut self, range: LineRange) {
        self.start = range.next;
        self.scanned = range.next;
        self.sequences = SequenceParser::default();
    }

    /// The incomplete line at the front, unless it was reported as too long.
    pub fn incomplete_line(&self) -> &[u8] {
        if self.discarding { &[] } else { self.unconsumed() }
    }

    /// Bytes that are not consumed.
    #[expect(clippy::len_without_is_empty, reason = "callers compare it with a limit")]
    pub fn len(&self) -> usize {
        self.unconsumed().len()
    }

    fn unconsumed(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn is_too_long(&self) -> bool {
        let ending = usize::from(self.unconsumed().last() == Some(&b'\r'));
        self.unconsumed().len() > self.line_bytes_max + ending
    }

    #[inline]
    fn next_delimiter(&mut self) -> Option<Delimiter> {
        loop {
            let Some(found) = memchr::memchr3(b'\n', 0, IAC, &self.buffer[self.scanned..]) else {
                self.scanned = self.buffer.len();
                return None;
            };
            let at = self.scanned + found;
            if self.buffer[at] == IAC {
                self.scanned = at;
                if let Meaning::Answer(response) = self.skip_sequence()? {
                    return Some(Delimiter::Telnet(response));
                }
                continue;
            }
            let after_cr = at > self.start && self.buffer[at - 1] == b'\r';
            if after_cr || self.buffer[at] == b'\n' {
                return Some(Delimiter::LineEnd(LineRange { end: at - usize::from(after_cr), next: at + 1 }));
            }
            self.scanned = at + 1;
        }
    }

    /// Skips the next telnet sequence, when it is complete.
    #[cold]
    fn skip_sequence(&mut self) -> Option<Meaning> {
        let sequence = self.sequences.next(&self.buffer[self.scanned..])?;
        self.scanned += sequence.length;
        Some(sequence.meaning)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The events of these chunks, and the incomplete line that is left.
    fn events(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut framer, mut out) = (Framer::default(), Vec::new());
        for chunk in chunks {
            framer.buffer().extend_from_slice(chunk);
            loop {
                match framer.next_event() {
                    FramingEvent::Line(range) => {
                        out.push(framer.line(range).to_vec());
                        framer.consume(range);
                    }
                    FramingEvent::TooLong => out.push(b"<too long>".to_vec()),
                    FramingEvent::Telnet(response) => out.push(response.to_vec()),
                    FramingEvent::Incomplete => break,
                }
            }
        }
        out.push(framer.incomplete_line().to_vec());
        out
    }

    /// The events as text, and the number of bytes that are left.
    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut out = events(chunks);
        let left = out.pop().map_or(0, |left| left.len());
        let lines = out.iter().map(|line| String::from_utf8_lossy(line).into_owned());
        lines.chain([format!("<{left} left>")]).collect()
    }

    #[test]
    fn lines_end_with_lf_crlf_or_cr_nul() {
        assert_eq!(lines(&[b"a\nb\r\nc\r\0d"]), ["a", "b", "c", "<1 left>"]);
        assert_eq!(lines(&[b"a\r", b"\nb\r", b"\0"]), ["a", "b", "<0 left>"]);
        assert_eq!(lines(&[b"a\0b\rc\n"]), ["a\0b\rc", "<0 left>"]);
        assert_eq!(lines(&[b"a\r", b"b\r"]), ["<4 left>"], "a CR alone does not end a line");
    }

    #[test]
    fn telnet_requests_are_reported_once_and_in_order() {
        let bytes = b"a\n\xff\xf4\xff\xfd\x06b\xff\xfb\x18\nc\xff\xfd\nd";
        let expected = [&b"a"[..], b"\xff\xfc\x06", b"\xff\xfe\x18", b"\xff\xf4\xff\xfd\x06b\xff\xfb\x18"];
        let all = events(&[bytes]);
        assert_eq!(all[..4], expected);
        assert_eq!(all[4..], [&b"c\xff\xfd"[..], b"d"]);
        assert_eq!(
            events(&[b"PI\xff", b"\xfd", b"\x06"]),
            [&b"\xff\xfc\x06"[..], b"PI\xff\xfd\x06"],
            "without a line end"
        );
        // A request that extends beyond the longest line is not reported, however the bytes arrive.
        let long = vec![b'x'; LINE_BYTES_MAX - 1];
        assert_eq!(events(&[&long, b"\xff\xfd\x06\n"])[0], b"<too long>");
        assert_eq!(events(&[&[&long, &b"\xff\xfd\x06\n"[..]].concat()])[0], b"<too long>");
    }

    #[test]
    fn chunks_of_any_size_give_the_same_lines() {
        let text = b"PING\r\nGET ev\xff\xfd\x06 1\nBOOK e 1\r\0\n\rx\r\r\nlast";
        let whole = lines(&[text]);
        for size in 1..text.len() {
            let chunks: Vec<&[u8]> = text.chunks(size).collect();
            assert_eq!(lines(&chunks), whole, "chunks of {size}");
        }
    }

    #[test]
    fn longest_line_is_accepted_and_a_longer_one_is_reported_once() {
        let longest = vec![b'x'; LINE_BYTES_MAX];
        for end in [&b"\n"[..], b"\r\n", b"\r\0"] {
            let accepted = lines(&[&longest, end, b"next\n"]);
            assert_eq!((accepted[0].len(), accepted[1].as_str()), (LINE_BYTES_MAX, "next"));
            assert_eq!(lines(&[&longest, b"x", end, b"next\n"]), ["<too long>", "next", "<0 left>"]);
            let at_once = [&longest[..], b"x", end, b"next\n"].concat();
            assert_eq!(lines(&[&at_once]), ["<too long>", "next", "<0 left>"]);
        }
        assert_eq!(
            lines(&[&longest, b"xx", &longest, b"x\r", b"\0next\n"]),
            ["<too long>", "next", "<0 left>"]
        );
        assert_eq!(lines(&[&longest, b"xx"]), ["<too long>", "<0 left>"]);
    }

    proptest! {
        #[test]
        fn events_do_not_depend_on_how_bytes_are_chunked(
            bytes in prop::collection::vec(
                prop_oneof![3 => any::<u8>(), 1 => prop::sample::select(b"\r\n\0a".to_vec()),
                    2 => prop::sample::select(b"\xff\xfa\xf0\xfb\xfd\x06".to_vec())], 0..200,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let (mut chunks, mut from) = (Vec::new(), 0);
            for cut in cuts {
                chunks.push(&bytes[from..cut]);
                from = cut;
            }
            chunks.push(&bytes[from..]);
            prop_assert_eq!(events(&chunks), events(&[&bytes]));
        }
    }
}
