//! Which lines of commits are shown.

use bookline_protocol::{Id, Timestamp};
use clap::Args;

use super::since::parse_since;
use crate::argument::parse_id;
use crate::changes::EntryPeople;
use crate::changes::commit::Commit;

/// Which changes are shown: all, or those for which all of these are true.
#[derive(Debug, Clone, Default, Args)]
pub struct Wanted {
    /// Show what this account did, and what was done to it
    #[arg(long, value_name = "NAME", value_parser = parse_id)]
    account: Option<Id<'static>>,
    /// Show what was done from this moment on: as in 2026-11-27T05:48:00Z, or how long ago as in 30m, 2h or
    /// 7d
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    since: Option<Timestamp>,
    /// Show what was done to this event
    #[arg(long, value_name = "ID", value_parser = parse_id, conflicts_with = "person")]
    event: Option<Id<'static>>,
    /// Show what was done in the calendar of this person
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    person: Option<Id<'static>>,
}

impl Wanted {
    /// Whether lines of this commit may be wanted, by its time.
    pub fn may_have(&self, commit: &Commit<'_>) -> bool {
        self.since.is_none_or(|since| commit.micros >= since.0)
    }

    /// Whether a line about this event is wanted, in a commit of the account `by`.
    pub fn event(&self, id: &str, by: Option<&str>) -> bool {
        self.actor(by) && self.person.is_none() && is_any_or(self.event.as_ref(), id)
    }

    /// Whether a line about an entry of these people is wanted.
    pub fn entry(&self, people: EntryPeople<'_>, by: Option<&str>) -> bool {
        let is_of_person =
            self.person.as_ref().is_none_or(|person| people.iter().any(|id| id == person.as_str()));
        self.actor(by) && self.event.is_none() && is_of_person
    }

    /// Whether a line about this account is wanted.
    pub fn account(&self, name: &str, by: Option<&str>) -> bool {
        let is_about_all = self.event.is_none() && self.person.is_none();
        is_about_all && (self.actor(by) || is_any_or(self.account.as_ref(), name))
    }

    /// Whether a line is wanted that does not say what it is about.
    pub fn other(&self, by: Option<&str>) -> bool {
        self.actor(by) && self.event.is_none() && self.person.is_none()
    }

    fn actor(&self, by: Option<&str>) -> bool {
        self.account.as_ref().is_none_or(|account| by == Some(account.as_str()))
    }
}

fn is_any_or(wanted: Option<&Id<'_>>, id: &str) -> bool {
    wanted.is_none_or(|wanted| wanted.as_str() == id)
}
