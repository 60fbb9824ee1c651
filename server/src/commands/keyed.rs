//! Execution of requests with a key.

use std::convert::Infallible;
use std::hash::Hasher;

use bookline_protocol::{KeyedRequest, Refusal, Request};
use siphasher::sip128::{Hasher128, SipHasher24};

use super::execute;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::{Error, KeyState, RequestKey};

/// Executes a request, unless its key was used: then the reply is the stored one, or a refusal.
pub fn execute_keyed(
    turn: &mut Turn,
    service: &Service,
    KeyedRequest { key, request }: &KeyedRequest<'_>,
) -> ExecutionStatus {
    // The key is used while the turn is changed.
    let identity = turn.context.identity.clone();
    let owner = identity.key_owner();
    let request_key = RequestKey { owner, key: key.as_str(), request: turn.hash_of(request) };
    match service.store.look_up(&mut turn.context, request_key) {
        Ok(KeyState::Unused(key)) => execute(turn, service, request, Some(key)),
        Ok(KeyState::Used(key)) => turn.repeat(service, key.reply()),
        Ok(KeyState::Reused) => turn.refuse(Refusal::key_reused(
            "the key was used for another request: draw a new key for each change, and send the old one only \
             with the same request",
        )),
        Err(error) => turn.fail(Error::<Infallible>::Append(error), |never| match never {}),
    }
}

impl Turn {
    /// The hash of a request, by which the same request is recognized. It is on disk for a day, so it must
    /// not depend on the version.
    fn hash_of(&mut self, request: &Request<'_>) -> [u8; 16] {
        self.line.clear();
        request.write_line(&mut self.line);
        let mut hasher = SipHasher24::new();
        hasher.write(&self.line);
        hasher.finish128().as_bytes()
    }
}
