//! What every kind of change has.

use serde_json::Value;

use super::compaction::Compaction;
use super::invalid::InvalidChange;
use super::record::Record;
use super::target::Target;
use crate::codec::fields::Fields;
use crate::codec::{DecodeError, Sequence};
use crate::domain::{Contradiction, EntryNumber};

/// A kind of change. [`super::Change`] has the methods' documentation.
pub(super) trait Kind<'a>: Sized {
    /// The length of the encoded body, in bytes.
    fn body_bytes(&self) -> usize;

    fn encode_body(&self, out: &mut Vec<u8>);

    /// Decodes the body. The caller checks that nothing is left.
    fn decode_body(body: &mut Fields<'a>) -> Result<Self, DecodeError>;

    fn record(&self) -> Option<Record> {
        None
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange>;

    fn modifies(&self) -> Option<u64> {
        None
    }

    fn apply(&self, sequence: Sequence, target: &mut impl Target) -> Result<(), Contradiction>;

    fn compaction(&self) -> Compaction<'a>;

    fn ends(&self) -> Option<EntryNumber> {
        None
    }

    fn json(&self) -> Value;
}
