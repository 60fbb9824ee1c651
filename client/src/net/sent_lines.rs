//! The lines that were sent and have no reply.

use std::collections::VecDeque;

use crate::net::line_kind::LineKind;
use crate::net::line_splitter::TypedLine;

/// Bytes of a line that are kept for messages: the 80 characters that they show, of three bytes each.
const KEPT_BYTES_MAX: usize = 240;

/// Bytes of texts of lines that have their reply, beyond which the texts after them are moved to the front.
const PASSED_BYTES_MAX: usize = 4_096;

/// The lines that were sent and have no reply, in order, with the beginnings of their texts.
#[derive(Debug, Default)]
pub struct SentLines {
    lines: VecDeque<Entry>,
    /// The beginnings of the lines one behind the other, from `passed` on.
    texts: Vec<u8>,
    passed: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    number: u64,
    kind: LineKind,
    kept_bytes: u8,
    is_cut: bool,
}

const _: () = assert!(KEPT_BYTES_MAX <= u8::MAX as usize);

/// A line that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentLine<'a> {
    /// The number of the line, from 1.
    pub number: u64,
    /// The line without its end, or its beginning.
    pub text: &'a [u8],
    /// Whether the text is not the whole line.
    pub is_cut: bool,
}

impl SentLines {
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    pub fn push(&mut self, line: &TypedLine<'_>, kind: LineKind) {
        let kept = &line.text[..line.text.len().min(KEPT_BYTES_MAX)];
        if self.passed > PASSED_BYTES_MAX.max(self.texts.len() / 2) {
            self.texts.drain(..self.passed);
            self.passed = 0;
        }
        self.texts.extend_from_slice(kept);
        let is_cut = kept.len() < line.text.len();
        self.lines.push_back(Entry { number: line.number, kind, kept_bytes: kept.len() as u8, is_cut });
    }

    /// Removes the first line.
    pub fn pop(&mut self) -> Option<SentLine<'_>> {
        let Entry { number, kept_bytes, is_cut, .. } = self.lines.pop_front()?;
        let start = self.passed;
        self.passed += usize::from(kept_bytes);
        Some(SentLine { number, text: &self.texts[start..self.passed], is_cut })
    }

    /// What the first line asks for.
    pub fn first_kind(&self) -> Option<LineKind> {
        self.lines.front().map(|first| first.kind)
    }

    pub fn kinds(&self) -> impl Iterator<Item = LineKind> {
        self.lines.iter().map(|line| line.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, number: u64) -> TypedLine<'_> {
        TypedLine { text: text.as_bytes(), end: b"\n", is_too_long: false, number }
    }

    #[test]
    fn lines_come_back_in_order_and_memory_stays_small() {
        let mut sent = SentLines::default();
        for number in 1..=100_000 {
            sent.push(&line(&format!("BOOK e{number} 1"), number), LineKind::Change);
            if number > 10 {
                let first = sent.pop().unwrap();
                assert_eq!(first.number, number - 10);
                assert_eq!(first.text, format!("BOOK e{} 1", number - 10).as_bytes());
            }
        }
        assert_eq!(sent.count(), 10);
        assert!(sent.texts.capacity() < 8 * PASSED_BYTES_MAX, "{}", sent.texts.capacity());
    }

    #[test]
    fn long_line_is_cut() {
        let mut sent = SentLines::default();
        let text = "x".repeat(KEPT_BYTES_MAX + 1);
        sent.push(&line(&text, 1), LineKind::Invalid);
        sent.push(&line(&text[1..], 2), LineKind::Invalid);
        let first = sent.pop().unwrap();
        assert_eq!((first.text.len(), first.is_cut), (KEPT_BYTES_MAX, true));
        let second = sent.pop().unwrap();
        assert_eq!((second.text.len(), second.is_cut), (KEPT_BYTES_MAX, false));
        assert_eq!(sent.pop(), None);
    }
}
