//! What happens in a schedule, in order of time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::clock::Micros;
use super::request::{Answer, RequestId};
use super::server::PendingRead;

#[derive(Debug)]
pub enum Happening {
    /// A server starts, unless it has started meanwhile.
    Starts {
        server: usize,
        life: u32,
    },
    /// A server does its next step, unless it has done one meanwhile.
    Wakes {
        server: usize,
        turn: u32,
    },
    /// A request arrives at the stream.
    Arrives {
        request: RequestId,
    },
    /// The stream stores the first proposal of its leader.
    Stores,
    /// An answer arrives at a server, or the server gives up waiting for it.
    Answered {
        request: RequestId,
        answer: Answer,
    },
    /// A client sends something.
    Client,
    /// A server looks at its state for a client. These many commits were acknowledged when the read began.
    Looks {
        server: usize,
        acknowledged: usize,
    },
    /// A server has looked, and checks now whether it may answer.
    Looked {
        server: usize,
        life: u32,
        read: PendingRead,
    },
    Fault,
    /// The leader is told to resign, if there is one.
    Resigns,
    /// The leader of the stream that is alone finds its majority again, or the majority gives it up.
    IsolationEnds,
    ElectionEnds,
    /// The leader of the stream that was given up finds out.
    GivenUpLeaderEnds,
    /// A server of the stream that is behind is not behind any more.
    CatchesUp,
    LinkIsUp {
        server: usize,
    },
    FaultsEnd,
    RecoveryEnds,
}

/// A happening with its time, and a number that keeps those of one time in order.
#[derive(Debug)]
struct Scheduled(Micros, u64, Happening);

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// What is to happen. Of those of one time the earlier scheduled one comes first.
#[derive(Debug, Default)]
pub struct Happenings {
    queue: BinaryHeap<Reverse<Scheduled>>,
    scheduled: u64,
}

impl Happenings {
    pub fn push(&mut self, at: Micros, happening: Happening) {
        self.scheduled += 1;
        self.queue.push(Reverse(Scheduled(at, self.scheduled, happening)));
    }

    /// The next one and its time.
    pub fn pop(&mut self) -> Option<(Micros, Happening)> {
        self.queue.pop().map(|Reverse(Scheduled(at, _, happening))| (at, happening))
    }
}
