//! Entries as changes of entries that exist hold them.

use bookline_protocol::limits::SERIES_OCCURRENCES_MAX;
use bookline_protocol::{Period, SeriesId};

use super::entry_texts::EntryTexts;
use super::invalid::InvalidChange;
use super::occurrence::{SERIES_BYTES, decode_period, series_bytes};
use crate::codec::fields::Fields;
use crate::codec::{DecodeError, Sequence};
use crate::domain::EntryNumber;

/// An entry as [`encode_entry`] writes it.
pub type EncodedEntry = [u8; 15];

/// An entry that ends or is moved: its number and its period.
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

/// Entries of earlier commits with the same series and the same texts: the body of a change that ends or
/// moves them.
#[derive(Debug, Clone, Copy)]
pub(super) struct EncodedEntries<'a> {
    pub series: Option<SeriesId>,
    pub texts: EntryTexts<'a>,
    pub entries: &'a [EncodedEntry],
}

impl<'a> EncodedEntries<'a> {
    pub fn bytes(&self) -> usize {
        SERIES_BYTES + self.texts.bytes() + self.entries.as_flattened().len()
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&series_bytes(self.series));
        self.texts.encode(out);
        out.extend_from_slice(self.entries.as_flattened());
    }

    pub fn decode(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        Ok(Self { series: body.series()?, texts: EntryTexts::decode(body)?, entries: body.all_arrays()? })
    }

    /// The numbers and the periods. `None` stands for what no entry can have.
    pub fn decoded(&self) -> impl Iterator<Item = Option<(EntryNumber, Period)>> + use<'a> {
        self.entries.iter().map(decode_entry)
    }

    pub fn numbers(&self) -> impl Iterator<Item = EntryNumber> + use<'a> {
        self.decoded().flatten().map(|(number, _)| number)
    }

    /// Checks that they are 1 to [`SERIES_OCCURRENCES_MAX`] entries, one without a series, and that each was
    /// created by an earlier commit than this one, with the sequence number `commit`.
    pub fn check(&self, commit: u64) -> Result<(), InvalidChange> {
        self.texts.check(commit)?;
        let count_max = if self.series.is_some() { SERIES_OCCURRENCES_MAX as usize } else { 1 };
        if !(1..=count_max).contains(&self.entries.len()) {
            return Err(InvalidChange::Occurrences { number: commit });
        }
        for entry in self.decoded() {
            let (entry, _) = entry.ok_or(InvalidChange::Occurrences { number: commit })?;
            let created = entry.commit().0;
            if !(1..commit).contains(&created) {
                return Err(InvalidChange::NotOlderThanCommit { commit, number: created });
            }
        }
        Ok(())
    }
}
