//! The key of an event, as changes hold it.
//!
//! Encoded: tag u16, event u64.

use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::{Contradiction, EventKey, EventNumber};

/// The bytes of an encoded [`EventKey`].
pub(super) const EVENT_KEY_BYTES: usize = 2 + 8;

#[inline]
pub(super) fn event_key_bytes(event: EventKey) -> [u8; EVENT_KEY_BYTES] {
    let mut key = [0; EVENT_KEY_BYTES];
    key[..2].copy_from_slice(&event.tag.to_le_bytes());
    key[2..].copy_from_slice(&event.number.0.to_le_bytes());
    key
}

pub(super) fn event_key(body: &mut Fields<'_>) -> Result<EventKey, DecodeError> {
    Ok(EventKey { tag: body.u16()?, number: EventNumber(body.u64()?) })
}

/// Checks that the event of a change has the id that the change names.
pub(super) fn check_event_id(event: EventKey, id: &str, found: &str) -> Result<(), Contradiction> {
    if id == found {
        return Ok(());
    }
    Err(Contradiction(format!("a change of event {} names it {id}, and it is {found}", event.number.0)))
}
