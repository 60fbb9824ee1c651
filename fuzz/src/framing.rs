//! The framer, with the received bytes in chunks of a size that the first byte gives.

use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_server::session::framing::{Framer, FramingEvent};

/// # Panics
///
/// If the events depend on how the bytes are chunked.
pub fn check(input: &[u8]) {
    let Some((&size, bytes)) = input.split_first() else { return };
    let chunks = || bytes.chunks(usize::from(size).max(1));
    assert_eq!(events(chunks()), events([bytes].into_iter()));
    // After the beginning of a line that is too long, the bytes continue it. It is reported once.
    let long = vec![b'x'; LINE_BYTES_MAX + 1];
    let discarded = events([&long[..], bytes].into_iter());
    assert_eq!(events([&long[..]].into_iter().chain(chunks())), discarded);
    assert_eq!(discarded.first().map(Vec::as_slice), Some(&b"<too long>"[..]));
}

/// The events of these chunks, and the incomplete line that is left.
fn events<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut framer, mut out) = (Framer::default(), Vec::new());
    for chunk in chunks {
        framer.buffer().extend_from_slice(chunk);
        loop {
            match framer.next_event() {
                FramingEvent::Line(range) => {
                    assert!(framer.line(range).len() <= LINE_BYTES_MAX);
                    out.push(framer.line(range).to_vec());
                    framer.consume(range);
                }
                FramingEvent::TooLong => out.push(b"<too long>".to_vec()),
                FramingEvent::Telnet(response) => out.push(response.to_vec()),
                FramingEvent::Incomplete => break,
            }
        }
        // The longest line, and the first half of its end.
        assert!(framer.buffer().len() <= LINE_BYTES_MAX + 1);
    }
    out.push(framer.incomplete_line().to_vec());
    out
}
