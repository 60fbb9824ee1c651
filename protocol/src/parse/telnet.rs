//! What a telnet client says to its server behind the user's back (RFC 854, RFC 855): its sequences are taken out of a
//! line, and its requests are refused.
//!
//! No sequence takes the end of a line with it: lines end where they would without telnet.

use memchr::memchr;

/// Interpret As Command: begins every sequence. Never part of UTF-8.
pub const IAC: u8 = 255;
/// The sender asks us to use an option, or wants to use one itself. DONT and WONT are the answers for who uses none.
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
/// Begins a subnegotiation, which runs to IAC SE.
const SB: u8 = 250;
/// Ends a subnegotiation.
const SE: u8 = 240;
/// The lowest command of two bytes, EOF of RFC 1184; NOP, AYT and the rest are above.
const FIRST_COMMAND: u8 = 236;

/// Reads the sequences of one line, each once and in order, as their bytes arrive.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequenceParser {
    /// Within a subnegotiation.
    within: bool,
}

/// What an IAC begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Its bytes, IAC included.
    pub length: usize,
    /// What it comes to.
    pub meaning: Meaning,
}

/// What a sequence comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing.
    Ignored,
    /// A byte 255 of the line: a doubled IAC, or one before anything that is no command. It is not UTF-8, so that the
    /// line is refused for what it is.
    DataByte,
    /// A request for an option, to be answered with these bytes. No option is ever used, so DO is always answered with
    /// WONT and WILL with DONT; DONT and WONT agree with us and are not answered, so that nothing is negotiated without
    /// end (RFC 1143).
    Answer([u8; 3]),
}

impl SequenceParser {
    /// Reads the sequence that `bytes` begin with; nothing when it takes more bytes to tell.
    pub fn next(&mut self, bytes: &[u8]) -> Option<Sequence> {
        let command = *bytes.get(1)?;
        let (length, meaning) = match command {
            b'\n' => (1, Meaning::DataByte),
            _ if self.within => {
                // An IAC within a subnegotiation is doubled, and the byte behind a doubled one may happen to be SE.
                self.within = command != SE;
                (2, Meaning::Ignored)
            }
            SB => {
                self.within = true;
                (2, Meaning::Ignored)
            }
            WILL..=DONT => match *bytes.get(2)? {
                b'\n' => (2, Meaning::Ignored),
                // Options 10 and 13 are not answered: these bytes are far more often the end of the line.
                b'\r' => (3, Meaning::Ignored),
                option => (3, answer(command, option)),
            },
            FIRST_COMMAND..SB => (2, Meaning::Ignored),
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

/// The line without telnet sequences: itself when it has none, else written into `scratch`. A sequence that the line's
/// end cuts short is dropped.
pub(crate) fn strip<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    if memchr(IAC, line).is_none() {
        return line;
    }
    scratch.clear();
    let mut sequences = SequenceParser::default();
    let mut rest = line;
    while let Some(at) = memchr(IAC, rest) {
        if !sequences.within {
            scratch.extend_from_slice(&rest[..at]);
        }
        rest = &rest[at..];
        let Some(sequence) = sequences.next(rest) else { return scratch };
        if sequence.meaning == Meaning::DataByte {
            scratch.push(IAC);
        }
        rest = &rest[sequence.length..];
    }
    if !sequences.within {
        scratch.extend_from_slice(rest);
    }
    scratch
}

/// A line of reply without the answers to requests of telnet that may stand before it.
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

    /// The answers to what a line asks for.
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

    #[test]
    fn requests_are_refused_and_agreement_is_not_answered() {
        assert_eq!(answers(b"\xff\xf4\xff\xfd\x06"), b"\xff\xfc\x06", "Ctrl-C: interrupt, DO timing mark");
        assert_eq!(answers(b"\xff\xfb\x18PI\xff\xfd\x01NG\xff\xfb\0"), b"\xff\xfe\x18\xff\xfc\x01\xff\xfe\0");
        assert_eq!(answers(b"\xff\xfc\x06\xff\xfe\x01\xff\xf1\xff\xff\xfd\x06"), b"");
        assert_eq!(
            answers(b"\xff\xfa\x18\xff\xfd\x06\xff\xf0\xff\xfd\x07"),
            b"\xff\xfc\x07",
            "data asks nothing"
        );
    }

    #[test]
    fn no_sequence_takes_the_end_of_a_line() {
        for start in [&b"\xff"[..], b"\xff\xfd", b"\xff\xfb", b"\xff\xfe"] {
            let bytes = [start, b"\n"].concat();
            assert!(SequenceParser::default().next(&bytes).unwrap().length < bytes.len(), "{start:?}");
            assert_eq!(answers(&bytes), b"");
        }
        let mut within = SequenceParser::default();
        within.next(b"\xff\xfa");
        assert_eq!(within.next(b"\xff\n").unwrap().length, 1);
    }

    #[test]
    fn answers_before_a_reply_are_no_part_of_it() {
        assert_eq!(strip_answers(b"\xff\xfc\x06\xff\xfe\x18OK {}"), b"OK {}");
        assert_eq!(strip_answers(b"OK {}"), b"OK {}");
        assert_eq!(strip_answers(b""), b"");
    }
}
