//! Text in lines that fit a screen.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::render::text::printable;

/// Words that are laid out in lines of at most so many columns.
#[derive(Debug)]
pub struct Paragraph {
    width: usize,
    /// The blanks that the lines after the first begin with.
    indent: usize,
    lines: Vec<String>,
}

impl Paragraph {
    pub fn new(width: usize, indent: usize) -> Self {
        Self { width, indent, lines: vec![String::new()] }
    }

    /// Adds a word that is never broken, such as an id or a date. One that is wider than the screen has a
    /// line of its own.
    pub fn atom(&mut self, word: &str) {
        let word = printable(word).replace('\n', "\\n");
        let line = self.lines.last_mut().expect("there is a first line");
        let blank = if line.trim_start().is_empty() { "" } else { " " };
        if line.width() + blank.len() + word.width() <= self.width {
            line.push_str(blank);
            line.push_str(&word);
        } else if line.trim_start().is_empty() {
            // The indent is given up for a word that is too wide.
            *line = word;
        } else {
            self.lines.push(" ".repeat(self.indent));
            self.atom_on_new_line(word);
        }
    }

    fn atom_on_new_line(&mut self, word: String) {
        let line = self.lines.last_mut().expect("a line was added");
        if line.width() + word.width() <= self.width { line.push_str(&word) } else { *line = word }
    }

    /// Adds words with blanks between them. One that is wider than a line is broken.
    pub fn text(&mut self, text: &str) {
        let columns = self.width.saturating_sub(self.indent).max(2);
        for word in text.split_whitespace() {
            let word = printable(word);
            if word.width() <= columns {
                self.atom(&word);
            } else {
                pieces(&word, columns).for_each(|piece| self.atom(piece));
            }
        }
    }

    pub fn into_lines(self) -> Vec<String> {
        self.lines
    }
}

/// The parts of a word that have at most so many columns.
fn pieces(mut word: &str, columns: usize) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (mut width, mut end) = (0, 0);
        for (at, c) in word.char_indices() {
            width += c.width().unwrap_or(0);
            if width > columns && at > 0 {
                break;
            }
            end = at + c.len_utf8();
        }
        let (piece, rest) = word.split_at(end);
        word = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_broken_only_if_they_are_text_and_too_wide() {
        let mut paragraph = Paragraph::new(12, 2);
        paragraph.atom("2026-12-01");
        paragraph.text("a title 第三回東京大会打合せ");
        paragraph.atom("an-id-of-24-characters-x");
        paragraph.atom("F1");
        let lines =
            ["2026-12-01 a", "  title", "  第三回東京", "  大会打合せ", "an-id-of-24-characters-x", "  F1"];
        assert_eq!(paragraph.into_lines(), lines);
    }

    #[test]
    fn text_is_printable() {
        let mut paragraph = Paragraph::new(80, 0);
        paragraph.text("a\tb \u{1b}[2J");
        paragraph.atom("c\nd");
        assert_eq!(paragraph.into_lines(), ["a b \\u{1b}[2J c\\nd"]);
    }
}
