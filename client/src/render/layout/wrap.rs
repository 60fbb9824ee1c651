//! Wraps text into lines.

use bookline_protocol::limits::ID_BYTES_MAX;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::render::page::Page;

/// What is done with a word that is wider than a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongWord {
    /// It is broken.
    Broken,
    /// It is broken unless it may be an id, which is on a line of its own then.
    BrokenUnlessId,
}

/// A word is broken at the end of a line only if at least so much of it stays there.
const PART_WIDTH_MIN: usize = 2;

/// Sentences in the columns of a page. Ids, numbers and dates are not broken.
pub fn fill(text: &str, page: &Page) -> String {
    match page.width() {
        Some(width) => wrap(text, width, LongWord::BrokenUnlessId).join("\n"),
        None => text.to_owned(),
    }
}

/// An item of a list: what it begins with, in so many columns, and beside that a text in lines that are
/// indented as much. An id that is too wide for that is indented less.
pub fn item(start: &str, start_width: usize, text: &str, page: &Page) -> String {
    let indent = Indent { first: start_width, next: start_width };
    let lines = fill_indented(text, indent, page);
    let blanks = " ".repeat(start_width.saturating_sub(start.width()));
    format!("{start}{blanks}{}", lines.trim_start_matches(' '))
}

/// Blanks before the first line of a text, and before the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indent {
    pub first: usize,
    pub next: usize,
}

/// As [`fill`], with blanks before the lines.
pub fn fill_indented(text: &str, indent: Indent, page: &Page) -> String {
    let Some(width) = page.width() else { return format!("{:1$}{text}", "", indent.first) };
    let lines = wrap(text, width.saturating_sub(indent.next).max(1), LongWord::BrokenUnlessId);
    let lines = lines.into_iter().enumerate();
    let indented = |(number, line): (usize, String)| {
        let blanks = if number == 0 { indent.first } else { indent.next };
        // An id that does not fit behind them has fewer.
        let blanks = blanks.min(width.saturating_sub(line.width()));
        format!("{:blanks$}{line}", "")
    };
    lines.map(indented).collect::<Vec<_>>().join("\n")
}

/// The text in lines of so many columns, wrapped at blanks. A line may be wider only for one character, or
/// for one id.
pub fn wrap(text: &str, width: usize, long_word: LongWord) -> Vec<String> {
    let mut lines = Lines { width, done: Vec::new(), line: String::new(), used: 0 };
    for line in text.split('\n') {
        if line.width() <= width {
            lines.line.push_str(line);
        } else {
            lines.wrap_line(line, long_word);
        }
        lines.end_line();
    }
    lines.done
}

/// The lines so far, of which the last is not complete.
struct Lines {
    width: usize,
    done: Vec<String>,
    line: String,
    /// The width of `line`.
    used: usize,
}

impl Lines {
    fn wrap_line(&mut self, line: &str, long_word: LongWord) {
        for (index, word) in line.split(' ').enumerate() {
            let (gap, width) = (usize::from(index > 0), word.width());
            if self.used + gap + width <= self.width {
                if gap > 0 {
                    self.push(" ", 1);
                }
                self.push(word, width);
            } else if width <= self.width || long_word == LongWord::BrokenUnlessId && may_be_id(word) {
                self.end_started_line();
                self.push(word, width);
            } else {
                self.break_word(word);
            }
        }
    }

    /// Adds a word, on as many lines as it takes. It begins on the present one if there is room for a part.
    fn break_word(&mut self, word: &str) {
        if self.used > 0 && self.used + 1 + PART_WIDTH_MIN <= self.width {
            self.push(" ", 1);
        } else {
            self.end_started_line();
        }
        for grapheme in word.graphemes(true) {
            let width = grapheme.width();
            if self.used + width > self.width {
                self.end_started_line();
            }
            self.push(grapheme, width);
        }
    }

    fn push(&mut self, part: &str, width: usize) {
        self.line.push_str(part);
        self.used += width;
    }

    fn end_started_line(&mut self) {
        if self.used > 0 {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        line.truncate(line.trim_end_matches(' ').len());
        self.done.push(line);
        self.used = 0;
    }
}

/// Whether the word, without the signs around it, is no longer than an id and has only its characters.
fn may_be_id(word: &str) -> bool {
    let id = word.trim_matches(|c: char| c.is_ascii_punctuation());
    id.len() <= ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Screen;

    fn broken(text: &str, width: usize) -> Vec<String> {
        wrap(text, width, LongWord::Broken)
    }

    #[test]
    fn text_is_wrapped_at_blanks() {
        assert_eq!(broken("An event whose name is long", 12), ["An event", "whose name", "is long"]);
        assert_eq!(broken("one\n\ntwo three", 5), ["one", "", "two", "three"]);
        assert_eq!(broken(" a  b", 9), [" a  b"]);
        assert_eq!(broken("", 3), [""]);
    }

    #[test]
    fn lines_have_blanks_before_them() {
        let page = Page::with_width(crate::screen::Screen::PLAIN, Some(12));
        let indent = Indent { first: 1, next: 3 };
        assert_eq!(fill_indented("one two three four", indent, &page), " one two\n   three\n   four");
        assert_eq!(fill_indented("x 0123456789", indent, &page), " x\n  0123456789");
    }

    #[test]
    fn word_wider_than_a_line_is_broken_between_characters() {
        assert_eq!(broken("Ada Lovelace", 7), ["Ada Lov", "elace"]);
        assert_eq!(broken("abcdef ghijklmnop", 8), ["abcdef", "ghijklmn", "op"]);
        assert_eq!(broken("上田美和子", 5), ["上田", "美和", "子"]);
        assert_eq!(broken("e\u{301}e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}", "e\u{301}"]);
        assert_eq!(broken("🇩🇪🇫🇷👩🏽", 3), ["🇩🇪", "🇫🇷", "👩🏽"]);
        assert_eq!(broken("上田", 1), ["上", "田"]);
    }

    #[test]
    fn lines_of_an_item_are_indented() {
        let page = Page::with_width(Screen::PLAIN, Some(12));
        assert_eq!(item("a", 4, "one two three", &page), "a   one two\n    three");
        assert_eq!(item("a", 4, "one 0123456789", &page), "a   one\n  0123456789");
        let endless = Page::with_width(Screen::PLAIN, None);
        assert_eq!(item("a", 4, "one two three", &endless), "a   one two three");
    }

    #[test]
    fn id_wider_than_a_line_is_whole() {
        let id = "x".repeat(ID_BYTES_MAX);
        let lines = wrap(&format!("event {id}: 上田美和子"), 9, LongWord::BrokenUnlessId);
        assert_eq!(lines, ["event", &format!("{id}:"), "上田美和", "子"]);
        assert_eq!(wrap(&"x".repeat(ID_BYTES_MAX + 1), 60, LongWord::BrokenUnlessId).len(), 2);
    }
}
