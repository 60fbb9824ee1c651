//! Text that is written from right to left.
//!
//! A terminal with bidirectional text orders each line anew: after a Hebrew name in a table, the numbers in
//! the cells beside it would change places. Isolates (U+2068, U+2069) around the name prevent this. Terminals
//! without bidirectional text give them no width. In a file or a pipe they would be invisible characters in
//! the middle of data, so there are none.

use std::borrow::Cow;

use crate::render::page::Page;

const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_DIRECTIONAL_ISOLATE: char = '\u{2069}';

/// The text, isolated from what is beside it if its direction could change the order.
pub fn isolated<'a>(text: &'a str, page: &Page) -> Cow<'a, str> {
    if !page.isolates_text() || !text.contains(is_right_to_left) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}"))
}

/// Whether the character is in a block of Hebrew, Arabic or another script from right to left: the ranges
/// whose characters, assigned or not, have the classes R and AL by Unicode's `DerivedBidiClass.txt`.
const fn is_right_to_left(c: char) -> bool {
    matches!(
        c,
        '\u{590}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{Charset, Screen};

    #[test]
    fn hebrew_and_arabic_are_isolated_on_a_unicode_terminal_only() {
        let terminal = Screen { is_terminal: true, charset: Charset::Unicode, ..Screen::PLAIN };
        let page = |screen| Page::with_width(screen, None);
        assert_eq!(isolated("שלום 5", &page(terminal)), "\u{2068}שלום 5\u{2069}");
        assert_eq!(isolated("سلام", &page(terminal)), "\u{2068}سلام\u{2069}");
        assert_eq!(isolated("Žofie 上田 🎷", &page(terminal)), "Žofie 上田 🎷");
        for screen in
            [Screen { charset: Charset::Ascii, ..terminal }, Screen { is_terminal: false, ..terminal }]
        {
            assert_eq!(isolated("שלום", &page(screen)), "שלום");
        }
    }
}
