//! A key was used: the changes before it in the commit are those of its request.
//!
//! Body: the used key.

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsed<'a>(pub UsedKey<'a>);

impl<'a> Kind<'a> for KeyUsed<'a> {
    fn body_bytes(&self) -> usize {
        self.0.bytes()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        UsedKey::decode(body).map(Self)
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        self.0.check(number)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.use_key(&self.0, origin.decided_at()?)
    }

    fn compaction(&self, origin: Origin) -> Compaction<'a> {
        // A snapshot holds no change that depends on its time.
        origin.micros.map_or(Compaction::Omitted, |at| Compaction::Key { used: self.0, at })
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.internal(&|line| {
            line.open("key_used", origin.micros);
            self.0.put_fields(line);
        });
        Ok(())
    }
}
