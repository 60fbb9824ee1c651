//! Detects clients of other protocols. They connect by mistake, or because an attacker smuggles lines of this
//! protocol into their requests: a web page can make a browser send any body, and even a TLS session ticket.

use crate::byte_class::is_blank;
use crate::refusal::Refusal;

/// Protocols whose request lines end with their name and a version: `GET / HTTP/1.1`, `PRI * HTTP/2.0`.
const VERSIONED: [&str; 3] = ["HTTP", "RTSP", "SIP"];

/// The first words of protocols, as long as an argument follows.
const VERBS: [(&[u8], &str); 3] = [(b"EHLO", "SMTP"), (b"HELO", "SMTP"), (b"PROXY", "the PROXY protocol")];

/// The name of the protocol that a line opens, if it is another one. This is for the first line of a
/// connection: in later lines all of these may be arguments.
pub(crate) fn detect(line: &[u8]) -> Option<&'static str> {
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

/// Whether a word is `name`, in any case, with a slash and a version: `HTTP/1.1`, `http/3`.
fn has_version(word: &[u8], name: &str) -> bool {
    let Some((start, [b'/', version @ ..])) = word.split_at_checked(name.len()) else { return false };
    let digits = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    start.eq_ignore_ascii_case(name.as_bytes()) && !version.is_empty() && version.iter().all(digits)
}

/// Whether a line is an HTTP/1 request line, or the `Host` header that every such request has. Every line of
/// a connection is checked.
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

/// The refusal of a connection whose first byte cannot begin a line of text. Returns `None` if it can, or if
/// there is no byte yet.
///
/// Clients of binary protocols may never send the end of a line, so this does not wait for one. TLS begins
/// with 0x16, SSL 2.0 with 0x80, and many other protocols with 0x00.
pub fn refuse_binary(received: &[u8]) -> Option<Refusal> {
    let first = *received.first()?;
    let is_text = match first {
        // 0xff is telnet's IAC.
        b'\t' | b'\r' | b'\n' | 0xff => true,
        b' '..=b'~' => true,
        // The first byte of a character of several bytes in UTF-8.
        0xc2..=0xf4 => true,
        _ => false,
    };
    (!is_text).then(|| match first {
        0x16 | 0x80 => Refusal::bad_request(
            "this port of a reservation server does not speak TLS, and it closes now: connect without TLS, or ask \
             whoever runs it for a port that does (--tls-cert, --tls-listen)",
        ),
        _ => not_text(format!("the connection begins with a byte 0x{first:02X}, which is no text")),
    })
}

/// The refusal of another protocol.
pub(crate) fn unsupported(protocol: &str) -> Refusal {
    Refusal::bad_request(format!(
        "this is a reservation server that does not speak {protocol}, and it closes now: use bookline, \
         telnet or nc"
    ))
}

/// The refusal of a first line that is not text.
pub(crate) fn not_text(reason: impl std::fmt::Display) -> Refusal {
    Refusal::bad_request(format!(
        "{reason}: this is a reservation server that takes lines of text, and it closes now"
    ))
}
