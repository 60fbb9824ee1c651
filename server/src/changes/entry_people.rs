//! Whom a line about an entry concerns.

use super::entry_texts::EntryTexts;

/// Everybody whose hours an entry fills, or has filled before it moved.
#[derive(Debug, Clone, Copy)]
pub struct EntryPeople<'a> {
    now: EntryTexts<'a>,
    /// What it was before it moved, if that may have had other people.
    before: Option<EntryTexts<'a>>,
    are_as_before: bool,
}

impl<'a> EntryPeople<'a> {
    /// The people of an entry that is created or deleted.
    pub(super) fn of(now: EntryTexts<'a>) -> Self {
        Self { now, before: None, are_as_before: false }
    }

    /// The people of an entry that moves.
    pub(super) fn of_move(before: EntryTexts<'a>, now: EntryTexts<'a>) -> Self {
        let people = |texts: EntryTexts<'a>| (texts.who, texts.host, texts.group);
        let before = (people(before) != people(now)).then_some(before);
        Self { now, before, are_as_before: false }
    }

    /// The same for the next entry of a series.
    pub(super) fn again(self) -> Self {
        Self { are_as_before: true, ..self }
    }

    /// Their ids. After a move, those that stay may come twice.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.now.people().chain(self.before.into_iter().flat_map(|before| before.people()))
    }

    /// Whether they are known to be those of the last line about an entry, as in a series: what was found for
    /// that line need not be searched again.
    pub fn are_as_before(&self) -> bool {
        self.are_as_before
    }
}
