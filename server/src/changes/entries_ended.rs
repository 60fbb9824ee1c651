//! Entries ended by one request: occurrences of a series, or one entry of several hours. They were deleted,
//! unless the commit moves them ([`super::EntriesMoved`]) or, in journals of earlier versions, creates others
//! in their place. The end of a single entry of one hour without a series, which is the first
//! of its commit, is an [`super::EntryEnded`].
//!
//! Body: series u64 (0 if there is none), the texts of an entry, which all of them have, and then for each
//! its commit u64, its index u16 among the entries of that commit, its first slot u32 (day × 24 + hour) and
//! its hours u8.

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
use crate::domain::{Contradiction, EntryNumber};

/// Frees the hours of each entry for all its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntriesEnded<'a> {
    pub series: Option<SeriesId>,
    pub texts: EntryTexts<'a>,
    /// 1 to 366, one without a series.
    pub entries: &'a [EncodedEntry],
}

impl<'a> EntriesEnded<'a> {
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

impl<'a> Kind<'a> for EntriesEnded<'a> {
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

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        self.body().check(number)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        for entry in self.body().decoded() {
            let invalid = || Contradiction("an entry that ends has no valid period".to_owned());
            let (number, period) = entry.ok_or_else(invalid)?;
            let ended = target.end_entry(number, period)?;
            if EntryTexts::of(&ended.content) != self.texts || ended.series != self.series {
                return Err(Contradiction(format!(
                    "entry {} of commit {} ends as one that {} created, and it is another one, which {} created",
                    number.index(),
                    number.commit().0,
                    self.texts.who,
                    ended.content.who()
                )));
            }
        }
        Ok(())
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        self.numbers().for_each(|number| earlier.end_entry(number));
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        EntryLines::of(self.list(), origin).tell_deleted(self.list().entries(), listener)
    }

    fn existing(&self) -> Option<Existing<'a>> {
        Some(Existing::Ended(self.list()))
    }
}
