//! Bytes of a connection, split into pieces of a size that the first byte sets.

use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_server::net::framing::{Found, Framer};

/// Panics if a property does not hold.
pub fn check(input: &[u8]) {
    let Some((&size, bytes)) = input.split_first() else { return };
    let pieces = || bytes.chunks(usize::from(size).max(1));
    assert_eq!(lines(pieces()), lines([bytes].into_iter()));
    // After more bytes than a line can have, the same bytes end that line, which is reported once.
    let long = vec![b'x'; LINE_BYTES_MAX + 1];
    let discarded = lines([&long[..], bytes].into_iter());
    assert_eq!(lines([&long[..]].into_iter().chain(pieces())), discarded);
    assert_eq!(discarded.first().map(Vec::as_slice), Some(&b"<too long>"[..]));
}

/// The lines in these pieces, and the incomplete line at their end.
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
        // The longest line and the first byte of its end.
        assert!(framer.buffer().len() <= LINE_BYTES_MAX + 1);
    }
    out.push(framer.unfinished().to_vec());
    out
}
