//! What the rows of replies list.

use bookline_protocol::commands::account::Account;
use bookline_protocol::commands::get::Get;
use bookline_protocol::{Request, Verb};

/// What a command lists, a row for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The events of GET.
    Events,
    /// The tickets of TICKETS.
    Tickets,
    /// The days of GET of a range, with their entries.
    Days,
    /// The times of FREE.
    Times,
    /// The hours of HOD, with their meetings.
    Hours,
    /// The accounts of ACCOUNT LIST.
    Accounts,
    /// The forms of commands of HELP.
    Forms,
}

impl Listing {
    /// The listing of a command with so many arguments, if it has one.
    pub const fn of(verb: Verb, arguments: usize) -> Option<Self> {
        match verb {
            // With fewer arguments and a table, it is one of an event or a day.
            Verb::Get if arguments == 3 => Some(Self::Days),
            Verb::Get => Some(Self::Events),
            Verb::Free => Some(Self::Times),
            Verb::Tickets => Some(Self::Tickets),
            Verb::Hod => Some(Self::Hours),
            // With more arguments, it changes one.
            Verb::Account if arguments <= 1 => Some(Self::Accounts),
            Verb::Help => Some(Self::Forms),
            _ => None,
        }
    }

    /// The listing of a request, if it has one.
    pub const fn of_request(request: &Request<'_>) -> Option<Self> {
        match request {
            Request::Get(Get::Range { .. }) => Some(Self::Days),
            Request::Get(_) => Some(Self::Events),
            Request::Free(_) => Some(Self::Times),
            Request::Tickets(_) => Some(Self::Tickets),
            Request::Hod(_) => Some(Self::Hours),
            Request::Account(Account::List) => Some(Self::Accounts),
            Request::Help(_) => Some(Self::Forms),
            _ => None,
        }
    }

    /// The verbs of the commands that have one, with commas between them.
    pub fn verbs() -> String {
        let verbs = Verb::ALL.iter().filter(|&&verb| Self::of(verb, 0).is_some());
        verbs.map(|verb| verb.as_str()).collect::<Vec<_>>().join(", ")
    }
}
