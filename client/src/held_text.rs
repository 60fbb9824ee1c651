//! The beginning of a reply, as long as it fits on the screen.

use unicode_width::UnicodeWidthChar;

/// Rows of the screen that a reply leaves free, for the prompt behind it. `less -F` leaves as many.
const ROWS_FREE: usize = 1;

/// Text that is not printed yet, and the rows that it takes.
#[derive(Debug)]
pub struct HeldText {
    bytes: Vec<u8>,
    rows: usize,
    rows_max: usize,
    columns: Option<usize>,
}

impl HeldText {
    /// None yet, on a screen of this size.
    pub fn new(rows: u16, columns: Option<u16>) -> Self {
        let rows_max = usize::from(rows).saturating_sub(ROWS_FREE).max(1);
        Self { bytes: Vec::new(), rows: 0, rows_max, columns: columns.map(usize::from) }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether there is more than the screen shows.
    pub fn is_full(&self) -> bool {
        self.rows > self.rows_max
    }

    /// Adds whole lines.
    pub fn add(&mut self, lines: &[u8]) {
        let text = String::from_utf8_lossy(lines);
        self.rows += text.lines().map(|line| self.rows_of(line)).sum::<usize>();
        self.bytes.extend_from_slice(lines);
    }

    /// Takes what was added.
    pub fn take(&mut self) -> Self {
        let empty = Self { bytes: Vec::new(), rows: 0, ..*self };
        std::mem::replace(self, empty)
    }

    fn rows_of(&self, line: &str) -> usize {
        let columns = self.columns.unwrap_or(usize::MAX).max(1);
        width(line).div_ceil(columns).max(1)
    }
}

/// The columns that a line takes, without those of the escapes that color it.
fn width(line: &str) -> usize {
    let mut chars = line.chars();
    let mut width = 0;
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            chars.find(char::is_ascii_alphabetic);
        } else {
            width += c.width().unwrap_or(0);
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_full_with_more_rows_than_the_screen_leaves() {
        let mut page = HeldText::new(4, Some(10));
        page.add(b"a\nb\n");
        page.add(b"0123456789\n");
        assert!(!page.is_full());
        page.add(b"\n");
        assert!(page.is_full());
        assert_eq!(page.take().bytes(), b"a\nb\n0123456789\n\n");
        assert!(!page.is_full());
    }

    #[test]
    fn line_wider_than_the_screen_takes_several_rows() {
        let rows = |line: &str| HeldText::new(5, Some(10)).rows_of(line);
        assert_eq!((rows(""), rows("0123456789"), rows("01234567890")), (1, 1, 2));
        assert_eq!(rows("\x1b[31m0123456789\x1b[0m"), 1, "a color takes no columns");
        assert_eq!(rows("演劇演劇演劇"), 2, "a wide character takes two columns");
    }
}
