//! An event was created, on the default terms of a sale: in journals of version 0.1.0, and in their
//! snapshots. Today it is journaled as [`super::EventAdded`].
//!
//! Body: tag u16, date u32 (days since 0000-12-31), total u32, issued u32, id, name.

use bookline_protocol::{Date, SaleTerms};

use super::compaction::Compaction;
use super::event_added::EventAdded;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::{Contradiction, EventValues};

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

impl<'a> EventCreated<'a> {
    /// The same as it is journaled today.
    fn added(&self) -> EventAdded<'a> {
        let Self { tag, id, name, date, total, issued } = *self;
        let terms = SaleTerms::default();
        EventAdded { tag, values: EventValues { id, name, date, total, issued, terms } }
    }
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

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
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
        self.added().record()
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        self.added().check(number)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        self.added().apply(origin, target)
    }

    fn compaction(&self, origin: Origin) -> Compaction<'a> {
        self.added().compaction(origin)
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        self.added().tell(origin, listener)
    }
}
