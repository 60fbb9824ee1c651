//! The sequences that a telnet client sends on its own (RFC 854, RFC 855). They are removed from a line, and
//! requests for options are refused.
//!
//! No sequence contains the end of a line: lines end where they would end without telnet.

use memchr::memchr;

/// Interpret As Command, the first byte of every sequence. UTF-8 never has it.
pub const IAC: u8 = 255;
// Negotiation: DO asks the server to use an option, WILL offers to use one. WONT and DONT refuse.
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
/// Begins a subnegotiation, which ends with IAC SE.
const SB: u8 = 250;
/// Ends a subnegotiation.
const SE: u8 = 240;
/// The lowest command of two bytes, EOF of RFC 1184.
const COMMAND_MIN: u8 = 236;

/// Parses the sequences of one line in order, as their bytes arrive.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequenceParser {
    in_subnegotiation: bool,
}

/// A telnet sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Its length in bytes, IAC included.
    pub length: usize,
    /// What to do with it.
    pub meaning: Meaning,
}

/// What to do with a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Drop it.
    Ignored,
    /// Keep a byte 255 in the line: the sequence is a doubled IAC, or an IAC that begins no command. The line
    /// is then refused, since it is not UTF-8.
    DataByte,
    /// Send these bytes. The server uses no option, so it answers DO with WONT and WILL with DONT. It does
    /// not answer DONT and WONT, so that a negotiation ends (RFC 1143).
    Answer([u8; 3]),
}

impl SequenceParser {
    /// Parses the sequence that `bytes` begin with. Returns `None` if the sequence is incomplete.
    pub fn next(&mut self, bytes: &[u8]) -> Option<Sequence> {
        let command = *bytes.get(1)?;
        let (length, meaning) = match command {
            b'\n' => (1, Meaning::DataByte),
            _ if self.in_subnegotiation => {
                // An IAC in a subnegotiation is doubled. Both bytes are consumed, so that an SE behind them
                // is data.
                self.in_subnegotiation = command != SE;
                (2, Meaning::Ignored)
            }
            SB => {
                self.in_subnegotiation = true;
                (2, Meaning::Ignored)
            }
            WILL..=DONT => match *bytes.get(2)? {
                b'\n' => (2, Meaning::Ignored),
                // Options 10 and 13 are not answered: these bytes are far more likely the end of a line.
                b'\r' => (3, Meaning::Ignored),
                option => (3, answer(command, option)),
            },
            COMMAND_MIN..SB => (2, Meaning::Ignored),
            IAC => (2, Meaning::DataByte),
            _ => (1, Meaning::DataByte),
        };
        Some(Sequence { length, meaning })
    }
}

fn answer(command: u8, option: u8) -> Meaning {
    match command {
        DO => Meaning::Answer([IAC, WONT, option]),
        WILL => Meaning::Answer([IAC, DONT, option]),
        _ => Meaning::Ignored,
    }
}

/// The line without telnet sequences: the line itself if it has none, otherwise a copy in `scratch`. An
/// incomplete sequence at the end of the line is dropped.
pub(crate) fn strip<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if memchr(IAC, line).is_none() {
        return line;
    }
    scratch.clear();
    let mut sequences = SequenceParser::default();
    let mut rest = line;
    while let Some(at) = memchr(IAC, rest) {
        if !sequences.in_subnegotiation {
            scratch.extend_from_slice(&rest[..at]);
        }
        rest = &rest[at..];
        let Some(sequence) = sequences.next(rest) else { return scratch };
        if sequence.meaning == Meaning::DataByte {
            scratch.push(IAC);
        }
        rest = &rest[sequence.length..];
    }
    if !sequences.in_subnegotiation {
        scratch.extend_from_slice(rest);
    }
    scratch
}

/// Removes the answers to telnet requests that may precede a line of a reply, for clients.
pub fn strip_answers(mut reply: &[u8]) -> &[u8] {
    while let [IAC, WONT | DONT, _, rest @ ..] = reply {
        reply = rest;
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(line: &[u8]) -> Vec<u8> {
        strip(line, &mut Vec::new()).to_vec()
    }

    /// The answers to the requests of a line.
    fn answers(line: &[u8]) -> Vec<u8> {
        let (mut sequences, mut rest, mut answers) = (SequenceParser::default(), line, Vec::new());
        while let Some(at) = memchr(IAC, rest) {
            let Some(sequence) = sequences.next(&rest[at..]) else { break };
            if let Meaning::Answer(answer) = sequence.meaning {
                answers.extend(answer);
            }
            rest = &rest[at + sequence.length..];
        }
        answers
    }

    #[test]
    fn line_without_sequences_is_not_copied() {
        let mut scratch = Vec::new();
        let line = b"PING";
        assert_eq!(strip(line, &mut scratch).as_ptr(), line.as_ptr());
    }

    #[test]
    fn negotiation_has_one_option_byte() {
        assert_eq!(stripped(b"\xff\xfb\x18PI\xff\xfd\x01NG\xff\xfc\xff\xff\xfe\"!"), b"PING!");
    }

    #[test]
    fn other_commands_have_no_option_byte() {
        assert_eq!(stripped(b"\xff\xf1P\xff\xf6ING\xff\xec"), b"PING");
    }

    #[test]
    fn subnegotiation_ends_with_iac_se_or_with_the_line() {
        assert_eq!(stripped(b"P\xff\xfa\x18\0xterm\xff\xf0ING"), b"PING");
        assert_eq!(stripped(b"P\xff\xfa\x1f\xff\xff\xf0\xff\xf0ING"), b"PING", "a doubled IAC ends nothing");
        assert_eq!(stripped(b"PING\xff\xfa\x18\0xterm"), b"PING");
        assert_eq!(stripped(b"PING\xff\xfa\x18\0xterm\xff"), b"PING");
    }

    #[test]
    fn incomplete_sequence_at_the_end_of_the_line_is_dropped() {
        for tail in [&b"\xff"[..], b"\xff\xfd", b"\xff\xfa", b"\xff\xf6"] {
            assert_eq!(stripped(&[b"PING", tail].concat()), b"PING", "{tail:?}");
        }
    }

    #[test]
    fn doubled_or_stray_iac_stays_in_the_line() {
        assert_eq!(stripped(b"PI\xff\xffNG"), b"PI\xffNG");
        assert_eq!(stripped(b"PI\xffNG"), b"PI\xffNG");
    }

    #[test]
    fn scratch_of_an_earlier_line_is_replaced() {
        let mut scratch = b"old".to_vec();
        assert_eq!(strip(b"\xff\xf1new", &mut scratch), b"new");
    }

    #[test]
    fn do_and_will_are_refused_and_dont_and_wont_are_not_answered() {
        assert_eq!(answers(b"\xff\xf4\xff\xfd\x06"), b"\xff\xfc\x06", "Ctrl-C: interrupt, DO timing mark");
        assert_eq!(answers(b"\xff\xfb\x18PI\xff\xfd\x01NG\xff\xfb\0"), b"\xff\xfe\x18\xff\xfc\x01\xff\xfe\0");
        assert_eq!(answers(b"\xff\xfc\x06\xff\xfe\x01\xff\xf1\xff\xff\xfd\x06"), b"");
        assert_eq!(
            answers(b"\xff\xfa\x18\xff\xfd\x06\xff\xf0\xff\xfd\x07"),
            b"\xff\xfc\x07",
            "data of a subnegotiation is not a request"
        );
    }

    #[test]
    fn no_sequence_contains_the_end_of_a_line() {
        for start in [&b"\xff"[..], b"\xff\xfd", b"\xff\xfb", b"\xff\xfe"] {
            let bytes = [start, b"\n"].concat();
            assert!(SequenceParser::default().next(&bytes).unwrap().length < bytes.len(), "{start:?}");
            assert_eq!(answers(&bytes), b"");
        }
        let mut sequences = SequenceParser::default();
        sequences.next(b"\xff\xfa");
        assert_eq!(sequences.next(b"\xff\n").unwrap().length, 1);
    }

    #[test]
    fn answers_before_a_reply_are_stripped() {
        assert_eq!(strip_answers(b"\xff\xfc\x06\xff\xfe\x18OK {}"), b"OK {}");
        assert_eq!(strip_answers(b"OK {}"), b"OK {}");
        assert_eq!(strip_answers(b""), b"");
    }
}
