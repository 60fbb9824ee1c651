//! The lines about entries of calendars.

use bookline_protocol::reply::ChangeKind;
use bookline_protocol::{Period, SeriesId, Slot};

use super::entry_list::EntryList;
use super::entry_people::EntryPeople;
use super::entry_texts::EntryTexts;
use super::line::Line;
use super::listener::Listener;
use super::origin::Origin;
use crate::domain::EntryNumber;

/// Entries with the same texts and series, as a line of each tells them.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryLines<'a> {
    pub series: Option<SeriesId>,
    pub texts: EntryTexts<'a>,
    /// The time of the commit, in microseconds since 1970 (UTC), if it is known.
    pub micros: Option<i64>,
}

impl<'a> EntryLines<'a> {
    /// The lines of entries in the commit with this origin.
    pub fn of(list: EntryList<'a>, origin: Origin) -> Self {
        Self { series: list.series, texts: list.texts, micros: origin.micros }
    }

    /// Tells that entries were created.
    pub fn tell_made<E>(
        &self,
        entries: impl Iterator<Item = Result<(EntryNumber, Period), E>>,
        listener: &mut impl Listener,
    ) -> Result<(), E> {
        let kind = if self.texts.is_block() { ChangeKind::BlockMade } else { ChangeKind::MeetingMade };
        self.tell_each(kind, entries, listener)
    }

    /// Tells that entries were deleted.
    pub fn tell_deleted<E>(
        &self,
        entries: impl Iterator<Item = Result<(EntryNumber, Period), E>>,
        listener: &mut impl Listener,
    ) -> Result<(), E> {
        self.tell_each(ChangeKind::EntryDeleted, entries, listener)
    }

    fn tell_each<E>(
        &self,
        kind: ChangeKind,
        entries: impl Iterator<Item = Result<(EntryNumber, Period), E>>,
        listener: &mut impl Listener,
    ) -> Result<(), E> {
        let mut people = EntryPeople::of(self.texts);
        for entry in entries {
            let (number, period) = entry?;
            listener.entry(people, &|line| {
                self.open(line, kind, number);
                line.period(period);
                self.put_texts(line);
            });
            people = people.again();
        }
        Ok(())
    }

    /// Tells that an entry that was as in `before` has moved, so that its people are now `people`.
    pub fn tell_moved<'r, R: Iterator<Item = &'r str>>(
        &self,
        (number, period): (EntryNumber, Period),
        before: Slot,
        people: EntryPeople<'a>,
        removed: impl Fn() -> R,
        listener: &mut impl Listener,
    ) {
        listener.entry(people, &|line| {
            self.open(line, ChangeKind::EntryMoved, number);
            line.ids("removed", removed());
            line.period(period);
            line.slot(["old_date", "old_time"], before);
            self.put_texts(line);
        });
    }

    fn open(&self, line: &mut Line, kind: ChangeKind, number: EntryNumber) {
        line.open(kind.as_str(), self.micros);
        line.entry(number);
        line.ids("people", self.texts.people());
    }

    /// A block has no title, no group and no host beside its person.
    fn put_texts(&self, line: &mut Line) {
        let EntryTexts { title, group, host, .. } = self.texts;
        if !self.texts.is_block() {
            line.text("title", title);
            line.ids("group", group.split(','));
            line.id("host", host);
        }
        line.series(self.series);
    }
}
