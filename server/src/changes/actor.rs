//! The actor of a commit, among the extensions of its header. [`super::commit`] describes them.

use bookline_protocol::Id;
use bookline_protocol::limits::ID_BYTES_MAX;

use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::account::{AccountNumber, Actor};

/// The type of the extension.
const ACTOR: u8 = 1;

/// The type of an extension and the length of its body.
const HEADER_BYTES: usize = 2;

const NUMBER_BYTES: usize = size_of::<u64>();

/// The bytes of an actor as an extension before its name.
pub(super) const ACTOR_BYTES_BEFORE_NAME: usize = HEADER_BYTES + NUMBER_BYTES;

/// The length of the longest actor as an extension.
pub(super) const ACTOR_BYTES_MAX: usize = ACTOR_BYTES_BEFORE_NAME + ID_BYTES_MAX;

const _: () = assert!(ACTOR_BYTES_MAX - HEADER_BYTES <= u8::MAX as usize);

/// The length of this actor as an extension.
#[inline]
pub(super) fn actor_bytes(actor: &Actor<'_>) -> usize {
    ACTOR_BYTES_BEFORE_NAME + actor.name.len()
}

/// This actor as an extension, up to its name.
#[inline]
pub(super) fn actor_before_name(actor: &Actor<'_>) -> [u8; ACTOR_BYTES_BEFORE_NAME] {
    let mut bytes = [0; ACTOR_BYTES_BEFORE_NAME];
    bytes[0] = ACTOR;
    bytes[1] = u8::try_from(NUMBER_BYTES + actor.name.len()).expect("a name has at most 64 bytes");
    bytes[HEADER_BYTES..].copy_from_slice(&actor.account.0.to_le_bytes());
    bytes
}

/// The actor among these extensions, if there is one.
pub(super) fn find_actor(extensions: &[u8]) -> Result<Option<Actor<'_>>, DecodeError> {
    let (mut fields, mut actor) = (Fields::new(extensions), None);
    while !fields.rest().is_empty() {
        let [type_on_disk, length] = fields.array()?;
        let body = fields.take(length.into())?;
        if type_on_disk == ACTOR && actor.replace(decode_actor(body)?).is_some() {
            return Err(DecodeError::Malformed);
        }
    }
    Ok(actor)
}

fn decode_actor(body: &[u8]) -> Result<Actor<'_>, DecodeError> {
    let mut fields = Fields::new(body);
    let account = AccountNumber(fields.u64()?);
    let name = str::from_utf8(fields.rest()).map_err(|_| DecodeError::Malformed)?;
    if account.0 == 0 || Id::new(name).is_err() {
        return Err(DecodeError::Malformed);
    }
    Ok(Actor { account, name })
}
