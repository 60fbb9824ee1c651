//! A turn of a connection.

use bookline_protocol::Verb;

use super::first_time_search::FirstTimeSearch;
use super::login::Login;
use super::reply_shares::ReplyShares;
use super::turn_budget::TurnBudget;
use super::turn_counts::TurnCounts;
use crate::feed::Watcher;
use crate::state::ticket_ids::TicketIdGenerator;
use crate::state::{Context, DependsOn};

/// What the requests of a turn share. The replies may be sent when the commit that they depend on is durable.
#[derive(Debug, Default)]
pub struct Turn {
    pub context: Context,
    /// Reply lines.
    pub replies: Vec<u8>,
    /// Its commands are not in [`super::Counters::commands`] yet.
    pub budget: TurnBudget,
    /// What was executed and refused, and is not in the counters of the server yet.
    pub counts: TurnCounts,
    pub shares: ReplyShares,
    /// What the connection watches, if it does. It lives as long as the connection.
    pub watcher: Option<Box<Watcher>>,
    /// The account of the connection. It lives as long as the connection.
    pub login: Login,
    /// In a cluster, whether replies of this turn show something that another leader could change.
    pub looks: bool,
    /// In a cluster, what the replies before the request that is executed depend on, and whether they look.
    pub(super) before_request: (DependsOn, bool),
    /// Whether the request that is executed was counted as a change of its account in an earlier turn.
    pub(super) is_counted: bool,
    pub(super) ticket_ids: TicketIdGenerator,
    /// What the request has found that is to be executed again.
    pub(super) first_time: Option<FirstTimeSearch>,
    /// The line of a request with a key, to compute its hash.
    pub(super) line: Vec<u8>,
}

/// Person-hours of a change after which a turn ends: some 400 µs under locks.
const TURN_PERSON_HOURS_MAX: u64 = 2_000;

impl Turn {
    /// Ends a request that is not to be executed again: nothing of it is kept for the next one.
    #[inline]
    pub fn end_request(&mut self, verb: Verb) {
        self.counts.executed(verb);
        self.is_counted = false;
        self.login.hashed = None;
    }

    /// Ends the turn if the last decision was about many hours of many people.
    pub(super) fn charge_person_hours(&mut self) {
        if std::mem::take(&mut self.context.person_hours) > TURN_PERSON_HOURS_MAX {
            self.budget.end_after_long_locks();
        }
    }
}
