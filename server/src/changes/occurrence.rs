//! Occurrences of series as changes hold them.

use bookline_protocol::limits::SERIES_OCCURRENCES_MAX;
use bookline_protocol::{Hours, Period, SeriesId, Slot};

/// An occurrence as [`encode_occurrence`] writes it.
pub type EncodedOccurrence = [u8; 7];

/// The bytes of an encoded series.
pub(super) const SERIES_BYTES: usize = 8;

/// An occurrence with this index among the entries of its commit.
pub fn encode_occurrence(index: u16, period: Period) -> EncodedOccurrence {
    let ([i0, i1], [s0, s1, s2, s3]) = (index.to_le_bytes(), period.start().index().to_le_bytes());
    [i0, i1, s0, s1, s2, s3, period.hours().get()]
}

/// The index and the period of an occurrence, unless no entry can have them.
pub fn decode_occurrence([i0, i1, period @ ..]: EncodedOccurrence) -> Option<(u16, Period)> {
    let index = u16::from_le_bytes([i0, i1]);
    (u32::from(index) < SERIES_OCCURRENCES_MAX).then_some((index, decode_period(period)?))
}

/// A period as its first slot and its hours.
pub(super) fn decode_period([s0, s1, s2, s3, hours]: [u8; 5]) -> Option<Period> {
    let start = Slot::from_index(u32::from_le_bytes([s0, s1, s2, s3]))?;
    Period::new(start, Hours::new(hours)?).ok()
}

/// A series, or zero if there is none.
pub(super) fn series_bytes(series: Option<SeriesId>) -> [u8; SERIES_BYTES] {
    series.map_or(0, |SeriesId(number)| number.get()).to_le_bytes()
}
