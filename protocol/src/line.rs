//! Parses a line into a request.

use crate::byte_class::ByteClasses;
use crate::commands::{self, KeyedRequest};
use crate::fast_path;
use crate::parse::foreign_protocol;
use crate::parse::telnet;
use crate::parsed_line::ParsedLine;
use crate::refusal::Refusal;
use crate::shown::ShownChar;

/// Parses a line without its end, at most [`crate::limits::LINE_BYTES_MAX`] bytes, that is not the first of
/// its connection. `scratch` receives the line without telnet sequences if there are any; its contents are
/// replaced.
#[inline]
pub fn parse<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> ParsedLine<'a> {
    fast_path::parse(line).unwrap_or_else(|| parse_any(line, scratch))
}

/// As [`parse`], for the lines of a connection up to the first that is neither blank nor a comment. That line
/// must be text, and not the opening of another protocol.
pub fn parse_first<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> ParsedLine<'a> {
    let (line, classes) = without_telnet(line, scratch);
    if is_silent(line) {
        return ParsedLine::Blank;
    }
    if let Some(protocol) = foreign_protocol::detect(line) {
        return ParsedLine::Foreign(foreign_protocol::unsupported(protocol));
    }
    if let Some(refusal) = foreign_protocol::refuse_binary(line) {
        return ParsedLine::Foreign(refusal);
    }
    match text(line, classes) {
        Ok(text) => request(text, classes),
        Err(reason) => ParsedLine::Foreign(foreign_protocol::not_text(reason)),
    }
}

/// [`parse`] without its fast path.
pub(crate) fn parse_any<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> ParsedLine<'a> {
    let (line, classes) = without_telnet(line, scratch);
    if is_silent(line) {
        return ParsedLine::Blank;
    }
    if foreign_protocol::is_http(line) {
        return ParsedLine::Foreign(foreign_protocol::unsupported("HTTP"));
    }
    match text(line, classes) {
        Ok(text) => request(text, classes),
        Err(reason) => ParsedLine::Refused(Refusal::bad_request(reason)),
    }
}

fn without_telnet<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> (&'a [u8], ByteClasses) {
    let classes = ByteClasses::of(line);
    if !classes.has_non_ascii() {
        return (line, classes);
    }
    let line = telnet::strip(line, scratch);
    (line, ByteClasses::of(line))
}

fn request(text: &str, classes: ByteClasses) -> ParsedLine<'_> {
    let mut key = None;
    match commands::parse(text, classes, &mut key) {
        Ok(request) => match key {
            Some(key) if request.changes() => ParsedLine::Keyed(Box::new(KeyedRequest { key, request })),
            _ => ParsedLine::Request(request),
        },
        Err(refusal) => ParsedLine::Refused(refusal),
    }
}

/// Whether a complete or incomplete line gets a reply. All lines do but blank lines, comments, and lines of
/// nothing but telnet sequences.
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

/// The line as text. The error says where the line is not UTF-8, or which control character other than tab it
/// has.
fn text(line: &[u8], classes: ByteClasses) -> Result<&str, String> {
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
            "character {} of the line is {}: only tabs are allowed; in names and titles write \\n for a line \
             feed",
            at + 1,
            ShownChar(found)
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse_any;
    use crate::fast_path;

    proptest! {
        #[test]
        fn fast_path_agrees_with_the_general_parser(
            line in r"(BOOK|GET|book|GETX|BOOK) ?[a-z0-9._=\\-]{0,70}( {0,2}[0-9+-]{0,7})?( ?key=[a-z0-9:/]{14,66})? ?"
        ) {
            if let Some(parsed) = fast_path::parse(line.as_bytes()) {
                let mut scratch = Vec::new();
                prop_assert_eq!(parsed, parse_any(line.as_bytes(), &mut scratch));
            }
        }
    }

    #[test]
    fn fast_path_parses_plain_lines() {
        for line in [
            "BOOK rustconf 2",
            "BOOK a 10000",
            "GET rustconf",
            "BOOK 2cdba4d5-65e5-4a4e-9d2b-64a5ba13b0ee 1",
            "BOOK a 1 key=0123456789abcdef",
        ] {
            let mut scratch = Vec::new();
            let general = parse_any(line.as_bytes(), &mut scratch);
            assert_eq!(fast_path::parse(line.as_bytes()), Some(general), "{line}");
        }
    }

    #[test]
    fn fast_path_leaves_other_lines_to_the_general_parser() {
        for line in [
            "BOOK a 0",
            "BOOK a 10001",
            "BOOK a +5",
            "BOOK  a 1",
            "BOOK a 1 ",
            "BOOK a 1 b 2",
            "GET ",
            "GET a b",
            "GET limit=1",
            "BOOK a",
            "PING",
            "BOOK a 1 key=",
            "BOOK a 1 key=0123456789abcde/",
            "BOOK a key=0123456789abcdef",
            "BOOK a 0 key=0123456789abcdef",
            "BOOK a 1 b 2 key=0123456789abcdef",
            "GET a key=0123456789abcdef",
        ] {
            assert_eq!(fast_path::parse(line.as_bytes()), None, "{line}");
        }
    }
}
