//! Text in the cells of a screen.

use anstyle::{AnsiColor, Color as AnyColor};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::render::layout::{fill, isolated};
use crate::render::page::Page;
use crate::render::text::printable;
use crate::screen::{Charset, Role, Screen};

/// What a row is that was changed lately.
pub const MARK_ROLE: Role = Role::Warning;

/// What stands before such a row.
pub const fn mark(charset: Charset) -> &'static str {
    match charset {
        Charset::Unicode => "●",
        Charset::Ascii => "*",
    }
}

/// The cells of a screen.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    pub screen: Screen,
}

/// Where a text is aligned in its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

impl<'a> Canvas<'a> {
    pub fn new(buffer: &'a mut Buffer, area: Rect, screen: Screen) -> Self {
        Self { buffer, area, screen }
    }

    pub fn width(&self) -> u16 {
        self.area.width
    }

    /// The screen as a page, for what is laid out in lines.
    pub fn page(&self) -> Page {
        Page::with_width(self.screen, Some(self.area.width))
    }

    /// Writes a text from a column on, in at most so many columns. One that is too long is cut. Returns the
    /// column behind it.
    pub fn put(&mut self, x: u16, y: u16, width: u16, text: &str, role: Option<Role>) -> u16 {
        let width = width.min(self.area.width.saturating_sub(x));
        let text = printable(text).replace('\n', "\\n");
        let text = cut(&text, usize::from(width), self.screen.charset);
        let isolates = matches!(isolated(&text, &self.page()), std::borrow::Cow::Owned(_));
        let style = role.filter(|_| self.screen.has_color).map(style_of).unwrap_or_default();
        let graphemes: Vec<_> = text.graphemes(true).filter(|part| part.width() > 0).collect();
        let (mut at, last) = (x, graphemes.len().saturating_sub(1));
        for (index, part) in graphemes.iter().enumerate() {
            let next = at + part.width() as u16;
            if next > self.area.width || y >= self.area.height {
                break;
            }
            // The isolates have no column of their own: they are in the cells of the first and the last
            // character.
            let mut symbol = String::new();
            symbol.extend((isolates && index == 0).then_some('\u{2068}'));
            symbol.push_str(part);
            symbol.extend((isolates && index == last).then_some('\u{2069}'));
            self.buffer[(at, y)].set_symbol(&symbol).set_style(style);
            for covered in at + 1..next {
                self.buffer[(covered, y)].reset();
            }
            at = next;
        }
        at
    }

    /// Writes a text in the columns of a cell of a table.
    pub fn put_cell(&mut self, (x, width): (u16, u16), y: u16, text: &str, align: Align, role: Option<Role>) {
        let blanks = match align {
            Align::Left => 0,
            Align::Right => width.saturating_sub(printable(text).width().try_into().unwrap_or(u16::MAX)),
        };
        self.put(x + blanks, y, width - blanks, text, role);
    }

    /// Writes runs of text one behind the other.
    pub fn put_runs(&mut self, y: u16, runs: &[(Option<Role>, String)]) {
        let mut x = 0;
        for (role, text) in runs {
            x = self.put(x, y, u16::MAX, text, *role);
        }
    }

    /// Writes a text in the lines that it needs, as far as there are rows.
    pub fn fill(&mut self, text: &str) {
        let lines = fill(text, &self.page());
        for (line, y) in lines.lines().zip(0..self.area.height) {
            self.put(0, y, u16::MAX, line, None);
        }
    }
}

/// As much of a text as fits, with a sign that there is more.
fn cut(text: &str, width: usize, charset: Charset) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let sign = if charset == Charset::Unicode { "…" } else { ".." };
    let Some(room) = width.checked_sub(sign.width()) else { return String::new() };
    let (mut shown, mut used) = (String::new(), 0);
    for part in text.graphemes(true) {
        used += part.width();
        if used > room {
            break;
        }
        shown.push_str(part);
    }
    shown.truncate(shown.trim_end().len());
    shown + sign
}

/// The style of a role, as in the replies of commands.
fn style_of(role: Role) -> Style {
    let (style, ansi) = (Style::new(), role.style());
    let style = match ansi.get_fg_color() {
        Some(AnyColor::Ansi(color)) => style.fg(color_of(color)),
        _ => style,
    };
    // A style that has a modifier already is the same with it.
    let modifiers = [(ansi.bold(), Modifier::BOLD), (ansi.dimmed(), Modifier::DIM)];
    let has = |(with, _): &(anstyle::Style, Modifier)| *with == ansi;
    modifiers.into_iter().filter(has).fold(style, |style, (_, modifier)| style.add_modifier(modifier))
}

/// The color of the terminal with the same number.
fn color_of(color: AnsiColor) -> Color {
    Color::Indexed(anstyle::Ansi256Color::from_ansi(color).index())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut("Rust Conf", 9, Charset::Unicode), "Rust Conf");
        assert_eq!(cut("Rust Conf", 8, Charset::Unicode), "Rust Co…");
        assert_eq!(cut("Rust Conf", 6, Charset::Unicode), "Rust…");
        assert_eq!(cut("Rust Conf", 8, Charset::Ascii), "Rust C..");
        assert_eq!(cut("上田美和子", 6, Charset::Unicode), "上田…");
        assert_eq!(cut("上田", 1, Charset::Ascii), "");
    }

    #[test]
    fn control_characters_are_escaped_and_hebrew_is_isolated() {
        let area = Rect::new(0, 0, 20, 1);
        let mut buffer = Buffer::empty(area);
        let screen = Screen { is_terminal: true, charset: Charset::Unicode, has_color: false };
        let end = Canvas::new(&mut buffer, area, screen).put(0, 0, 20, "שלום", None);
        assert_eq!(end, 4);
        assert_eq!((buffer[(0, 0)].symbol(), buffer[(3, 0)].symbol()), ("\u{2068}ש", "ם\u{2069}"));
        Canvas::new(&mut buffer, area, screen).put(0, 0, 20, "\u{1b}[2J\n", None);
        let shown: String = (0..12).map(|x| buffer[(x, 0)].symbol()).collect();
        assert_eq!(shown, "\\u{1b}[2J\\n ");
    }
}
