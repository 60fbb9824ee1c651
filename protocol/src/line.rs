//! One line, as the framer sees it.

use crate::class::Classes;
use crate::echo::ShownChar;
use crate::hot;
use crate::opening;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::telnet;
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
    /// Another protocol's: answer with this, then close before anything behind it is executed.
    Foreign(Refusal),
}

/// Reads a line whose end has been removed and that is not the first of its connection. `scratch` is only used when the line has telnet sequences to strip.
#[inline]
pub fn parse<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Line<'a> {
    if let Some(request) = hot::read(line) {
        return Line::Request(request);
    }
    parse_any(line, scratch)
}

/// Reads the first line of a connection that is neither blank nor a comment: it must be text, and not the opening of
/// another protocol. Until such a line has come, each line is read by this.
pub fn parse_first<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Line<'a> {
    let (line, classes) = without_telnet(line, scratch);
    if is_silent(line) {
        return Line::Blank;
    }
    if let Some(protocol) = opening::of_another(line) {
        return Line::Foreign(opening::not_spoken(protocol));
    }
    if let Some(refusal) = opening::refuse_binary(line) {
        return Line::Foreign(refusal);
    }
    match text(line, classes) {
        Ok(text) => request(text, classes),
        Err(reason) => Line::Foreign(opening::not_text(reason)),
    }
}

/// The general way.
pub(crate) fn parse_any<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Line<'a> {
    let (line, classes) = without_telnet(line, scratch);
    if is_silent(line) {
        return Line::Blank;
    }
    if opening::is_http(line) {
        return Line::Foreign(opening::not_spoken("HTTP"));
    }
    match text(line, classes) {
        Ok(text) => request(text, classes),
        Err(reason) => Line::Refused(Refusal::bad_request(reason)),
    }
}

fn without_telnet<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> (&'a [u8], Classes) {
    let classes = Classes::of(line);
    if !classes.has_high() {
        return (line, classes);
    }
    let line = telnet::strip(line, scratch);
    (line, Classes::of(line))
}

fn request(text: &str, classes: Classes) -> Line<'_> {
    match verbs::request(text, classes) {
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

/// The line as text, if it is UTF-8 and has no control character but tabs; else why it is none.
fn text(line: &[u8], classes: Classes) -> Result<&str, String> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let at = error.valid_up_to();
        format!("the line is not UTF-8: byte {} of it is 0x{:02X}", at + 1, line[at])
    })?;
    if !classes.may_have_control() {
        return Ok(text);
    }
    match text.chars().enumerate().find(|(_, c)| c.is_control() && *c != '\t') {
        None => Ok(text),
        Some((at, found)) => Err(format!(
            "character {} of the line is {}: none is taken but tabs; in names and titles write \\n for a line feed",
            at + 1,
            ShownChar(found)
        )),
    }
}
