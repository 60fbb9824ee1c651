//! One line, as the framer sees it.

use crate::class::Classes;
use crate::echo::ShownChar;

use crate::hot;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::telnet;
use crate::token::is_blank;
use crate::verbs;

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Blank or a comment: no reply.
    Blank,
    /// To be executed.
    Request(Request<'a>),
    /// To be answered with this.
    Refused(Refusal),
    /// A web browser's: answer with this, then close before anything behind it is executed.
    Http(Refusal),
}

/// Reads a line whose end has been removed. `scratch` is only used when the line has telnet sequences to strip.
#[inline]
pub fn parse<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Line<'a> {
    if let Some(request) = hot::read(line) {
        return Line::Request(request);
    }
    parse_any(line, scratch)
}

/// The general way.
pub(crate) fn parse_any<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Line<'a> {
    let mut classes = Classes::of(line);
    let mut line = line;
    if classes.has_high() {
        line = telnet::strip(line, scratch);
        classes = Classes::of(line);
    }
    if is_silent(line) {
        return Line::Blank;
    }
    if is_http(line) {
        return Line::Http(Refusal::bad_request(
            "this is a reservation server that does not speak HTTP, and it closes now: use bookline, telnet or nc",
        ));
    }
    match text(line, classes).and_then(|text| verbs::request(text, classes)) {
        Ok(request) => Line::Request(request),
        Err(refusal) => Line::Refused(refusal),
    }
}

/// Whether a line, whole or cut short, gets a reply: all do but blank lines, comments, and lines that hold nothing but
/// telnet sequences.
pub fn expects_reply(line: &[u8]) -> bool {
    !is_silent(telnet::strip(line, &mut Vec::new()))
}

fn is_silent(line: &[u8]) -> bool {
    match line.first() {
        None | Some(b'#') => true,
        Some(b' ' | b'\t' | b'\r') => line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')),
        Some(_) => false,
    }
}

/// Whether a line is an HTTP request, `GET / HTTP/1.1`, or begins with the header that every such request has.
pub(crate) fn is_http(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let begins = line.split_first_chunk::<5>().map(|(start, _)| start);
    if begins.is_some_and(|start| start.eq_ignore_ascii_case(b"host:")) {
        return true;
    }
    match line.split_last_chunk::<8>() {
        Some((before, [protocol @ .., b'0'..=b'9', b'.', b'0'..=b'9'])) => {
            protocol.eq_ignore_ascii_case(b"HTTP/") && before.last().is_none_or(|&byte| is_blank(byte))
        }
        _ => false,
    }
}

/// The line as text, if it is UTF-8 and has no control character but tabs.
fn text(line: &[u8], classes: Classes) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let at = error.valid_up_to();
        Refusal::bad_request(format!("the line is not UTF-8: byte {} of it is 0x{:02X}", at + 1, line[at]))
    })?;
    if !classes.may_have_control() {
        return Ok(text);
    }
    match text.chars().enumerate().find(|(_, c)| c.is_control() && *c != '\t') {
        None => Ok(text),
        Some((at, found)) => Err(Refusal::bad_request(format!(
            "character {} of the line is {}: none is taken but tabs; in names and titles write \\n for a line feed",
            at + 1,
            ShownChar(found)
        ))),
    }
}
