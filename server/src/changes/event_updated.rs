//! An event was changed by UPDATE.
//!
//! Body: tag u16, event u64, held u32, then its values. The earlier type 9 had no held tickets.

use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_after::EventAfter;
use super::event_key::{EVENT_KEY_BYTES, event_key, event_key_bytes};
use super::event_values::{
    VALUES_BYTES_MAX, check_values, put_values, put_values_fields, values, values_bytes,
};
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::{Contradiction, EventKey, EventValues};

/// Sets the name, the date, the number of tickets and the terms of the sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventUpdated<'a> {
    pub event: EventKey,
    /// Tickets of the event that holds put aside.
    pub held: u32,
    /// All values after the update. The id and the issued tickets are those before it.
    pub values: EventValues<'a>,
}

const TYPE_WITHOUT_HELD: u8 = 9;

pub(super) const BODY_BYTES_MAX: usize = EVENT_KEY_BYTES + 4 + VALUES_BYTES_MAX;

impl<'a> EventUpdated<'a> {
    fn after(&self) -> EventAfter<'a> {
        let EventValues { id, total, issued, .. } = self.values;
        EventAfter { key: self.event, id, total, issued, held: self.held }
    }
}

impl<'a> Kind<'a> for EventUpdated<'a> {
    fn body_bytes(&self) -> usize {
        EVENT_KEY_BYTES + 4 + values_bytes(&self.values)
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&event_key_bytes(self.event));
        out.extend_from_slice(&self.held.to_le_bytes());
        put_values(out, &self.values);
    }

    fn decode_body(body: &mut Fields<'a>, type_on_disk: u8) -> Result<Self, DecodeError> {
        let event = event_key(body)?;
        let held = if type_on_disk == TYPE_WITHOUT_HELD { 0 } else { body.u32()? };
        Ok(Self { event, held, values: values(body)? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        check_values(self.event.number.0, self.event.tag, self.held, &self.values)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        self.after().fits(target.update_event(self.event, &self.values)?)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.update_event(self.event.number, &self.values);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.event(self.values.id, &|line| {
            line.open(ChangeKind::EventUpdated.as_str(), origin.micros);
            put_values_fields(line, &self.values, self.held);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bookline_protocol::{Date, SaleTerms, Sales};

    use super::*;
    use crate::changes::Change;
    use crate::domain::EventNumber;

    #[test]
    fn update_of_the_type_without_held_tickets_is_read_and_written_with_the_type_of_today() {
        let key = [0x34, 0x12, 7, 0, 0, 0, 0, 0, 0, 0];
        let values = [
            &[0xa0, 0x4a, 0x0b, 0, 10, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 4, 0][..],
            b"jazz",
            &[4, 0],
            b"Jazz",
        ]
        .concat();
        let earlier = [&[9, 39, 0, 0][..], &key, &values].concat();
        let event = EventKey { tag: 0x1234, number: EventNumber(7) };
        let date = Date::from_day_number(740_000).expect("a day of 2027");
        let terms = SaleTerms { sales: Sales::Closed, ..SaleTerms::default() };
        let values_of_event = EventValues { id: "jazz", name: "Jazz", date, total: 10, issued: 3, terms };
        let updated = Change::from(EventUpdated { event, held: 0, values: values_of_event });
        assert_eq!(Change::split(&earlier), Ok((updated, &[][..])));

        let today = [&[11, 43, 0, 0][..], &key, &[0; 4], &values].concat();
        let mut written = Vec::new();
        updated.encode(&mut written);
        assert_eq!(written, today);
        assert_eq!(Change::split(&today), Ok((updated, &[][..])));
    }
}
