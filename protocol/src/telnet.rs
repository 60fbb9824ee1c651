//! What a telnet client says to its server behind the user's back (RFC 854, RFC 855), taken out of a line.
//!
//! Lines are split before this, so that no sequence can swallow the end of a line.

use memchr::{memchr, memchr_iter};

/// Interpret As Command: begins every sequence. Never part of UTF-8.
const IAC: u8 = 255;
/// Begins a subnegotiation, which runs to IAC SE.
const SB: u8 = 250;
/// Ends a subnegotiation.
const SE: u8 = 240;
/// WILL, WONT, DO and DONT: an option byte follows.
const FIRST_NEGOTIATION: u8 = 251;
const LAST_NEGOTIATION: u8 = 254;
/// The lowest command of two bytes, EOF of RFC 1184; NOP, AYT and the rest are above.
const FIRST_COMMAND: u8 = 236;

/// The line without telnet sequences: itself when it has none, else written into `scratch`.
///
/// A doubled IAC is a byte 255, as RFC 854 has it, and an IAC before anything else that is no command is left where it
/// is: neither is UTF-8, so that the line is refused for what it is. A sequence that the line's end cuts short is
/// dropped.
pub(crate) fn strip<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if memchr(IAC, line).is_none() {
        return line;
    }
    scratch.clear();
    let mut rest = line;
    while let Some(at) = memchr(IAC, rest) {
        scratch.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        match rest.get(1) {
            Some(&SB) => rest = behind_subnegotiation(rest),
            Some(&(FIRST_NEGOTIATION..=LAST_NEGOTIATION)) => rest = rest.get(3..).unwrap_or_default(),
            Some(&(FIRST_COMMAND..SB)) | None => rest = rest.get(2..).unwrap_or_default(),
            Some(&IAC) => {
                scratch.push(IAC);
                rest = &rest[2..];
            }
            Some(_) => {
                scratch.push(IAC);
                rest = &rest[1..];
            }
        }
    }
    scratch.extend_from_slice(rest);
    scratch
}

/// What follows the subnegotiation that `rest` begins with: nothing when IAC SE never comes.
fn behind_subnegotiation(rest: &[u8]) -> &[u8] {
    let mut body = 2;
    // An IAC within a subnegotiation is doubled, and the byte behind a doubled one may happen to be SE.
    for at in memchr_iter(IAC, rest) {
        if at < body {
            continue;
        }
        match rest.get(at + 1) {
            Some(&SE) => return &rest[at + 2..],
            _ => body = at + 2,
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(line: &[u8]) -> Vec<u8> {
        strip(line, &mut Vec::new()).to_vec()
    }

    #[test]
    fn a_line_without_sequences_is_not_copied() {
        let mut scratch = Vec::new();
        let line = b"PING";
        assert_eq!(strip(line, &mut scratch).as_ptr(), line.as_ptr());
    }

    #[test]
    fn negotiation_takes_one_option_byte() {
        assert_eq!(stripped(b"\xff\xfb\x18PI\xff\xfd\x01NG\xff\xfc\xff\xff\xfe\"!"), b"PING!");
    }

    #[test]
    fn other_commands_take_none() {
        assert_eq!(stripped(b"\xff\xf1P\xff\xf6ING\xff\xec"), b"PING");
    }

    #[test]
    fn a_subnegotiation_runs_to_its_end_or_the_lines() {
        assert_eq!(stripped(b"P\xff\xfa\x18\0xterm\xff\xf0ING"), b"PING");
        assert_eq!(stripped(b"P\xff\xfa\x1f\xff\xff\xf0\xff\xf0ING"), b"PING", "a doubled IAC ends nothing");
        assert_eq!(stripped(b"PING\xff\xfa\x18\0xterm"), b"PING");
        assert_eq!(stripped(b"PING\xff\xfa\x18\0xterm\xff"), b"PING");
    }

    #[test]
    fn what_the_lines_end_cuts_short_is_dropped() {
        for tail in [&b"\xff"[..], b"\xff\xfd", b"\xff\xfa", b"\xff\xf6"] {
            assert_eq!(stripped(&[b"PING", tail].concat()), b"PING", "{tail:?}");
        }
    }

    #[test]
    fn a_doubled_or_stray_iac_stays_to_be_refused() {
        assert_eq!(stripped(b"PI\xff\xffNG"), b"PI\xffNG");
        assert_eq!(stripped(b"PI\xffNG"), b"PI\xffNG");
    }

    #[test]
    fn scratch_of_an_earlier_line_is_not_kept() {
        let mut scratch = b"old".to_vec();
        assert_eq!(strip(b"\xff\xf1new", &mut scratch), b"new");
    }
}
