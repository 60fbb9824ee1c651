//! Bytes of a connection, in pieces of a size that the first byte tells.

use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_server::net::framing::{Found, Framer};

/// Panics if it breaks.
pub fn check(input: &[u8]) {
    let Some((&size, bytes)) = input.split_first() else { return };
    let pieces = || bytes.chunks(usize::from(size).max(1));
    assert_eq!(lines(pieces()), lines([bytes].into_iter()));
    // Behind more than a line can hold, the same bytes end it, once.
    let long = vec![b'x'; LINE_BYTES_MAX + 1];
    let discarded = lines([&long[..], bytes].into_iter());
    assert_eq!(lines([&long[..]].into_iter().chain(pieces())), discarded);
    assert_eq!(discarded.first().map(Vec::as_slice), Some(&b"<too long>"[..]));
}

/// What comes out of these pieces, and what is left.
fn lines<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut framer, mut out) = (Framer::default(), Vec::new());
    for piece in pieces {
        framer.buffer().extend_from_slice(piece);
        loop {
            match framer.find() {
                Found::Line(extent) => {
                    assert!(framer.line(extent).len() <= LINE_BYTES_MAX);
                    out.push(framer.line(extent).to_vec());
                    framer.consume(extent);
                }
                Found::TooLong => out.push(b"<too long>".to_vec()),
                Found::Telnet(answer) => out.push(answer.to_vec()),
                Found::Nothing => break,
            }
        }
        // The longest line, and the half of its end.
        assert!(framer.buffer().len() <= LINE_BYTES_MAX + 1);
    }
    out.push(framer.unfinished().to_vec());
    out
}
