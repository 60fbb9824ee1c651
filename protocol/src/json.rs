//! JSON as the server writes it: compact, in UTF-8, and with every character escaped that could control a
//! terminal or mislead a script (see [`needs_escape`]).

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::escape::needs_escape;

/// Appends a value as JSON.
///
/// The value must serialize without an error: its maps have string keys. Otherwise `{}` is appended.
pub fn write_value(out: &mut Vec<u8>, value: &impl Serialize) {
    let start = out.len();
    let written = value.serialize(&mut Serializer::with_formatter(&mut *out, EscapingFormatter));
    // Writing to a Vec does not fail, and the structs of this crate have string keys.
    if written.is_err() {
        out.truncate(start);
        out.extend_from_slice(b"{}");
    }
}

/// Appends a string.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_fragment(out, text);
    out.push(b'"');
}

/// Appends an id as a string. Ids have no characters to escape.
pub fn write_id(out: &mut Vec<u8>, id: &str) {
    out.push(b'"');
    out.extend_from_slice(id.as_bytes());
    out.push(b'"');
}

/// Appends ids as an array of strings.
pub fn write_ids<'a>(out: &mut Vec<u8>, ids: impl Iterator<Item = &'a str>) {
    out.push(b'[');
    for (index, id) in ids.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_id(out, id);
    }
    out.push(b']');
}

/// Appends a whole number.
pub fn write_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn write_fragment(out: &mut Vec<u8>, text: &str) {
    let is_plain = |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    // Without an early exit, several bytes are compared at a time.
    if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            c if needs_escape(c) => write_escape(out, c),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Appends `\u009b`, or a surrogate pair for a character above U+FFFF.
fn write_escape(out: &mut Vec<u8>, c: char) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        out.extend([12, 8, 4, 0].map(|shift| DIGITS[usize::from(*unit >> shift & 15)]));
    }
}

/// serde_json's compact format, with the additional escapes of [`needs_escape`].
struct EscapingFormatter;

impl Formatter for EscapingFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if !fragment.contains(needs_escape) {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        let mut escaped = Vec::with_capacity(fragment.len() + 8);
        write_fragment(&mut escaped, fragment);
        writer.write_all(&escaped)
    }
}
