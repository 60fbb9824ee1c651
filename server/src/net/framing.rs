//! Bytes into lines. A line ends with LF, CR LF or CR NUL (telnet's Enter); one that is too long is told of once and
//! discarded to its end. What telnet asks for is found on the way, at its place among the lines.
//!
//! A CR alone ends no line. Clients keep line feeds out of what their users typed; if a CR did the same, what stands
//! behind one in a name would become a request.

use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_protocol::telnet::{IAC, Meaning, SequenceParser};

/// What stands at the front of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A whole line.
    Line(Extent),
    /// A line of more than [`LINE_BYTES_MAX`] bytes. It is gone, or will be as it comes.
    TooLong,
    /// A request of telnet's within the line at the front, to be answered with these bytes. It is told of once.
    Telnet([u8; 3]),
    /// No whole line yet.
    Nothing,
}

/// What the search for the end of a line meets.
enum Stop {
    End(Extent),
    Telnet([u8; 3]),
}

/// Where a line ends, and where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    end: usize,
    next: usize,
}

/// What has come in and was not consumed yet.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// What stands before this was consumed; it goes when more is read.
    start: usize,
    /// No line ends between the start and this, and what telnet asks for there was told of.
    scanned: usize,
    /// The telnet sequences of the line at the front.
    sequences: SequenceParser,
    /// The line that is coming in was told of as too long.
    discarding: bool,
}

impl Framer {
    /// Where to read into, behind what was not consumed.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        &mut self.buffer
    }

    /// Looks for the next line. It stays at the front until it is consumed.
    #[inline]
    pub fn find(&mut self) -> Found {
        loop {
            match self.next_stop() {
                Some(Stop::End(extent)) if self.discarding => {
                    self.consume(extent);
                    self.discarding = false;
                }
                Some(Stop::End(extent)) if extent.end - self.start > LINE_BYTES_MAX => {
                    self.consume(extent);
                    return Found::TooLong;
                }
                Some(Stop::End(extent)) => return Found::Line(extent),
                // Of a line that is too long only what could still have been one is looked at, however it comes.
                Some(Stop::Telnet(_)) if self.discarding || self.scanned - self.start > LINE_BYTES_MAX => {}
                Some(Stop::Telnet(answer)) => return Found::Telnet(answer),
                None if self.discarding => {
                    // A CR may be half of an end.
                    let keep = usize::from(self.unconsumed().last() == Some(&b'\r'));
                    self.start = self.buffer.len() - keep;
                    self.scanned = self.start;
                    return Found::Nothing;
                }
                None if self.exceeds() => {
                    self.discarding = true;
                    return Found::TooLong;
                }
                None => return Found::Nothing,
            }
        }
    }

    /// The bytes of a line that was found.
    pub fn line(&self, extent: Extent) -> &[u8] {
        &self.buffer[self.start..extent.end]
    }

    /// Removes a line that was found.
    pub fn consume(&mut self, extent: Extent) {
        self.start = extent.next;
        self.scanned = extent.next;
        self.sequences = SequenceParser::default();
    }

    /// What is left when nothing more will come: the beginning of a line, unless that was told of already.
    pub fn unfinished(&self) -> &[u8] {
        if self.discarding { &[] } else { self.unconsumed() }
    }

    /// Bytes that were not consumed.
    #[expect(clippy::len_without_is_empty, reason = "what counts is whether they are many")]
    pub fn len(&self) -> usize {
        self.unconsumed().len()
    }

    fn unconsumed(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn exceeds(&self) -> bool {
        let ending = usize::from(self.unconsumed().last() == Some(&b'\r'));
        self.unconsumed().len() > LINE_BYTES_MAX + ending
    }

    #[inline]
    fn next_stop(&mut self) -> Option<Stop> {
        loop {
            let Some(found) = memchr::memchr3(b'\n', 0, IAC, &self.buffer[self.scanned..]) else {
                self.scanned = self.buffer.len();
                return None;
            };
            let at = self.scanned + found;
            if self.buffer[at] == IAC {
                self.scanned = at;
                if let Meaning::Answer(answer) = self.pass_sequence()? {
                    return Some(Stop::Telnet(answer));
                }
                continue;
            }
            let after_cr = at > self.start && self.buffer[at - 1] == b'\r';
            if after_cr || self.buffer[at] == b'\n' {
                return Some(Stop::End(Extent { end: at - usize::from(after_cr), next: at + 1 }));
            }
            self.scanned = at + 1;
        }
    }

    /// Moves behind the telnet sequence that comes next, once all of it is there.
    #[cold]
    fn pass_sequence(&mut self) -> Option<Meaning> {
        let sequence = self.sequences.next(&self.buffer[self.scanned..])?;
        self.scanned += sequence.length;
        Some(sequence.meaning)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out of these pieces, and what is left.
    fn found(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut framer, mut out) = (Framer::default(), Vec::new());
        for piece in pieces {
            framer.buffer().extend_from_slice(piece);
            loop {
                match framer.find() {
                    Found::Line(extent) => {
                        out.push(framer.line(extent).to_vec());
                        framer.consume(extent);
                    }
                    Found::TooLong => out.push(b"<too long>".to_vec()),
                    Found::Telnet(answer) => out.push(answer.to_vec()),
                    Found::Nothing => break,
                }
            }
        }
        out.push(framer.unfinished().to_vec());
        out
    }

    /// The same to be read, with the number of bytes that are left.
    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut out = found(pieces);
        let left = out.pop().map_or(0, |left| left.len());
        let lines = out.iter().map(|line| String::from_utf8_lossy(line).into_owned());
        lines.chain([format!("<{left} left>")]).collect()
    }

    #[test]
    fn lines_end_with_lf_crlf_or_cr_nul() {
        assert_eq!(lines(&[b"a\nb\r\nc\r\0d"]), ["a", "b", "c", "<1 left>"]);
        assert_eq!(lines(&[b"a\r", b"\nb\r", b"\0"]), ["a", "b", "<0 left>"]);
        assert_eq!(lines(&[b"a\0b\rc\n"]), ["a\0b\rc", "<0 left>"]);
        assert_eq!(lines(&[b"a\r", b"b\r"]), ["<4 left>"], "a CR alone ends nothing");
    }

    #[test]
    fn what_telnet_asks_for_is_found_once_and_at_its_place() {
        let bytes = b"a\n\xff\xf4\xff\xfd\x06b\xff\xfb\x18\nc\xff\xfd\nd";
        let expected = [&b"a"[..], b"\xff\xfc\x06", b"\xff\xfe\x18", b"\xff\xf4\xff\xfd\x06b\xff\xfb\x18"];
        let all = found(&[bytes]);
        assert_eq!(all[..4], expected);
        assert_eq!(all[4..], [&b"c\xff\xfd"[..], b"d"]);
        assert_eq!(
            found(&[b"PI\xff", b"\xfd", b"\x06"]),
            [&b"\xff\xfc\x06"[..], b"PI\xff\xfd\x06"],
            "no end needed"
        );
        // A request that is not all within what a line may have is not told of, however it comes.
        let long = vec![b'x'; LINE_BYTES_MAX - 1];
        assert_eq!(found(&[&long, b"\xff\xfd\x06\n"])[0], b"<too long>");
        assert_eq!(found(&[&[&long, &b"\xff\xfd\x06\n"[..]].concat()])[0], b"<too long>");
    }

    #[test]
    fn pieces_of_any_size_give_the_same_lines() {
        let text = b"PING\r\nGET ev\xff\xfd\x06 1\nBOOK e 1\r\0\n\rx\r\r\nlast";
        let whole = lines(&[text]);
        for size in 1..text.len() {
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            assert_eq!(lines(&pieces), whole, "pieces of {size}");
        }
    }

    #[test]
    fn the_longest_line_is_taken_and_a_longer_one_is_told_of_once() {
        let longest = vec![b'x'; LINE_BYTES_MAX];
        for end in [&b"\n"[..], b"\r\n", b"\r\0"] {
            let taken = lines(&[&longest, end, b"next\n"]);
            assert_eq!((taken[0].len(), taken[1].as_str()), (LINE_BYTES_MAX, "next"));
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
        fn lines_do_not_depend_on_how_they_come(
            bytes in prop::collection::vec(
                prop_oneof![3 => any::<u8>(), 1 => prop::sample::select(b"\r\n\0a".to_vec()),
                    2 => prop::sample::select(b"\xff\xfa\xf0\xfb\xfd\x06".to_vec())], 0..200,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let (mut pieces, mut from) = (Vec::new(), 0);
            for cut in cuts {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            pieces.push(&bytes[from..]);
            prop_assert_eq!(found(&pieces), found(&[&bytes]));
        }
    }
}
