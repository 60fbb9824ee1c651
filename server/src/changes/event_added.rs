//! An event was created.
//!
//! Body: tag u16, then its values.

use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::event_values::{check_values, put_values, put_values_fields, values, values_bytes};
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
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

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { tag: body.u16()?, values: values(body)? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.tag })
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        check_values(number, self.tag, 0, &self.values)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.create_event(EventNumber(origin.sequence.0), &self.values)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Event { tag: self.tag, values: self.values }
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.event(self.values.id, &|line| {
            line.open(ChangeKind::EventCreated.as_str(), origin.micros);
            put_values_fields(line, &self.values, 0);
        });
        Ok(())
    }
}
