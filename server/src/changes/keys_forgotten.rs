//! Keys were forgotten: all that were used up to a commit.
//!
//! Body: sequence number of that commit u64.

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::target::Target;
use crate::codec::fields::Fields;
use crate::codec::{DecodeError, Sequence};
use crate::domain::Contradiction;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeysForgotten {
    /// A commit before this one.
    pub through: Sequence,
}

pub(super) const BODY_BYTES: usize = 8;

impl Kind<'_> for KeysForgotten {
    fn body_bytes(&self) -> usize {
        BODY_BYTES
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.through.0.to_le_bytes());
    }

    fn decode_body(body: &mut Fields<'_>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { through: Sequence(body.u64()?) })
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        if (1..number).contains(&self.through.0) {
            Ok(())
        } else {
            Err(InvalidChange::KeysOfLaterCommits { commit: number, through: self.through.0 })
        }
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.forget_keys(self.through)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'static> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.forget_keys(self.through);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.internal(&|line| {
            line.open("keys_forgotten", origin.micros);
            line.number("through", self.through.0);
        });
        Ok(())
    }
}
