//! The context of a request.

use super::account::Identity;
use crate::codec::Sequence;

/// Who sends a request, when it is decided, and what its reply depends on. Requests of one turn share it.
#[derive(Debug, Clone, Default)]
pub struct Context {
    pub identity: Identity,
    /// The time of the last decision, in microseconds since 1970 (UTC). It is read under the locks that the
    /// decision holds, and is the time of its commit.
    pub now: i64,
    pub depends_on: DependsOn,
    /// The changes that were committed in this turn.
    pub committed: Committed,
    /// Hours of entries, counted for each of their people, that the last decision was about.
    pub person_hours: u64,
}

/// The changes of a turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    pub count: u32,
    /// When the first of them was decided, in microseconds since 1970 (UTC).
    pub since: i64,
}

impl Committed {
    #[inline]
    pub(super) fn add(&mut self, now: i64) {
        if self.count == 0 {
            self.since = now;
        }
        self.count += 1;
    }
}

/// The newest commit that a reply reveals: the maximum over the shards, and the listing, that it was computed
/// from. The reply is sent when that commit is durable, so that it reveals nothing that a crash could take
/// back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DependsOn(pub Sequence);

impl DependsOn {
    pub(super) fn include(&mut self, last: Sequence) {
        self.0 = self.0.max(last);
    }
}
