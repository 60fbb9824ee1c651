//! Execution of a change: its reply, also if that is stored with a key.

use bookline_protocol::Refusal;

use super::chunk_status::CHUNK_BYTES_MAX;
use super::execution_status::ExecutionStatus;
use super::reply_shares::ReplyShares;
use super::service::Service;
use super::turn::Turn;
use crate::state::{Context, Error, Keyed, NoShare, UnusedKey};

impl Turn {
    /// Makes a change by `make`, and writes its reply by `write`. A request without a key gets it after the
    /// change, when no lock is held any more. The reply to one with a key is in the commit of the change, so
    /// it is written before. `refusal` words a rejection.
    pub(super) fn change<V, R>(
        &mut self,
        service: &Service,
        key: Option<UnusedKey<'_>>,
        make: impl FnOnce(&mut Context, Option<Keyed<'_, '_, V>>) -> Result<V, Error<R>>,
        write: impl FnMut(&V, &mut Vec<u8>),
        refusal: impl FnOnce(R) -> Refusal,
    ) -> ExecutionStatus {
        match self.try_change(service, key, make, write) {
            Ok(()) => ExecutionStatus::Complete,
            Err(error) => self.fail(error, refusal),
        }
    }

    /// Makes a change and writes its reply likewise, and refuses nothing.
    pub(super) fn try_change<V, R>(
        &mut self,
        service: &Service,
        key: Option<UnusedKey<'_>>,
        make: impl FnOnce(&mut Context, Option<Keyed<'_, '_, V>>) -> Result<V, Error<R>>,
        mut write: impl FnMut(&V, &mut Vec<u8>),
    ) -> Result<(), Error<R>> {
        let Self { context, replies, shares, .. } = self;
        match key {
            None => make(context, None).map(|view| write(&view, replies)),
            Some(mut key) => {
                let start = replies.len();
                let mut write = |view: &V, replies: &mut Vec<u8>| {
                    write(view, replies);
                    acquire_for(replies.len() - start, shares, service)
                };
                let keyed = Keyed { key: &mut key, replies, write: &mut write };
                let made = make(context, Some(keyed)).map(drop);
                key.store(&replies[start..]);
                made
            }
        }
    }

    /// Writes a stored reply.
    pub(super) fn repeat(&mut self, service: &Service, reply: &[u8]) -> ExecutionStatus {
        let Self { replies, shares, .. } = self;
        match acquire_for(reply.len(), shares, service) {
            Ok(()) => {
                replies.extend_from_slice(reply);
                ExecutionStatus::Complete
            }
            Err(NoShare(bytes)) => ExecutionStatus::NeedsShare(bytes),
        }
    }
}

/// Acquires a share for a reply of this length, unless a connection's own buffer has space for it: a stored
/// reply is not written in chunks.
fn acquire_for(length: usize, shares: &mut ReplyShares, service: &Service) -> Result<(), NoShare> {
    if length <= CHUNK_BYTES_MAX { Ok(()) } else { shares.acquire_large(service) }
}
