//! Entries ended by one request: occurrences of a series, or one entry of several hours. They were deleted,
//! or moved if the commit creates others. The end of a single entry of one hour without a series is an
//! [`super::EntryEnded`].
//!
//! Body: series u64 (0 if there is none), the texts of an entry, which all of them have, and then for each
//! its commit u64, its index u16 among the entries of that commit, its first slot u32 (day × 24 + hour) and
//! its hours u8.

use bookline_protocol::limits::SERIES_OCCURRENCES_MAX;
use bookline_protocol::{Period, SeriesId};

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::entry_lines::EntryLines;
use super::entry_texts::EntryTexts;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::occurrence::{SERIES_BYTES, decode_period, series_bytes};
use super::origin::Origin;
use super::target::Target;
use crate::codec::fields::Fields;
use crate::codec::{DecodeError, Sequence};
use crate::domain::{Contradiction, EntryNumber};

/// Frees the hours of each entry for all its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntriesEnded<'a> {
    pub series: Option<SeriesId>,
    pub texts: EntryTexts<'a>,
    /// 1 to [`SERIES_OCCURRENCES_MAX`], one without a series.
    pub entries: &'a [EncodedEntry],
}

/// An entry as [`encode_entry`] writes it.
pub type EncodedEntry = [u8; 15];

/// An entry that ends: its number and its period.
pub fn encode_entry(number: EntryNumber, period: Period) -> EncodedEntry {
    let mut entry = [0; 15];
    entry[..8].copy_from_slice(&number.commit().0.to_le_bytes());
    entry[8..10].copy_from_slice(&number.index().to_le_bytes());
    entry[10..14].copy_from_slice(&period.start().index().to_le_bytes());
    entry[14] = period.hours().get();
    entry
}

/// The number and the period of an entry, unless no entry can have them.
pub fn decode_entry(entry: &EncodedEntry) -> Option<(EntryNumber, Period)> {
    let (commit, rest) = entry.split_first_chunk()?;
    let (index, period) = rest.split_first_chunk()?;
    let number = EntryNumber::new(Sequence(u64::from_le_bytes(*commit)), u16::from_le_bytes(*index))?;
    Some((number, decode_period(*period.first_chunk()?)?))
}

impl<'a> EntriesEnded<'a> {
    fn decoded(&self) -> impl Iterator<Item = Option<(EntryNumber, Period)>> + use<'a> {
        self.entries.iter().map(decode_entry)
    }
}

impl<'a> Kind<'a> for EntriesEnded<'a> {
    fn body_bytes(&self) -> usize {
        SERIES_BYTES + self.texts.bytes() + self.entries.as_flattened().len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&series_bytes(self.series));
        self.texts.encode(out);
        out.extend_from_slice(self.entries.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { series: body.series()?, texts: EntryTexts::decode(body)?, entries: body.all_arrays()? })
    }

    /// Each entry was created by an earlier commit than this one, with the sequence number `number`.
    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        self.texts.check(number)?;
        let count_max = if self.series.is_some() { SERIES_OCCURRENCES_MAX as usize } else { 1 };
        if !(1..=count_max).contains(&self.entries.len()) {
            return Err(InvalidChange::Occurrences { number });
        }
        for entry in self.decoded() {
            let (entry, _) = entry.ok_or(InvalidChange::Occurrences { number })?;
            let created = entry.commit().0;
            if !(1..number).contains(&created) {
                return Err(InvalidChange::NotOlderThanCommit { commit: number, number: created });
            }
        }
        Ok(())
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        for entry in self.decoded() {
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
        self.decoded().flatten().for_each(|(number, _)| earlier.end_entry(number));
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        let Self { series, texts, .. } = *self;
        let entries = self.decoded().map(|entry| entry.ok_or(DecodeError::Malformed.into()));
        EntryLines { series, texts, micros: origin.micros }.tell_deleted(entries, listener)
    }
}
