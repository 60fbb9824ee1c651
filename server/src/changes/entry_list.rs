//! Entries of earlier commits that a change ends or moves.

use bookline_protocol::{Period, SeriesId};

use super::encoded_entry::{EncodedEntry, decode_entry};
use super::entry_texts::EntryTexts;
use crate::codec::DecodeError;
use crate::domain::EntryNumber;

/// What a change does with entries of earlier commits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Existing<'a> {
    /// They end. What is listed is what they were.
    Ended(EntryList<'a>),
    /// They begin again, after the same commit has ended them. What is listed is what they are now.
    Moved(EntryList<'a>),
}

/// Entries with the same texts and the same series.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryList<'a> {
    pub series: Option<SeriesId>,
    pub texts: EntryTexts<'a>,
    one: Option<(EntryNumber, Period)>,
    encoded: &'a [EncodedEntry],
}

impl<'a> EntryList<'a> {
    /// One entry without a series.
    pub fn of_one(texts: EntryTexts<'a>, entry: (EntryNumber, Period)) -> Self {
        Self { series: None, texts, one: Some(entry), encoded: &[] }
    }

    pub fn of_encoded(series: Option<SeriesId>, texts: EntryTexts<'a>, encoded: &'a [EncodedEntry]) -> Self {
        Self { series, texts, one: None, encoded }
    }

    /// The entries, with their periods.
    pub fn entries<E: From<DecodeError>>(
        &self,
    ) -> impl Iterator<Item = Result<(EntryNumber, Period), E>> + use<'a, E> {
        let decoded =
            self.encoded.iter().map(|entry| decode_entry(entry).ok_or(DecodeError::Malformed.into()));
        self.one.into_iter().map(Ok).chain(decoded)
    }
}
