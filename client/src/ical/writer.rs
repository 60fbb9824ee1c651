//! Writes the lines of an iCalendar file.

use std::fmt::Write;

/// Octets of a line, without its end (RFC 5545, section 3.1).
const LINE_OCTETS_MAX: usize = 75;

/// The text of a file.
#[derive(Debug, Default)]
pub struct Writer(String);

impl Writer {
    /// Appends `<name>:<value>`. The name may have parameters, and the value is written as it is.
    pub fn line(&mut self, name: &str, value: &str) {
        let line = format!("{name}:{value}");
        let mut rest = line.as_str();
        let mut octets_max = LINE_OCTETS_MAX;
        while rest.len() > octets_max {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(octets_max));
            let _ = write!(self.0, "{piece}\r\n ");
            rest = behind;
            // A continuation begins with a blank.
            octets_max = LINE_OCTETS_MAX - 1;
        }
        let _ = write!(self.0, "{rest}\r\n");
    }

    /// Appends `<name>:<value>` with a text, whose special characters are escaped.
    pub fn text(&mut self, name: &str, text: &str) {
        self.line(name, &escaped(text));
    }

    /// Appends a component.
    pub fn component(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.line("BEGIN", name);
        content(self);
        self.line("END", name);
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

/// A text with its special characters escaped (RFC 5545, section 3.3.11). Other control characters are left
/// out: no text of a file has them.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() && c != '\t' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_line_is_broken_after_75_octets_between_characters() {
        for text in ["x".repeat(300), "ä".repeat(200), "日本".repeat(80), "🎉".repeat(60)] {
            let mut writer = Writer::default();
            writer.text("SUMMARY", &text);
            let written = writer.into_text();
            let lines: Vec<_> = written.strip_suffix("\r\n").unwrap().split("\r\n").collect();
            assert!(lines.len() > 2 && lines.iter().all(|line| line.len() <= LINE_OCTETS_MAX), "{written}");
            assert_eq!(written.replace("\r\n ", ""), format!("SUMMARY:{text}\r\n"));
        }
    }

    #[test]
    fn line_of_75_octets_is_not_broken() {
        let mut writer = Writer::default();
        writer.line("X", &"y".repeat(73));
        assert_eq!(writer.into_text().lines().count(), 1);
    }

    #[test]
    fn special_characters_of_a_text_are_escaped() {
        assert_eq!(escaped("a,b;c\\d\ne\r\u{7}f:\"g\""), "a\\,b\\;c\\\\d\\nef:\"g\"");
    }
}
