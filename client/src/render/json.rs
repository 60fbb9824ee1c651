//! Lines of replies as JSON: an object for each line.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

use bookline_protocol::needs_escape;
use bookline_protocol::reply::ReplyLine;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::change_line::ChangeLine;

/// Writes a line of a reply, given without its line feed, as one JSON object and a line feed: the server's
/// object with its type as the first field, and behind it the code of a refusal. The object is copied and not
/// read into a value, so that numbers and the order of fields stay as they are. A line of a later version,
/// and one that is no line of a reply or has no valid object, is `{"type":"unknown","line":"…"}`. For a
/// terminal, characters that could control it are escaped.
///
/// # Errors
///
/// Those of `out`.
pub fn write_line(out: &mut impl Write, line: &[u8], is_terminal: bool) -> io::Result<()> {
    if !is_terminal {
        return write_object(out, line);
    }
    let mut object = Vec::with_capacity(line.len() + 32);
    write_object(&mut object, line)?;
    out.write_all(&escaped_bytes(&object))
}

fn escaped_bytes(object: &[u8]) -> Vec<u8> {
    escaped(&String::from_utf8_lossy(object)).into_owned().into_bytes()
}

/// Writes a change as its object alone, with the sequence number as the first field and no type.
///
/// # Errors
///
/// Those of `out`.
pub fn write_change(out: &mut impl Write, change: ChangeLine<'_>, is_terminal: bool) -> io::Result<()> {
    let ChangeLine { sequence, body } = change;
    let fields = match serde_json::from_str(body) {
        Ok(_) if has_sequence(body) => Fields::Reserved,
        Ok(Fields::None) => Fields::None,
        Ok(Fields::Some | Fields::Reserved) => Fields::Some,
        Err(_) => return write_unknown(out, format!("CHANGE {sequence} {body}").as_bytes()),
    };
    let mut object = Vec::with_capacity(body.len() + 32);
    write!(object, "{{\"sequence\":{sequence}")?;
    write_fields(&mut object, fields, body)?;
    let object = if is_terminal { escaped_bytes(&object) } else { object };
    out.write_all(&object)
}

/// Whether an object has a field with the name that the client gives to the sequence number of a change. No
/// server of this version sends it.
fn has_sequence(body: &str) -> bool {
    #[derive(Deserialize)]
    struct Named {
        sequence: Option<IgnoredAny>,
    }
    serde_json::from_str::<Named>(body).is_ok_and(|named| named.sequence.is_some())
}

fn write_object(out: &mut impl Write, line: &[u8]) -> io::Result<()> {
    let parsed = std::str::from_utf8(line).ok().and_then(|line| ReplyLine::parse(line).ok());
    let (kind, code, body) = match parsed {
        Some(ReplyLine::Row(body)) => ("row", None, body),
        Some(ReplyLine::Ok(body)) => ("ok", None, body),
        Some(ReplyLine::Err { code, body }) => ("err", Some(code), body),
        Some(ReplyLine::Change { body, .. }) => ("change", None, body),
        Some(ReplyLine::Unknown) | None => return write_unknown(out, line),
    };
    let Ok(mut fields) = serde_json::from_str::<Fields>(body) else { return write_unknown(out, line) };
    write!(out, "{{\"type\":\"{kind}\"")?;
    if let Some(code) = code {
        out.write_all(b",\"code\":")?;
        serde_json::to_writer(&mut *out, code)?;
    }
    if let Some(ReplyLine::Change { sequence, .. }) = parsed {
        write!(out, ",\"sequence\":{sequence}")?;
        if has_sequence(body) {
            fields = Fields::Reserved;
        }
    }
    write_fields(out, fields, body)
}

/// Writes the fields of the server behind those of the client, and ends the object and the line.
fn write_fields(out: &mut impl Write, fields: Fields, body: &str) -> io::Result<()> {
    match fields {
        Fields::None => out.write_all(b"}\n"),
        Fields::Some => {
            out.write_all(b",")?;
            out.write_all(&body.as_bytes()[1..])?;
            out.write_all(b"\n")
        }
        Fields::Reserved => {
            out.write_all(b",\"object\":")?;
            out.write_all(body.as_bytes())?;
            out.write_all(b"}\n")
        }
    }
}

fn write_unknown(out: &mut impl Write, line: &[u8]) -> io::Result<()> {
    out.write_all(b"{\"type\":\"unknown\",\"line\":")?;
    serde_json::to_writer(&mut *out, &String::from_utf8_lossy(line))?;
    out.write_all(b"}\n")
}

/// The fields of a valid object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fields {
    None,
    /// Some, which can follow those of the client.
    Some,
    /// One of them has the name of a field of the client. No server of this version sends it.
    Reserved,
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::None;
        while let Some(name) = map.next_key::<Name>()? {
            map.next_value::<IgnoredAny>()?;
            fields = match (fields, name) {
                (Fields::Reserved, _) | (_, Name::Reserved) => Fields::Reserved,
                _ => Fields::Some,
            };
        }
        Ok(fields)
    }
}

/// The name of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Reserved,
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
        Ok(if matches!(name, "type" | "code") { Name::Reserved } else { Name::Other })
    }
}

/// A line of JSON with escapes of JSON for what could control a terminal. Tabs and carriage returns are raw
/// only between the tokens of JSON, where a blank means the same.
fn escaped(object: &str) -> Cow<'_, str> {
    if !object.trim_end_matches('\n').contains(needs_escape) {
        return Cow::Borrowed(object);
    }
    let mut shown = String::with_capacity(object.len() + 8);
    for c in object.chars() {
        match c {
            '\n' => shown.push('\n'),
            '\t' | '\r' => shown.push(' '),
            c if needs_escape(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: &[u8], is_terminal: bool) -> String {
        let mut out = Vec::new();
        write_line(&mut out, line, is_terminal).unwrap();
        String::from_utf8(out).unwrap().strip_suffix('\n').unwrap().to_owned()
    }

    #[test]
    fn object_is_copied_behind_its_type() {
        for (line, object) in [
            (r#"ROW {"b":1.50,"a":[ 1e3 ]}"#, r#"{"type":"row","b":1.50,"a":[ 1e3 ]}"#),
            (r#"OK {"count":12345678901234567890}"#, r#"{"type":"ok","count":12345678901234567890}"#),
            ("OK {}", r#"{"type":"ok"}"#),
            ("OK { }", r#"{"type":"ok"}"#),
            (
                r#"ERR SOLD_OUT {"message":"Ž","retry":false}"#,
                r#"{"type":"err","code":"SOLD_OUT","message":"Ž","retry":false}"#,
            ),
            (r#"ERR NEW"X {}"#, r#"{"type":"err","code":"NEW\"X"}"#),
        ] {
            assert_eq!(written(line.as_bytes(), false), object);
        }
    }

    #[test]
    fn field_with_a_name_of_the_client_is_kept_apart() {
        for body in [r#"{"a":1,"type":"x"}"#, r#"{"\u0063ode":2}"#] {
            let line = format!("OK {body}");
            assert_eq!(written(line.as_bytes(), false), format!(r#"{{"type":"ok","object":{body}}}"#));
        }
    }

    #[test]
    fn change_has_its_sequence_number_before_its_fields() {
        let alone = |body: &str| {
            let mut out = Vec::new();
            write_change(&mut out, ChangeLine { sequence: 7, body }, true).unwrap();
            String::from_utf8(out).unwrap()
        };
        let body = r#"{"kind":"progress","end":true}"#;
        assert_eq!(
            written(format!("CHANGE 7 {body}").as_bytes(), false),
            r#"{"type":"change","sequence":7,"kind":"progress","end":true}"#
        );
        assert_eq!(alone(body), "{\"sequence\":7,\"kind\":\"progress\",\"end\":true}\n");
        assert_eq!(alone("{\"code\":\"\u{9b}\"}"), "{\"sequence\":7,\"code\":\"\\u009b\"}\n");
        assert_eq!(alone("{}"), "{\"sequence\":7}\n");
        for body in [r#"{"\u0073equence":8}"#, r#"{"a":1,"sequence":[]}"#] {
            assert_eq!(alone(body), format!("{{\"sequence\":7,\"object\":{body}}}\n"));
            let typed = written(format!("CHANGE 7 {body}").as_bytes(), false);
            assert_eq!(typed, format!(r#"{{"type":"change","sequence":7,"object":{body}}}"#));
        }
    }

    #[test]
    fn line_without_a_valid_object_is_unknown() {
        for line in [
            "LATER 7 {\"a\":1}",
            "CHANGE x {\"a\":1}",
            "HTTP/1.1 400",
            "",
            "OK {\"a\":1}}",
            "OK {\"a\":}",
            "OK {\"a\u{1}\":1}",
            "OK {\"a\":\"\u{1}\"}",
            "OK {\"a\":\"\\x\"}",
            "ROW {a:1}",
            "OK {\"a\":01}",
        ] {
            let object: serde_json::Value = serde_json::from_str(&written(line.as_bytes(), false)).unwrap();
            assert_eq!(object, serde_json::json!({"type": "unknown", "line": line}));
        }
        let not_utf8 = written(b"OK {\"a\":\"\xff\"}", false);
        assert_eq!(not_utf8, r#"{"type":"unknown","line":"OK {\"a\":\"�\"}"}"#);
        let deep = format!("OK {{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(written(deep.as_bytes(), false).starts_with(r#"{"type":"#));
    }

    #[test]
    fn object_on_a_terminal_is_printable_and_the_same() {
        let line = "OK {\t\"a\":\"\u{202e}\u{9b}\u{e0041}ž\"\r}";
        let shown = written(line.as_bytes(), true);
        assert_eq!(shown, r#"{"type":"ok", "a":"\u202e\u009b\udb40\udc41ž" }"#);
        let object: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(object["a"], "\u{202e}\u{9b}\u{e0041}ž");
    }
}
