//! Expected lines with placeholders.
//!
//! `<uuid>`, `<number>`, `<text>` (no unescaped quote), `<word>` (no space, no quote) and `<timestamp>` (RFC
//! 3339) match any value of their kind. `<kind:name>` also captures the value, and later stands for exactly
//! this value, in requests too. `<today>`, `<today-iso>` and `<this-hour>` are the current date and hour in
//! UTC. Any other `<…>` is literal.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

/// The captured values, and the current time.
pub struct Bindings {
    captured: HashMap<String, String>,
    now: DateTime<Utc>,
}

impl Default for Bindings {
    fn default() -> Self {
        Self { captured: HashMap::new(), now: Utc::now() }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Uuid,
    Number,
    Text,
    Word,
    Timestamp,
}

enum Part {
    Literal(String),
    Any(Kind, Option<String>),
}

impl Bindings {
    /// Replaces the placeholders of a request by their values.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        for part in self.parts(text) {
            match part {
                Part::Literal(text) => filled.push_str(&text),
                Part::Any(_, name) => panic!("{name:?} in a request that was never captured: {text}"),
            }
        }
        filled
    }

    /// Matches a line. The error is the number of bytes that match.
    pub fn check(&mut self, pattern: &str, line: &str) -> Result<(), usize> {
        let parts = self.parts(pattern);
        let mut matched = Vec::new();
        let mut reached = 0;
        if !matches(&parts, line, 0, &mut matched, &mut reached) {
            return Err(reached);
        }
        self.captured.extend(matched);
        Ok(())
    }

    fn parts(&self, text: &str) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            let (before, from) = rest.split_at(start);
            parts.push(Part::Literal(before.to_owned()));
            let known = from.find('>').and_then(|end| Some((self.placeholder(&from[1..end])?, end)));
            match known {
                Some((part, end)) => {
                    parts.push(part);
                    rest = &from[end + 1..];
                }
                None => {
                    parts.push(Part::Literal("<".to_owned()));
                    rest = &from[1..];
                }
            }
        }
        parts.push(Part::Literal(rest.to_owned()));
        parts
    }

    fn placeholder(&self, inside: &str) -> Option<Part> {
        match inside {
            "today" => return Some(Part::Literal(self.now.format("%d-%m-%Y").to_string())),
            "today-iso" => return Some(Part::Literal(self.now.format("%Y-%m-%d").to_string())),
            "this-hour" => return Some(Part::Literal(self.now.format("%H:00").to_string())),
            _ => {}
        }
        let (kind, name) = inside.split_once(':').map_or((inside, None), |(kind, name)| (kind, Some(name)));
        let kind = match kind {
            "uuid" => Kind::Uuid,
            "number" => Kind::Number,
            "text" => Kind::Text,
            "word" => Kind::Word,
            "timestamp" => Kind::Timestamp,
            _ => return None,
        };
        if let Some(known) = name.and_then(|name| self.captured.get(name)) {
            return Some(Part::Literal(known.clone()));
        }
        Some(Part::Any(kind, name.map(str::to_owned)))
    }
}

/// Matches greedily, with backtracking.
fn matches(
    parts: &[Part],
    line: &str,
    at: usize,
    matched: &mut Vec<(String, String)>,
    reached: &mut usize,
) -> bool {
    *reached = (*reached).max(at);
    let Some((part, rest)) = parts.split_first() else {
        return at == line.len();
    };
    match part {
        Part::Literal(text) => {
            if line[at..].starts_with(text.as_str()) {
                return matches(rest, line, at + text.len(), matched, reached);
            }
            let same = line[at..].bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            *reached = (*reached).max(at + same);
            false
        }
        Part::Any(kind, name) => {
            let known = name.as_ref().and_then(|name| matched.iter().find(|(key, _)| key == name));
            if let Some((_, value)) = known {
                let end = at + value.len();
                return line[at..].starts_with(value.as_str()) && matches(rest, line, end, matched, reached);
            }
            for end in kind.ends(line, at) {
                if !kind.accepts(&line[at..end]) {
                    continue;
                }
                let before = matched.len();
                matched.extend(name.clone().map(|name| (name, line[at..end].to_owned())));
                if matches(rest, line, end, matched, reached) {
                    return true;
                }
                matched.truncate(before);
            }
            false
        }
    }
}

impl Kind {
    /// The offsets where a value of this kind that begins at `at` may end, longest first.
    fn ends(self, line: &str, at: usize) -> Vec<usize> {
        let mut ends = vec![at];
        let mut escaped = false;
        for (offset, c) in line[at..].char_indices() {
            let fits = match self {
                Self::Uuid => c.is_ascii_hexdigit() || c == '-',
                Self::Number => c.is_ascii_digit(),
                Self::Text => escaped || c != '"',
                Self::Word => !c.is_whitespace() && c != '"',
                Self::Timestamp => c.is_ascii_digit() || "TZ:.+-".contains(c),
            };
            if !fits {
                break;
            }
            escaped = !escaped && c == '\\';
            ends.push(at + offset + c.len_utf8());
        }
        ends.reverse();
        ends
    }

    fn accepts(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Word | Self::Number => !text.is_empty(),
            Self::Uuid => {
                let groups: Vec<usize> = text.split('-').map(str::len).collect();
                groups == [8, 4, 4, 4, 12] && !text.contains(|c: char| c.is_ascii_uppercase())
            }
            Self::Timestamp => DateTime::parse_from_rfc3339(text).is_ok(),
        }
    }
}
