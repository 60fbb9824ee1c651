//! An event was created.
//!
//! Body: tag u16, date u32 (days since 0000-12-31), total u32, issued u32, terms of the sale (u8 and u32),
//! id, name.

use bookline_protocol::event_tag;
use bookline_protocol::limits::EVENT_TICKETS_MAX;
use serde_json::{Value, json};

use super::compaction::Compaction;
use super::invalid::{InvalidChange, check_id, check_text};
use super::kind::Kind;
use super::record::Record;
use super::target::Target;
use crate::codec::fields::{Fields, SALE_TERMS_BYTES, put_sale_terms, put_string};
use crate::codec::{DecodeError, Sequence};
use crate::domain::{Contradiction, EventNumber, EventValues};

/// Creates an event. In a snapshot it has the values that the last update of the event set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventAdded<'a> {
    pub tag: u16,
    /// Its issued tickets are those that another system issued before an import. Their ids are unknown.
    pub values: EventValues<'a>,
}

impl<'a> Kind<'a> for EventAdded<'a> {
    fn body_bytes(&self) -> usize {
        2 + values_bytes(&self.values)
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.tag.to_le_bytes());
        put_values(out, &self.values);
    }

    fn decode_body(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        Ok(Self { tag: body.u16()?, values: values(body)? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.tag })
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        check_values(number, self.tag, &self.values)
    }

    fn apply(&self, sequence: Sequence, target: &mut impl Target) -> Result<(), Contradiction> {
        target.create_event(EventNumber(sequence.0), &self.values)
    }

    fn compaction(&self) -> Compaction<'a> {
        Compaction::Event { tag: self.tag, values: self.values }
    }

    fn json(&self) -> Value {
        let EventValues { id, issued, .. } = self.values;
        let mut json = json!({ "fact": "event_created", "id": id, "issued_before": issued });
        put_values_json(&mut json, &self.values);
        json
    }
}

/// The bytes of encoded [`EventValues`].
pub(super) fn values_bytes(values: &EventValues<'_>) -> usize {
    4 + 4 + 4 + SALE_TERMS_BYTES + 2 + values.id.len() + 2 + values.name.len()
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

/// Checks that the rules can have decided these values of the event of this number and tag.
pub(super) fn check_values(number: u64, tag: u16, values: &EventValues<'_>) -> Result<(), InvalidChange> {
    let EventValues { id, name, total, issued, .. } = *values;
    check_id("id of event", number, id)?;
    check_text("name of event", number, name)?;
    let expected = event_tag(id);
    if tag != expected {
        return Err(InvalidChange::EventTag { number, tag, expected });
    }
    if !(1..=EVENT_TICKETS_MAX).contains(&total) || issued > total {
        return Err(InvalidChange::Tickets { number, total, issued });
    }
    Ok(())
}

/// Adds values to the JSON of a change, as replies show them.
pub(super) fn put_values_json(json: &mut Value, values: &EventValues<'_>) {
    let EventValues { name, date, total, terms, .. } = *values;
    json["name"] = name.into();
    json["date"] = date.iso().to_string().into();
    json["total_tickets"] = total.into();
    json["sales"] = json!(terms.sales);
    if let Some(tickets) = terms.max_per_booking.get() {
        json["max_per_booking"] = tickets.into();
    }
}
