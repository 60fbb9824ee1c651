//! An event was changed by UPDATE.
//!
//! Body: tag u16, event u64, then its values.

use serde_json::{Value, json};

use super::compaction::Compaction;
use super::event_values::{check_values, put_values, put_values_json, values, values_bytes};
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::record::Record;
use super::target::Target;
use super::tickets_issued::{EVENT_KEY_BYTES, event_key, event_key_bytes};
use crate::codec::fields::Fields;
use crate::codec::{DecodeError, Sequence};
use crate::domain::{Contradiction, EventKey, EventValues};

/// Sets the name, the date, the number of tickets and the terms of the sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventUpdated<'a> {
    pub event: EventKey,
    /// All values after the update. The id and the issued tickets are those before it.
    pub values: EventValues<'a>,
}

impl<'a> Kind<'a> for EventUpdated<'a> {
    fn body_bytes(&self) -> usize {
        EVENT_KEY_BYTES + values_bytes(&self.values)
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&event_key_bytes(self.event));
        put_values(out, &self.values);
    }

    fn decode_body(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        Ok(Self { event: event_key(body)?, values: values(body)? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        check_values(self.event.number.0, self.event.tag, &self.values)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, _sequence: Sequence, target: &mut impl Target) -> Result<(), Contradiction> {
        target.update_event(self.event, &self.values)
    }

    fn compaction(&self) -> Compaction<'a> {
        Compaction::Update { event: self.event, values: self.values }
    }

    fn json(&self) -> Value {
        let EventValues { id, total, issued, .. } = self.values;
        let mut json = json!({
            "fact": "event_updated", "event": self.event.number.0, "event_id": id,
            "available_tickets": total - issued.min(total),
        });
        put_values_json(&mut json, &self.values);
        json
    }
}
