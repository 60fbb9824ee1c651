//! The lines of an iCalendar file.

use std::iter::Peekable;

/// A property: its name, its parameters and its value (RFC 5545, section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentLine {
    /// The number of its first line in the file, from 1.
    pub number: usize,
    /// In upper case.
    pub name: String,
    /// Names in upper case, and values without quotes.
    parameters: Vec<(String, String)>,
    pub value: String,
}

impl ContentLine {
    /// Parses a line whose continuations are joined. `None` if it has no name or no value.
    fn parse(number: usize, line: &str) -> Option<Self> {
        let (name, mut rest) = line.split_at(line.find([':', ';'])?);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            return None;
        }
        let mut parameters = Vec::new();
        while let Some(parameter) = rest.strip_prefix(';') {
            let (parameter, behind) = parameter.split_at(end_of_parameter(parameter)?);
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            parameters.push((name.trim().to_ascii_uppercase(), value.trim_matches('"').to_owned()));
            rest = behind;
        }
        let value = rest.strip_prefix(':')?.to_owned();
        Some(Self { number, name: name.to_ascii_uppercase(), parameters, value })
    }

    /// The value of a parameter, whose name is in upper case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value as a text (RFC 5545, section 3.3.11), on one line.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.value.len());
        let mut chars = self.value.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n' | 'N') => text.push(' '),
                    Some(escaped) => text.push(escaped),
                    None => {}
                },
                c => text.push(c),
            }
        }
        text
    }
}

/// Where the next parameter or the value begins: behind quotes.
fn end_of_parameter(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    text.find(|c| {
        is_quoted ^= c == '"';
        !is_quoted && matches!(c, ';' | ':')
    })
}

/// The content lines of a text. A line that is none is left out: some programs break a description into
/// lines without a blank at their start.
pub fn content_lines(text: &str) -> impl Iterator<Item = ContentLine> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut lines = (1..).zip(lines).peekable();
    std::iter::from_fn(move || {
        loop {
            let (number, line) = joined(&mut lines)?;
            if let Some(line) = ContentLine::parse(number, line.trim_end()) {
                return Some(line);
            }
        }
    })
}

/// The next line, with its continuations, and the number of its start.
fn joined<'a>(lines: &mut Peekable<impl Iterator<Item = (usize, &'a str)>>) -> Option<(usize, String)> {
    let (number, first) = lines.next()?;
    let mut line = first.to_owned();
    while let Some((_, next)) = lines.next_if(|(_, next)| next.starts_with([' ', '\t'])) {
        line.push_str(&next[1..]);
    }
    Some((number, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<ContentLine> {
        content_lines(text).collect()
    }

    #[test]
    fn continuations_belong_to_the_line_before_them() {
        let lines = lines("\u{feff}DESCRIPTION:one \r\n  two\r\n\tthree\r\nSUMMARY:four");
        let values: Vec<_> = lines.iter().map(|line| (line.number, line.value.as_str())).collect();
        assert_eq!(values, [(1, "one  twothree"), (4, "four")]);
    }

    #[test]
    fn quoted_parameter_may_have_separators() {
        let line = &lines("dtstart;value=DATE-TIME;TZID=\"W. Europe; x:Time\":20261121T220000")[0];
        assert_eq!((line.name.as_str(), line.value.as_str()), ("DTSTART", "20261121T220000"));
        assert_eq!(line.parameter("TZID"), Some("W. Europe; x:Time"));
        assert_eq!(line.parameter("VALUE"), Some("DATE-TIME"));
        assert_eq!(line.parameter("CN"), None);
    }

    #[test]
    fn line_without_name_or_value_is_left_out() {
        assert_eq!(lines("\n\nno property here\n:x\nX;A=\"b:c\nDTSTART;TZID=x\nÄ:1\n"), []);
    }

    #[test]
    fn text_is_read_without_its_escapes() {
        assert_eq!(lines("SUMMARY:a\\, b\\; c\\\\d\\ne\\")[0].text(), "a, b; c\\d e");
    }
}
