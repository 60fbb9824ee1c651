//! A request with a key.

use super::Request;
use crate::key::Key;

/// A request that changes the state, and the key that makes its change happen exactly once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedRequest<'a> {
    /// The key.
    pub key: Key<'a>,
    /// The request, whose [`Request::changes`] is true.
    pub request: Request<'a>,
}
