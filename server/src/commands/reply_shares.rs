//! The shares of replies in a turn.

use super::buffers::{LARGE_REPLY_SHARE_BYTES, Share};
use super::service::Service;
use crate::state::NoShare;

/// The shares of the buffers that the replies of a turn need.
#[derive(Debug, Default)]
pub struct ReplyShares {
    /// One that was waited for, until the reply that needs it takes it.
    pub waited_for: Option<Share>,
    /// The share of a large reply that is among the replies of the turn.
    pub large: Option<Share>,
}

impl ReplyShares {
    /// A share of at least `bytes`: the one that was waited for, if it is large enough, or else one that is
    /// free.
    pub fn take(&mut self, service: &Service, bytes: usize) -> Result<Share, NoShare> {
        let waited_for = self.waited_for.take().filter(|share| share.bytes() >= bytes);
        waited_for.or_else(|| service.buffers.try_reply(bytes)).ok_or(NoShare(bytes))
    }

    /// Takes the share of a large reply that is not written in chunks, unless the turn has it already.
    pub fn acquire_large(&mut self, service: &Service) -> Result<(), NoShare> {
        if self.large.is_none() {
            self.large = Some(self.take(service, LARGE_REPLY_SHARE_BYTES)?);
        }
        Ok(())
    }
}
