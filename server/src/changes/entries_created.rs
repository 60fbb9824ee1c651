//! Entries were created by one request: a series, or one entry of several hours. In journals of earlier
//! versions they may also be the new places of entries that the commit has ended. An entry of one hour
//! without a series is a [`super::BlockTaken`] or a [`super::MeetingTaken`].
//!
//! Body: series u64 (0 if there is none), the texts of an entry, and then for each occurrence its index u16,
//! its first slot u32 (day × 24 + hour) and its hours u8. The index is that of its number among the entries
//! of the commit. A snapshot has the occurrences that have neither ended nor been moved.

use bookline_protocol::{Period, SeriesId};

use super::compaction::Compaction;
use super::entry_lines::EntryLines;
use super::entry_texts::EntryTexts;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::occurrence::{EncodedOccurrence, SERIES_BYTES, decode_occurrence, series_bytes};
use super::origin::Origin;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::calendar::Entry;
use crate::domain::{Contradiction, EntryNumber};

/// Fills the hours of each occurrence for all people of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntriesCreated<'a> {
    pub series: Option<SeriesId>,
    pub texts: EntryTexts<'a>,
    /// 1 to 366, with ascending indices.
    pub occurrences: &'a [EncodedOccurrence],
}

impl<'a> EntriesCreated<'a> {
    /// The occurrences: their numbers in the commit with this origin, and their periods.
    fn numbered(
        &self,
        origin: Origin,
    ) -> impl Iterator<Item = Result<(EntryNumber, Period), Contradiction>> + use<'a> {
        self.occurrences.iter().map(move |occurrence| {
            let decoded = decode_occurrence(*occurrence);
            let numbered =
                decoded.and_then(|(index, period)| Some((EntryNumber::new(origin.sequence, index)?, period)));
            numbered.ok_or_else(|| Contradiction("an occurrence has no valid period".to_owned()))
        })
    }
}

impl<'a> Kind<'a> for EntriesCreated<'a> {
    fn body_bytes(&self) -> usize {
        SERIES_BYTES + self.texts.bytes() + self.occurrences.as_flattened().len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&series_bytes(self.series));
        self.texts.encode(out);
        out.extend_from_slice(self.occurrences.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { series: body.series()?, texts: EntryTexts::decode(body)?, occurrences: body.all_arrays()? })
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        self.texts.check(number)?;
        let indices = self.occurrences.iter().map(|occurrence| decode_occurrence(*occurrence));
        let indices: Option<Vec<u16>> = indices.map(|decoded| Some(decoded?.0)).collect();
        let is_valid =
            indices.is_some_and(|indices| !indices.is_empty() && indices.is_sorted_by(|a, b| a < b));
        let has_series = self.series.is_some() || self.occurrences.len() == 1;
        if is_valid && has_series { Ok(()) } else { Err(InvalidChange::Occurrences { number }) }
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let content = self.texts.content();
        self.numbered(origin).try_for_each(|occurrence| {
            let (number, period) = occurrence?;
            target.create_entry(number, Entry { content: content.clone(), period, series: self.series })
        })
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        let Self { series, texts, occurrences } = *self;
        Compaction::Entries { series, texts, occurrences }
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        let Self { series, texts, .. } = *self;
        let entries = self.numbered(origin).map(|entry| entry.map_err(|_| DecodeError::Malformed.into()));
        EntryLines { series, texts, micros: origin.micros }.tell_made(entries, listener)
    }
}
