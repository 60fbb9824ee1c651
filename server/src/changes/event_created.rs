//! An event was created.
//!
//! Body: tag u16, date u32 (days since 0000-12-31), total u32, issued u32, id, name.

use bookline_protocol::limits::EVENT_TICKETS_MAX;
use bookline_protocol::{Date, event_tag};
use serde_json::{Value, json};

use super::compaction::Compaction;
use super::invalid::{InvalidChange, check_id, check_text};
use super::kind::Kind;
use super::record::Record;
use super::target::Target;
use crate::codec::fields::{Fields, put_string};
use crate::codec::{DecodeError, Sequence};
use crate::domain::{Contradiction, EventNumber, EventValues};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCreated<'a> {
    pub tag: u16,
    pub id: &'a str,
    pub name: &'a str,
    pub date: Date,
    /// All tickets of the event, including those issued.
    pub total: u32,
    /// Tickets that another system issued before an import. Their ids are unknown.
    pub issued: u32,
}

impl<'a> Kind<'a> for EventCreated<'a> {
    fn body_bytes(&self) -> usize {
        2 + 4 + 4 + 4 + 2 + self.id.len() + 2 + self.name.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.tag.to_le_bytes());
        out.extend_from_slice(&self.date.day_number().to_le_bytes());
        out.extend_from_slice(&self.total.to_le_bytes());
        out.extend_from_slice(&self.issued.to_le_bytes());
        put_string(out, self.id);
        put_string(out, self.name);
    }

    fn decode_body(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            tag: body.u16()?,
            date: body.date()?,
            total: body.u32()?,
            issued: body.u32()?,
            id: body.string()?,
            name: body.string()?,
        })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.tag })
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        let Self { tag, id, name, total, issued, .. } = *self;
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

    fn apply(&self, sequence: Sequence, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { id, name, date, total, issued, .. } = *self;
        let event = EventValues { id, name, date, total, issued };
        target.create_event(EventNumber(sequence.0), &event)
    }

    fn compaction(&self) -> Compaction<'a> {
        Compaction::Event { tag: self.tag, total: self.total, issued: self.issued }
    }

    fn json(&self) -> Value {
        json!({
            "fact": "event_created", "id": self.id, "name": self.name, "date": self.date.iso().to_string(),
            "total_tickets": self.total, "issued_before": self.issued,
        })
    }
}
