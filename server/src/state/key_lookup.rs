//! The lookup of the key of a request.

use super::context::Context;
use super::keyed::UnusedKey;
use super::keys::{KeyHash, KeyName, KeyShard};
use super::store::Store;
use crate::storage::log::AppendError;
use crate::sync::MutexGuard;

/// A key of a request, and the hash of the request without it.
#[derive(Clone, Copy)]
pub struct RequestKey<'a> {
    /// Whose key it is: [`super::Identity::key_owner`].
    pub owner: &'a str,
    pub key: &'a str,
    pub request: [u8; 16],
}

/// What is known of a key. Its shard is locked.
pub enum KeyState<'a> {
    /// It was not used, or is forgotten.
    Unused(UnusedKey<'a>),
    /// It was used for this request.
    Used(UsedKeyGuard<'a>),
    /// It was used for another request.
    Reused,
}

/// A key that was used for the request that has it again.
pub struct UsedKeyGuard<'a> {
    shard: MutexGuard<'a, KeyShard>,
    hash: KeyHash,
    name: KeyName<'a>,
}

impl UsedKeyGuard<'_> {
    /// The stored reply, a line with its line feed.
    pub fn reply(&self) -> &[u8] {
        let found = self.shard.find(self.hash, self.name);
        found.expect("the key was found under the same lock").reply()
    }
}

impl Store {
    /// Looks a key up, and locks it. If there is little space, the oldest keys are forgotten before.
    ///
    /// # Errors
    ///
    /// [`AppendError::Backpressure`] if they have to be forgotten and the log cannot be appended to.
    pub fn look_up<'a>(
        &'a self,
        context: &mut Context,
        RequestKey { owner, key, request }: RequestKey<'a>,
    ) -> Result<KeyState<'a>, AppendError> {
        let name = KeyName { identity: owner, key };
        let keys = &self.records.keys;
        let hash = keys.hash(name);
        let mut may_forget = true;
        loop {
            let shard = keys.lock(hash);
            context.depends_on.include(shard.last);
            match shard.find(hash, name) {
                Some(stored) if stored.request == request => {
                    return Ok(KeyState::Used(UsedKeyGuard { shard, hash, name }));
                }
                Some(_) => return Ok(KeyState::Reused),
                None => {}
            }
            let usage = &*self.usage.keys;
            let place = usage.count.reserve(1);
            if !may_forget || (place.is_ok() && usage.has_spare_bytes()) {
                let key = UnusedKey { shard, hash, name, request, usage, place, used: None };
                return Ok(KeyState::Unused(key));
            }
            drop((place, shard));
            may_forget = match self.forget_keys_for_another() {
                Err(AppendError::Backpressure) => return Err(AppendError::Backpressure),
                // The log takes no change at all, as the request will find unless it is rejected before.
                Err(
                    AppendError::ReadOnly { .. }
                    | AppendError::Misconfigured { .. }
                    | AppendError::Unavailable { .. }
                    | AppendError::Closed,
                ) => false,
                Ok(has_forgotten) => has_forgotten,
            };
        }
    }
}
