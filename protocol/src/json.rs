//! JSON as it leaves the server: compact, in UTF-8, and with every control character escaped, DEL and C1 too, so that
//! no reply can paint a terminal.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Appends any value; the same bytes as the hand-written writers below.
pub(crate) fn write_value(out: &mut Vec<u8>, value: &impl Serialize) {
    let start = out.len();
    let written = value.serialize(&mut Serializer::with_formatter(&mut *out, Plain));
    // A Vec takes every write and our structs have string keys, so this cannot fail; should a struct ever break that,
    // a client gets an object that it can still read.
    if written.is_err() {
        out.truncate(start);
        out.extend_from_slice(b"{}");
    }
}

/// Appends a string with its quotes.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_fragment(out, text);
    out.push(b'"');
}

/// Appends an id as a string: it has nothing in it to escape.
pub(crate) fn write_id(out: &mut Vec<u8>, id: &str) {
    out.push(b'"');
    out.extend_from_slice(id.as_bytes());
    out.push(b'"');
}

/// Appends a list of ids.
pub(crate) fn write_ids<'a>(out: &mut Vec<u8>, ids: impl Iterator<Item = &'a str>) {
    out.push(b'[');
    for (index, id) in ids.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_id(out, id);
    }
    out.push(b']');
}

/// Appends a number in decimal.
pub(crate) fn write_number(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn write_fragment(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
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
            c if c.is_control() => write_escape(out, c),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Appends `\u009b` for a control character, all of which are below U+0100.
fn write_escape(out: &mut Vec<u8>, control: char) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let byte = control as u32;
    out.extend_from_slice(b"\\u00");
    out.push(DIGITS[(byte >> 4 & 15) as usize]);
    out.push(DIGITS[(byte & 15) as usize]);
}

/// serde_json's compact form, but with DEL and C1 escaped like the other control characters.
struct Plain;

impl Formatter for Plain {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if !fragment.chars().any(char::is_control) {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        let mut escaped = Vec::with_capacity(fragment.len() + 8);
        write_fragment(&mut escaped, fragment);
        writer.write_all(&escaped)
    }
}
