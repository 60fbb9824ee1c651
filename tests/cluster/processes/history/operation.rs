//! What one client did to one register, an event or an hour, and what it was answered.

use std::fmt::Debug;
use std::hash::Hash;

/// A sequential object: what it holds, and what requests do to it.
pub trait Register: Clone + Debug + Eq + Hash {
    type Request: Clone + Debug + Eq + Hash;
    type Reply: Clone + Debug + PartialEq;

    /// The object after a request with this reply. `None` if the reply is wrong here.
    fn answered(&self, request: &Self::Request, reply: &Self::Reply) -> Option<Self>;

    /// The object after a request that was executed, and whose reply nobody knows.
    fn executed(&self, request: &Self::Request) -> Self;
}

/// A request to a register.
#[derive(Debug, Clone)]
pub struct Operation<R: Register> {
    pub client: usize,
    /// The logical time at which it was sent first.
    pub sent: u64,
    pub request: R::Request,
    /// The reply, and the logical time at which it was received. `None` if it is unknown whether the request
    /// is executed: at any time after it was sent, or never.
    pub answer: Option<Answer<R>>,
}

#[derive(Debug, Clone)]
pub struct Answer<R: Register> {
    pub received: u64,
    pub reply: R::Reply,
}
