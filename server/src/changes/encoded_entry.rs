//! Entries as changes of entries that exist hold them.

use bookline_protocol::Period;

use super::occurrence::decode_period;
use crate::codec::Sequence;
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
