//! What is refused in a script, on standard error.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use crate::error::Error;
use crate::net::request_tracker::Pace;
use crate::net::sent_lines::SentLine;
use crate::printer::Printer;
use crate::render::number::thousands;
use crate::render::refusal::sentence;
use crate::render::request::shown_request;
use crate::render::text::printable;

/// Numbers of lines that the summary names.
const NAMED_LINES_MAX: usize = 20;

/// Bytes of messages that are written at once, so that a million refusals need few system calls.
const WRITTEN_BYTES: usize = 64 * 1024;

/// Where a script comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptSource {
    Stdin,
    /// A file with this name.
    File(String),
}

impl ScriptSource {
    fn name(&self) -> &str {
        match self {
            Self::Stdin => "stdin",
            Self::File(name) => name,
        }
    }

    /// Why it cannot be read.
    pub fn error(&self, source: io::Error) -> Error {
        match self {
            Self::Stdin => Error::Input { source },
            Self::File(file) => Error::ReadFile { file: file.clone(), source },
        }
    }
}

/// Counts the replies to a script, and writes a message for each refusal.
#[derive(Debug)]
pub struct ScriptReport {
    pub source: ScriptSource,
    /// Whether the first refusal ends the script.
    stops_on_error: bool,
    replies: u64,
    refused: u64,
    /// The numbers of the first lines that were refused.
    named: Vec<u64>,
    /// The last refusal: that of an event that is sold out is sent a million times.
    last: Refusal,
    /// Messages that are not written yet.
    messages: String,
}

/// A refusal, and the sentence about it.
#[derive(Debug, Default)]
struct Refusal {
    code: String,
    body: String,
    sentence: String,
}

impl Refusal {
    fn of(code: &str, body: &str) -> Self {
        let sentence = sentence(code, body);
        // What follows is a list, which standard output has.
        let sentence = sentence.lines().next().unwrap_or_default().to_owned();
        Self { code: code.to_owned(), body: body.to_owned(), sentence }
    }
}

impl ScriptReport {
    pub fn new(source: ScriptSource, stops_on_error: bool) -> Self {
        let (named, last, messages) = Default::default();
        Self { source, stops_on_error, replies: 0, refused: 0, named, last, messages }
    }

    pub fn pace(&self) -> Pace {
        if self.stops_on_error { Pace::OneByOne } else { Pace::Pipelined }
    }

    /// Whether a refusal has ended the script.
    pub fn has_stopped(&self) -> bool {
        self.stops_on_error && self.refused > 0
    }

    pub fn on_granted(&mut self) {
        self.replies += 1;
    }

    /// Takes the refusal of a line.
    pub fn on_refused(&mut self, line: SentLine<'_>, code: &str, body: &str) {
        self.replies += 1;
        self.refused += 1;
        if self.named.len() < NAMED_LINES_MAX {
            self.named.push(line.number);
        }
        if self.last.code != code || self.last.body != body {
            self.last = Refusal::of(code, body);
        }
        let sentence = &self.last.sentence;
        let (name, text) = (printable(self.source.name()), shown_request(line.text, line.is_cut));
        let _ = writeln!(self.messages, "{name}:{}: {text}: {sentence}", line.number);
    }

    /// Writes the messages if there are many, or if a user sees both outputs on one terminal.
    ///
    /// # Errors
    ///
    /// Those of standard output.
    pub fn write_due(&mut self, printer: &mut Printer) -> Result<(), Error> {
        if printer.screen().is_terminal || self.messages.len() >= WRITTEN_BYTES {
            self.write(printer)
        } else {
            Ok(())
        }
    }

    /// Writes the messages, behind the replies that were printed. With standard error closed there is no one
    /// to report to.
    ///
    /// # Errors
    ///
    /// Those of standard output.
    pub fn write(&mut self, printer: &mut Printer) -> Result<(), Error> {
        if self.messages.is_empty() {
            return Ok(());
        }
        printer.flush()?;
        let _ = io::stderr().write_all(self.messages.as_bytes());
        self.messages.clear();
        Ok(())
    }

    /// How many lines were refused, and which, if any were.
    pub fn summary(&self) -> Option<String> {
        if self.refused == 0 {
            return None;
        }
        let numbers: Vec<_> = self.named.iter().map(u64::to_string).collect();
        let lines = if self.refused == 1 { "line" } else { "lines" };
        let more = match self.refused - numbers.len() as u64 {
            0 => String::new(),
            more => format!(" and {} more", thousands(more)),
        };
        let (refused, replies) = (thousands(self.refused), thousands(self.replies));
        Some(format!("{refused} of {replies} failed ({lines} {}{more})", numbers.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(refused: u64) -> ScriptReport {
        let mut report = ScriptReport::new(ScriptSource::File("a\tb".to_owned()), false);
        report.on_granted();
        for number in 1..=refused {
            let line = SentLine { number: 2 * number, text: b"BOOK jazz x", is_cut: false };
            report.on_refused(line, "BAD_REQUEST", r#"{"message":"n is no number","retry":false}"#);
        }
        report
    }

    #[test]
    fn refusal_names_the_script_the_line_and_the_reason() {
        assert_eq!(report(1).messages, "a\\tb:2: BOOK jazz x: Bad request: n is no number.\n");
    }

    #[test]
    fn summary_names_the_first_lines() {
        assert_eq!(report(0).summary(), None);
        assert_eq!(report(1).summary().unwrap(), "1 of 2 failed (line 2)");
        assert_eq!(report(2).summary().unwrap(), "2 of 3 failed (lines 2, 4)");
        let summary = report(1_234).summary().unwrap();
        assert!(summary.starts_with("1,234 of 1,235 failed (lines 2, 4, 6, "), "{summary}");
        assert!(summary.ends_with(", 38, 40 and 1,214 more)"), "{summary}");
    }
}
