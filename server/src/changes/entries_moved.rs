//! Entries were replaced by others at the same or at other times: one entry, or occurrences of a series. The
//! commit has ended them before, so its ends say what they were, and this says what they are.
//!
//! Body: series u64 (0 if there is none), the texts of an entry, which all of them have now, and then for
//! each its commit u64, its index u16 among the entries of that commit, its first slot u32 (day × 24 + hour)
//! and its hours u8. An entry keeps its number, however often it is moved. A snapshot has the entries that
//! were neither ended nor moved after that.

use bookline_protocol::SeriesId;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::encoded_entry::{EncodedEntries, EncodedEntry};
use super::entry_lines::EntryLines;
use super::entry_list::{EntryList, Existing};
use super::entry_texts::EntryTexts;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::calendar::Entry;
use crate::domain::{Contradiction, EntryNumber};

/// Fills the hours of each entry for all its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntriesMoved<'a> {
    /// The series that they are in from now on.
    pub series: Option<SeriesId>,
    pub texts: EntryTexts<'a>,
    /// The entries with their new periods: 1 to 366, one without a series.
    pub entries: &'a [EncodedEntry],
}

impl<'a> EntriesMoved<'a> {
    fn body(&self) -> EncodedEntries<'a> {
        let Self { series, texts, entries } = *self;
        EncodedEntries { series, texts, entries }
    }

    fn list(&self) -> EntryList<'a> {
        EntryList::of_encoded(self.series, self.texts, self.entries)
    }

    /// The numbers of the entries.
    pub(super) fn numbers(&self) -> impl Iterator<Item = EntryNumber> + use<'a> {
        self.body().numbers()
    }
}

impl<'a> Kind<'a> for EntriesMoved<'a> {
    fn body_bytes(&self) -> usize {
        self.body().bytes()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.body().encode(out);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let EncodedEntries { series, texts, entries } = EncodedEntries::decode(body)?;
        Ok(Self { series, texts, entries })
    }

    /// The commit moves each entry once.
    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        self.body().check(number)?;
        let mut numbers: Vec<EntryNumber> = self.numbers().collect();
        numbers.sort_unstable();
        let are_different = numbers.is_sorted_by(|a, b| a < b);
        if are_different { Ok(()) } else { Err(InvalidChange::Occurrences { number }) }
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let content = self.texts.content();
        self.body().decoded().try_for_each(|entry| {
            let invalid = || Contradiction("an entry that is moved has no valid period".to_owned());
            let (number, period) = entry.ok_or_else(invalid)?;
            target.create_entry(number, Entry { content: content.clone(), period, series: self.series })
        })
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        let Self { series, texts, entries } = *self;
        Compaction::MovedEntries { series, texts, entries }
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        self.numbers().for_each(|number| earlier.move_entry(number));
    }

    /// In a snapshot there is no end with the same move: the entries are told as they are.
    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        EntryLines::of(self.list(), origin).tell_made(self.list().entries(), listener)
    }

    fn existing(&self) -> Option<Existing<'a>> {
        Some(Existing::Moved(self.list()))
    }
}

#[cfg(test)]
mod tests {
    use bookline_protocol::{Hours, Period, Slot};

    use super::*;
    use crate::changes::{Change, encode_entry};
    use crate::codec::Sequence;

    #[test]
    fn moved_entries_are_written_with_their_numbers_and_new_periods() {
        let texts = EntryTexts { who: "F1", title: "plans", group: "F2", host: "F1" };
        let start = Slot::from_index(0x0102_0304).expect("an hour");
        let period = Period::new(start, Hours::new(3).expect("hours")).expect("a period");
        let number = EntryNumber::new(Sequence(9), 258).expect("a number");
        let series = std::num::NonZeroU64::new(5).map(SeriesId);
        let entries = [encode_entry(number, period)];
        let moved = Change::from(EntriesMoved { series, texts, entries: &entries });
        let text = [&b"\x02\0F1\x05\0plans"[..], b"\x02\0\0\0F2\x02\0F1"].concat();
        let entry = [9, 0, 0, 0, 0, 0, 0, 0, 2, 1, 4, 3, 2, 1, 3];
        let bytes = [&[31, 44, 0, 0][..], &[5, 0, 0, 0, 0, 0, 0, 0], &text, &entry].concat();
        let mut written = Vec::new();
        moved.encode(&mut written);
        assert_eq!(written, bytes);
        assert_eq!(Change::split(&bytes), Ok((moved, &[][..])));
    }
}
