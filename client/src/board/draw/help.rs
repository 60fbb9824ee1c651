//! The keys.

use crate::board::draw::canvas::Canvas;
use crate::board::model::{Model, Subject};
use crate::screen::Role;

/// The columns of the keys.
const KEY_WIDTH: u16 = 20;

const SCROLLING: [(&str, &str); 3] =
    [("Up, Down", "a row"), ("PageUp, PageDown", "a screen"), ("Home, End", "to the first or the last row")];

const WEEKS: [(&str, &str); 1] = [("Left, Right", "a week")];

const OTHERS: [(&str, &str); 3] =
    [("Ctrl-L", "draw anew"), ("Ctrl-Z", "suspend"), ("q, Esc, Ctrl-C", "quit; here, Esc closes the help")];

pub fn draw(canvas: &mut Canvas<'_>, model: &Model) {
    let weeks: &[_] = if matches!(model.subject, Subject::Week(_)) { &WEEKS } else { &[] };
    for ((keys, help), y) in SCROLLING.iter().chain(weeks).chain(&OTHERS).zip(0..) {
        let end = canvas.put(0, y, KEY_WIDTH, keys, Some(Role::Heading));
        canvas.put(end.max(KEY_WIDTH), y, u16::MAX, help, None);
    }
}
