//! Entries that move: a commit ends them, and begins them again elsewhere or as something else.

use std::cell::OnceCell;
use std::collections::HashSet;

use bookline_protocol::Slot;

use super::entry_lines::EntryLines;
use super::entry_list::{EntryList, Existing};
use super::entry_people::EntryPeople;
use super::entry_texts::EntryTexts;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use crate::codec::DecodeError;
use crate::domain::EntryNumber;

/// What a commit ends and moves.
#[derive(Debug)]
pub(super) struct Moves<'a> {
    /// The entries that it moves, sorted.
    moved: Vec<EntryNumber>,
    /// Those that it ends, sorted by number. Without moves it is empty.
    ended: Vec<Before<'a>>,
}

/// An entry before it ended.
#[derive(Debug, Clone, Copy)]
struct Before<'a> {
    number: EntryNumber,
    start: Slot,
    texts: EntryTexts<'a>,
    /// The position of its list among those of the commit.
    list: usize,
}

/// Entries that were alike before they moved, and are alike now.
#[derive(Debug)]
struct Alike<'a> {
    /// The position of the list that had ended them.
    ended: usize,
    people: EntryPeople<'a>,
    /// Who is in them no more. It is not searched before a line is wanted.
    removed: OnceCell<Vec<&'a str>>,
}

impl<'a> Moves<'a> {
    /// The moves in a commit that does this with entries of earlier commits.
    pub fn of(
        lists: impl Iterator<Item = Result<Existing<'a>, DecodeError>> + Clone,
    ) -> Result<Self, DecodeError> {
        let (mut moved, mut ended) = (Vec::new(), Vec::new());
        for list in lists.clone() {
            if let Existing::Moved(list) = list? {
                for entry in list.entries::<DecodeError>() {
                    moved.push(entry?.0);
                }
            }
        }
        if !moved.is_empty() {
            for (position, list) in lists.enumerate() {
                if let Existing::Ended(list) = list? {
                    for entry in list.entries::<DecodeError>() {
                        let (number, period) = entry?;
                        ended.push(Before {
                            number,
                            start: period.start(),
                            texts: list.texts,
                            list: position,
                        });
                    }
                }
            }
        }
        moved.sort_unstable();
        ended.sort_unstable_by_key(|before| before.number);
        Ok(Self { moved, ended })
    }

    /// Tells what one of the changes does. An end is told only of an entry that does not move.
    pub fn tell(
        &self,
        existing: Existing<'a>,
        origin: Origin,
        listener: &mut impl Listener,
    ) -> Result<(), TellError> {
        match existing {
            Existing::Ended(list) => {
                let moves = |number: &EntryNumber| self.moved.binary_search(number).is_ok();
                let deleted =
                    list.entries().filter(|entry| !entry.as_ref().is_ok_and(|(number, _)| moves(number)));
                EntryLines::of(list, origin).tell_deleted(deleted, listener)
            }
            Existing::Moved(list) => self.tell_moved(list, origin, listener),
        }
    }

    fn tell_moved(
        &self,
        list: EntryList<'a>,
        origin: Origin,
        listener: &mut impl Listener,
    ) -> Result<(), TellError> {
        let lines = EntryLines::of(list, origin);
        let mut last: Option<Alike<'a>> = None;
        for entry in list.entries::<TellError>() {
            let (number, period) = entry?;
            let before = self.before(number)?;
            let alike = match last.take() {
                Some(alike) if alike.ended == before.list => Alike { people: alike.people.again(), ..alike },
                _ => {
                    let people = EntryPeople::of_move(before.texts, list.texts);
                    Alike { ended: before.list, people, removed: OnceCell::new() }
                }
            };
            let removed = || alike.removed.get_or_init(|| removed(before.texts, list.texts)).iter().copied();
            lines.tell_moved((number, period), before.start, alike.people, removed, listener);
            last = Some(alike);
        }
        Ok(())
    }

    fn before(&self, number: EntryNumber) -> Result<Before<'a>, TellError> {
        let position = self.ended.binary_search_by_key(&number, |before| before.number);
        let without_end = |_| TellError::MoveWithoutEnd { commit: number.commit().0, entry: number.index() };
        position.map(|position| self.ended[position]).map_err(without_end)
    }
}

/// The people before a move who are not in the entry after it.
fn removed<'a>(before: EntryTexts<'a>, now: EntryTexts<'a>) -> Vec<&'a str> {
    let staying: HashSet<&str> = now.people().collect();
    before.people().filter(|person| !staying.contains(person)).collect()
}
