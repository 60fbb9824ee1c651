//! What requests need: the roles that allow them.

use crate::role::Role;

/// What a request needs on a server with accounts. [`NEEDS`] is the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it is served before AUTH.
    Nothing,
    /// An account.
    Account,
    /// An account of this role, or of one above it.
    Role(Role),
    /// An organizer, or the account of the person whose calendar it is.
    Calendar,
    /// An admin, or the account of the head of department.
    Report,
}

/// Who asks, as far as it decides what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requester<'a> {
    /// The role of the account.
    pub role: Role,
    /// The person whose calendar is the account's own.
    pub person: Option<&'a str>,
    /// Whether that person is the head of department.
    pub is_head: bool,
}

/// A row of the table of what requests need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedsRow {
    /// What they need.
    pub needs: Needs,
    /// The requests, as `protocol.md` prints them.
    pub requests: &'static str,
}

/// What requests need. `protocol.md` prints this table.
pub const NEEDS: &[NeedsRow] = &[
    NeedsRow { needs: Needs::Nothing, requests: "HELLO, HELP, PING, QUIT, AUTH" },
    NeedsRow {
        needs: Needs::Account,
        requests: "WHOAMI, FREE, UNWATCH, and STATS of the version and the uptime",
    },
    NeedsRow { needs: Needs::Role(Role::Viewer), requests: "GET of events, and WATCH of events" },
    NeedsRow { needs: Needs::Role(Role::Door), requests: "TICKET, TICKETS, CHECKIN" },
    NeedsRow {
        needs: Needs::Role(Role::Seller),
        requests: "BOOK, HOLD, CONFIRM, EXTEND, RELEASE, CANCEL, and TICKETS with `ids=yes`",
    },
    NeedsRow {
        needs: Needs::Role(Role::Organizer),
        requests: "CREATE, UPDATE, DELETE of an event, WATCH of `calendars` or `all`, and WATCH with \
                   `tickets=yes`",
    },
    NeedsRow {
        needs: Needs::Calendar,
        requests: "GET and WATCH of a person, BLOCK, MEET, DELETE of an entry, PUT",
    },
    NeedsRow { needs: Needs::Report, requests: "HOD" },
    NeedsRow { needs: Needs::Role(Role::Admin), requests: "ACCOUNT, SNAPSHOT, and STATS in full" },
];

impl Needs {
    /// Whether an account may make a request that needs this. `is_own` says whether the calendar that the
    /// request is about is this person's own.
    #[inline]
    pub fn allow(self, requester: &Requester<'_>, is_own: impl FnOnce(&str) -> bool) -> bool {
        match self {
            Self::Nothing | Self::Account => true,
            Self::Role(role) => requester.role >= role,
            Self::Calendar => requester.role >= Role::Organizer || requester.person.is_some_and(is_own),
            Self::Report => requester.role >= Role::Admin || requester.is_head,
        }
    }

    /// The lowest role of an account that may do it for everyone. `None` if any account may, or if none is
    /// needed.
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Nothing | Self::Account => None,
            Self::Role(role) => Some(role),
            Self::Calendar => Some(Role::Organizer),
            Self::Report => Some(Role::Admin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Verb;

    #[test]
    fn every_form_stands_in_the_row_of_what_it_needs() {
        for (verb, form) in
            Verb::ALL.iter().flat_map(|verb| verb.forms().iter().map(move |form| (verb, form)))
        {
            let row = NEEDS.iter().find(|row| row.needs == form.needs).expect("a row");
            let mut words = row.requests.split(|c: char| !c.is_ascii_uppercase());
            // A full STATS needs more than its form.
            assert!(words.any(|word| word == verb.as_str()), "{}: {}", form.usage, row.requests);
        }
    }

    #[test]
    fn roles_are_allowed_what_those_before_them_are() {
        let may = |role, needs: Needs| {
            let requester = Requester { role, person: Some("F1"), is_head: false };
            needs.allow(&requester, |person| person == "F2")
        };
        for row in NEEDS {
            for roles in Role::ALL.windows(2) {
                assert!(!may(roles[0], row.needs) || may(roles[1], row.needs), "{row:?} {roles:?}");
            }
            assert!(may(Role::Admin, row.needs), "{row:?}");
        }
    }
}
