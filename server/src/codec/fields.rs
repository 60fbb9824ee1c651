//! The fields of a change as bytes: numbers in little-endian order, and strings behind their length.

use std::num::NonZeroU64;

use bookline_protocol::{Date, MaxPerBooking, SaleTerms, Sales, SeriesId, Slot};

use super::DecodeError;

/// A cursor over encoded fields. It checks every length against the bytes that are left.
#[derive(Debug, Clone)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The fields in these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] if fewer are left. The other methods fail likewise, and if a field has no
    /// valid value.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(DecodeError::Malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub fn date(&mut self) -> Result<Date, DecodeError> {
        Date::from_day_number(self.u32()?).ok_or(DecodeError::Malformed)
    }

    pub fn slot(&mut self) -> Result<Slot, DecodeError> {
        Slot::from_index(self.u32()?).ok_or(DecodeError::Malformed)
    }

    /// The id of a series, 0 if there is none.
    pub fn series(&mut self) -> Result<Option<SeriesId>, DecodeError> {
        Ok(NonZeroU64::new(self.u64()?).map(SeriesId))
    }

    /// The terms of a sale, as [`put_sale_terms`] writes them.
    pub fn sale_terms(&mut self) -> Result<SaleTerms, DecodeError> {
        let sales = match self.array()? {
            [OPEN] => Sales::Open,
            [CLOSED] => Sales::Closed,
            [_] => return Err(DecodeError::Malformed),
        };
        let max_per_booking = match self.u32()? {
            0 => MaxPerBooking::default(),
            tickets => MaxPerBooking::new(tickets).ok_or(DecodeError::Malformed)?,
        };
        Ok(SaleTerms { sales, max_per_booking })
    }

    /// A string behind its length as u16, as [`put_string`] writes it.
    pub fn string(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.u16()?;
        self.text(length.into())
    }

    /// A string behind its length as u32, as [`put_long_string`] writes it.
    pub fn long_string(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.u32()?;
        self.text(length as usize)
    }

    /// Bytes behind their length as u32, as [`put_long_bytes`] writes them.
    pub fn long_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    /// A string of this length in bytes.
    pub fn text(&mut self, length: usize) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Malformed)
    }

    /// `count` arrays of `N` bytes.
    pub fn arrays<const N: usize>(&mut self, count: usize) -> Result<&'a [[u8; N]], DecodeError> {
        let bytes = count.checked_mul(N).ok_or(DecodeError::Malformed)?;
        Ok(self.take(bytes)?.as_chunks().0)
    }

    /// Ids of tickets or holds, up to the end.
    pub fn ids(&mut self) -> Result<&'a [[u8; 16]], DecodeError> {
        self.all_arrays()
    }

    /// Arrays of `N` bytes, up to the end.
    pub fn all_arrays<const N: usize>(&mut self) -> Result<&'a [[u8; N]], DecodeError> {
        let (arrays, remainder) = std::mem::take(&mut self.0).as_chunks::<N>();
        if remainder.is_empty() { Ok(arrays) } else { Err(DecodeError::Malformed) }
    }
}

const OPEN: u8 = 0;
const CLOSED: u8 = 1;

/// The bytes of encoded [`SaleTerms`].
pub const SALE_TERMS_BYTES: usize = 1 + 4;

/// Appends the terms of a sale: 0 if it is open and 1 if it is closed (u8), and the most tickets of a booking
/// (u32), 0 if there is no such limit.
pub fn put_sale_terms(out: &mut Vec<u8>, terms: SaleTerms) {
    out.push(match terms.sales {
        Sales::Open => OPEN,
        Sales::Closed => CLOSED,
    });
    out.extend_from_slice(&terms.max_per_booking.get().unwrap_or(0).to_le_bytes());
}

/// Appends a string of at most 65,535 bytes behind its length as u16.
pub fn put_string(out: &mut Vec<u8>, string: &str) {
    let length =
        u16::try_from(string.len()).expect("ids, names and titles are bounded by the protocol's limits");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(string.as_bytes());
}

/// Appends a string behind its length as u32.
pub fn put_long_string(out: &mut Vec<u8>, string: &str) {
    put_long_bytes(out, string.as_bytes());
}

/// Appends bytes behind their length as u32.
pub fn put_long_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("groups and replies are bounded by the protocol's limits");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
}
