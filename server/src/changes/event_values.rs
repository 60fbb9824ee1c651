//! The values of an event, as two kinds of changes hold them.
//!
//! Encoded: date u32 (days since 0000-12-31), total u32, issued u32, terms of the sale (u8 and u32), id,
//! name.

use bookline_protocol::event_tag;
use bookline_protocol::limits::{ID_BYTES_MAX, TEXT_CHARS_MAX};

use super::event_after::{available, check_counts};
use super::invalid::{InvalidChange, check_id, check_text};
use super::line::Line;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, SALE_TERMS_BYTES, put_sale_terms, put_string};
use crate::domain::EventValues;

/// The bytes of encoded [`EventValues`], without its strings.
const FIXED_BYTES: usize = 4 + 4 + 4 + SALE_TERMS_BYTES + 2 + 2;

/// The longest name has characters of four bytes each.
pub(super) const VALUES_BYTES_MAX: usize = FIXED_BYTES + ID_BYTES_MAX + 4 * TEXT_CHARS_MAX;

/// The bytes of encoded [`EventValues`].
pub(super) fn values_bytes(values: &EventValues<'_>) -> usize {
    FIXED_BYTES + values.id.len() + values.name.len()
}

pub(super) fn put_values(out: &mut Vec<u8>, values: &EventValues<'_>) {
    out.extend_from_slice(&values.date.day_number().to_le_bytes());
    out.extend_from_slice(&values.total.to_le_bytes());
    out.extend_from_slice(&values.issued.to_le_bytes());
    put_sale_terms(out, values.terms);
    put_string(out, values.id);
    put_string(out, values.name);
}

pub(super) fn values<'a>(body: &mut Fields<'a>) -> Result<EventValues<'a>, DecodeError> {
    Ok(EventValues {
        date: body.date()?,
        total: body.u32()?,
        issued: body.u32()?,
        terms: body.sale_terms()?,
        id: body.string()?,
        name: body.string()?,
    })
}

/// Checks that the rules can have decided these values of the event of this number and tag, `held` of whose
/// tickets are put aside.
pub(super) fn check_values(
    number: u64,
    tag: u16,
    held: u32,
    values: &EventValues<'_>,
) -> Result<(), InvalidChange> {
    let EventValues { id, name, total, issued, .. } = *values;
    check_id("id of event", number, id)?;
    check_text("name of event", number, name)?;
    let expected = event_tag(id);
    if tag != expected {
        return Err(InvalidChange::EventTag { number, tag, expected });
    }
    check_counts(number, total, issued, held)
}

/// Puts the fields of the object of an event, `held` of whose tickets are put aside.
pub(super) fn put_values_fields(line: &mut Line, values: &EventValues<'_>, held: u32) {
    let EventValues { id, name, date, total, issued, terms } = *values;
    line.id("event_id", id);
    line.text("name", name);
    line.iso_date("date", date);
    line.number("total_tickets", total.into());
    line.number("available_tickets", available(total, issued, held).into());
    line.number("held_tickets", held.into());
    line.id("sales", terms.sales.as_str());
    if let Some(tickets) = terms.max_per_booking.get() {
        line.number("max_per_booking", tickets.into());
    }
}
