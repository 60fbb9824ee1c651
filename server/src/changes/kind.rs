//! What every kind of change has.

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::entry_list::Existing;
use super::invalid::InvalidChange;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::Contradiction;

/// A kind of change. [`super::Change`] has the methods' documentation.
pub(super) trait Kind<'a>: Sized {
    /// The length of the encoded body, in bytes.
    fn body_bytes(&self) -> usize;

    /// Encodes the body, for the last type of this kind.
    fn encode_body(&self, out: &mut Vec<u8>);

    /// Decodes the body of a change of this type on disk. The caller checks that nothing is left.
    fn decode_body(body: &mut Fields<'a>, type_on_disk: u8) -> Result<Self, DecodeError>;

    fn record(&self) -> Option<Record> {
        None
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange>;

    fn modifies(&self) -> Option<u64> {
        None
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction>;

    fn compaction(&self, origin: Origin) -> Compaction<'a>;

    fn supersede(&self, _at: i64, _earlier: &mut impl Earlier) {}

    /// The entries of earlier commits that it ends or moves.
    fn existing(&self) -> Option<Existing<'a>> {
        None
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError>;
}
