//! What other protocols begin with. A client of theirs was sent here by mistake, or by somebody who put lines of this
//! protocol into what it sends: a web page can make a browser send any body, and even a TLS session ticket.

use crate::byte_class::is_blank;
use crate::refusal::Refusal;

/// Protocols whose requests end with their name and a version: `GET / HTTP/1.1`, `PRI * HTTP/2.0`.
const VERSIONED: [&str; 3] = ["HTTP", "RTSP", "SIP"];

/// Protocols that are told by the first of several words.
const VERBS: [(&[u8], &str); 3] = [(b"EHLO", "SMTP"), (b"HELO", "SMTP"), (b"PROXY", "the PROXY protocol")];

/// The other protocol that a line opens, if it is one, by its name. Only for the first line of a connection: later on
/// all of these are ordinary words.
pub(crate) fn of_another(line: &[u8]) -> Option<&'static str> {
    let line = line.trim_ascii();
    if is_http(line) {
        return Some("HTTP");
    }
    if let [b'*', digits @ ..] = line
        && !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
    {
        return Some("RESP");
    }
    let first = line.split(|&byte| is_blank(byte)).next().unwrap_or_default();
    let verb = VERBS.iter().find(|(verb, _)| first.len() < line.len() && first.eq_ignore_ascii_case(verb));
    if let Some((_, name)) = verb {
        return Some(name);
    }
    let last = line.rsplit(|&byte| is_blank(byte)).next().unwrap_or_default();
    VERSIONED.into_iter().find(|name| has_version(last, name))
}

/// Whether a word is this name, a slash and a version: `HTTP/1.1`, `http/3`.
fn has_version(word: &[u8], name: &str) -> bool {
    let Some((start, [b'/', version @ ..])) = word.split_at_checked(name.len()) else { return false };
    let digits = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    start.eq_ignore_ascii_case(name.as_bytes()) && !version.is_empty() && version.iter().all(digits)
}

/// Whether a line is an HTTP request, `GET / HTTP/1.1`, or begins with the header that every such request has. This is
/// looked for in every line of a connection.
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

/// The answer to a connection that begins like no text, which may never send the end of a line: TLS with a byte 0x16
/// or, of old, 0x80, many others with 0x00. Nothing while it may still become a line.
pub fn refuse_binary(begun: &[u8]) -> Option<Refusal> {
    let first = *begun.first()?;
    let text = match first {
        // Blanks, half the end of a line, or an IAC of telnet.
        b'\t' | b'\r' | b'\n' | 0xff => true,
        b' '..=b'~' => true,
        // What UTF-8 begins a character with.
        0xc2..=0xf4 => true,
        _ => false,
    };
    (!text).then(|| match first {
        0x16 | 0x80 => not_spoken("TLS"),
        _ => not_text(format!("the connection begins with a byte 0x{first:02X}, which is no text")),
    })
}

/// The answer to another protocol.
pub(crate) fn not_spoken(protocol: &str) -> Refusal {
    Refusal::bad_request(format!(
        "this is a reservation server that does not speak {protocol}, and it closes now: use bookline, telnet or nc"
    ))
}

/// The answer to a first line that is not text, for this reason.
pub(crate) fn not_text(reason: impl std::fmt::Display) -> Refusal {
    Refusal::bad_request(format!(
        "{reason}: this is a reservation server that takes lines of text, and it closes now"
    ))
}
