//! Changes with a key: the reply is stored with it.

use super::error::{Error, NoShare};
use super::keys::{KeyHash, KeyName, KeyShard, key_bytes};
use super::limits::{Full, KeyUsage, Reservation};
use crate::changes::{Change, KeyUsed, UsedKey};
use crate::codec::Sequence;
use crate::sync::MutexGuard;

/// A key that the request may use: its shard is locked, so that no other request uses it meanwhile.
pub struct UnusedKey<'a> {
    /// Its place among the keys that may be remembered. The first field, so that it is released before the
    /// shard is unlocked: counters change under the lock.
    pub(super) place: Result<Reservation<'a>, Full>,
    pub(super) shard: MutexGuard<'a, KeyShard>,
    pub(super) hash: KeyHash,
    pub(super) name: KeyName<'a>,
    pub(super) request: [u8; 16],
    pub(super) usage: &'a KeyUsage,
    /// The commit that uses it, and the time of that commit, in microseconds since 1970 (UTC).
    pub(super) used: Option<(Sequence, i64)>,
}

impl UnusedKey<'_> {
    /// Stores the reply, if the key was used. This takes longer than a change, so it is done when the records
    /// are not locked any more. Others who look the key up wait until then.
    pub fn store(mut self, reply: &[u8]) {
        if let Some((sequence, at)) = self.used
            && let Ok(place) = self.place
        {
            place.keep();
            let KeyName { identity, key } = self.name;
            let used = UsedKey { identity, key, request: self.request, reply };
            self.shard.insert(sequence, at, self.hash, &used);
        }
    }
}

/// Adds a reply to those of a turn.
pub type WriteReply<'w, V> = dyn FnMut(&V, &mut Vec<u8>) -> Result<(), NoShare> + 'w;

/// The key of a change, and how the reply is written that is stored with it. `V` is what the reply shows.
pub struct Keyed<'r, 'k, V> {
    pub key: &'r mut UnusedKey<'k>,
    /// The replies of the turn, to which this one is added.
    pub replies: &'r mut Vec<u8>,
    /// Adds the reply, unless there is no memory for it.
    pub write: &'r mut WriteReply<'r, V>,
}

/// Writes the reply to a request with a key, which the commit of the change is to store. For that it is
/// called before the commit is appended, under the locks of the records that the change is about.
#[inline]
pub(super) fn record<'r, 'k, V, R>(
    keyed: Option<Keyed<'r, 'k, V>>,
    view: &V,
) -> Result<Option<Recorded<'r, 'k>>, Error<R>> {
    keyed.map(|keyed| Recorded::new(keyed, view)).transpose()
}

/// A reply that was written, for a commit that is not appended yet. It is taken back unless the key is used.
pub(super) struct Recorded<'r, 'k> {
    key: &'r mut UnusedKey<'k>,
    replies: &'r mut Vec<u8>,
    /// The offset of the reply in `replies`.
    start: usize,
    /// The memory of the key and its reply.
    bytes: Option<Reservation<'k>>,
}

impl<'r, 'k> Recorded<'r, 'k> {
    fn new<V, R>(keyed: Keyed<'r, 'k, V>, view: &V) -> Result<Self, Error<R>> {
        let Keyed { key, replies, write } = keyed;
        let start = replies.len();
        if let Err(full) = &key.place {
            return Err((*full).into());
        }
        let mut recorded = Self { key, replies, start, bytes: None };
        write(view, recorded.replies)?;
        let UnusedKey { name: KeyName { identity, key }, usage, .. } = *recorded.key;
        let bytes = key_bytes(identity.len(), key.len(), recorded.replies.len() - start);
        recorded.bytes = Some(usage.bytes.reserve(bytes)?);
        Ok(recorded)
    }

    /// The change that stores the reply.
    pub fn change(&self) -> Change<'_> {
        let UnusedKey { name: KeyName { identity, key }, request, .. } = *self.key;
        KeyUsed(UsedKey { identity, key, request, reply: &self.replies[self.start..] }).into()
    }

    /// The commit with this sequence number and time uses the key.
    pub fn mark_used(mut self, sequence: Sequence, at: i64) {
        self.key.used = Some((sequence, at));
        if let Some(bytes) = self.bytes.take() {
            bytes.keep();
        }
    }
}

impl Drop for Recorded<'_, '_> {
    fn drop(&mut self) {
        if self.key.used.is_none() {
            self.replies.truncate(self.start);
        }
    }
}
