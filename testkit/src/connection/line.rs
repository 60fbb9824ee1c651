//! Lines that the server sends.

use std::io;

use bookline_protocol::telnet::strip_answers;

/// The text of a line without its LF. A last line without LF is an error.
pub fn text(line: &[u8], strips_telnet_answers: bool) -> io::Result<&str> {
    let line = line.strip_suffix(b"\n");
    let line = line.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the last line has no LF"))?;
    let line = if strips_telnet_answers { strip_answers(line) } else { line };
    let line = str::from_utf8(line).expect("a reply is UTF-8");
    // A reply ends with LF only, and must not control a terminal, whatever any client sent.
    assert!(!line.contains(bookline_protocol::needs_escape), "unescaped characters: {line:?}");
    Ok(line)
}
