//! A key that was used and is not forgotten: in snapshots only.
//!
//! Body: time of the use i64, in microseconds since 1970 (UTC), the used key.

use super::compaction::Compaction;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::target::Target;
use super::used_key::UsedKey;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::Contradiction;

/// Its number is the sequence number of the commit that used the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyKept<'a> {
    pub used: UsedKey<'a>,
    /// When it was used, in microseconds since 1970 (UTC).
    pub at: i64,
}

impl<'a> Kind<'a> for KeyKept<'a> {
    fn body_bytes(&self) -> usize {
        8 + self.used.bytes()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.at.to_le_bytes());
        self.used.encode(out);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { at: body.i64()?, used: UsedKey::decode(body)? })
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        self.used.check(number)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.use_key(&self.used, self.at)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        let Self { used, at } = *self;
        Compaction::Key { used, at }
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.internal(&|line| {
            line.open("key_kept", origin.micros);
            line.time("used_at", self.at);
            self.used.put_fields(line);
        });
        Ok(())
    }
}
