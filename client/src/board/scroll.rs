//! Which of many rows are on the screen.

use crate::board::key::Key;

/// The rows that are on the screen, of more than there is room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    /// The number of the first row, from 0.
    pub top: usize,
    /// Rows that there is room for.
    pub room: usize,
    /// All rows.
    pub total: usize,
}

impl Scroll {
    /// Adapts to a screen with so much room for so many rows.
    pub fn fit(&mut self, room: usize, total: usize) {
        (self.room, self.total) = (room, total);
        self.top = self.top.min(self.top_max());
    }

    /// Scrolls, if it is a key for that. Returns whether it was.
    pub fn press(&mut self, key: Key) -> bool {
        let page = self.room.max(1);
        self.top = match key {
            Key::Up => self.top.saturating_sub(1),
            Key::Down => self.top + 1,
            Key::PageUp => self.top.saturating_sub(page),
            Key::PageDown => self.top + page,
            Key::Home => 0,
            Key::End => self.top_max(),
            _ => return false,
        };
        self.top = self.top.min(self.top_max());
        true
    }

    /// The rows on the screen.
    pub fn shown(&self) -> std::ops::Range<usize> {
        self.top..self.total.min(self.top + self.room)
    }

    fn top_max(&self) -> usize {
        self.total.saturating_sub(self.room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_move_within_the_rows() {
        let mut scroll = Scroll::default();
        scroll.fit(10, 25);
        let mut pressed = |key| {
            assert!(scroll.press(key));
            scroll.shown()
        };
        assert_eq!(pressed(Key::Up), 0..10);
        assert_eq!(pressed(Key::Down), 1..11);
        assert_eq!(pressed(Key::PageDown), 11..21);
        assert_eq!(pressed(Key::PageDown), 15..25);
        assert_eq!(pressed(Key::Down), 15..25);
        assert_eq!(pressed(Key::PageUp), 5..15);
        assert_eq!(pressed(Key::End), 15..25);
        assert_eq!(pressed(Key::Home), 0..10);
        assert!(!scroll.press(Key::Help));
    }

    #[test]
    fn fewer_rows_or_more_room_leave_no_rows_empty() {
        let mut scroll = Scroll { top: 15, room: 10, total: 25 };
        scroll.fit(20, 25);
        assert_eq!(scroll.shown(), 5..25);
        scroll.fit(20, 3);
        assert_eq!(scroll.shown(), 0..3);
    }
}
