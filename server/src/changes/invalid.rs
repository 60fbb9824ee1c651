//! Validation of changes that are read from a disk.
//!
//! A correct checksum does not prove that the rules decided a change. A file that another program wrote or
//! altered must not bring in what the protocol refuses.

use bookline_protocol::group::GroupError;
use bookline_protocol::id::IdError;
use bookline_protocol::limits::EVENT_TICKETS_MAX;
use bookline_protocol::text::TextError;
use bookline_protocol::{Group, Id, Text, TicketId};
use thiserror::Error;

use crate::domain::{Contradiction, EventKey};

/// The rules never decide such a change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidChange {
    #[error("the {field} {number} {error}")]
    Id { field: &'static str, number: u64, error: IdError },
    #[error("the {field} {number} {error}")]
    Text { field: &'static str, number: u64, error: TextError },
    #[error("the group of meeting {number} {error}")]
    Group { number: u64, error: GroupError },
    /// Groups are recorded without repetition.
    #[error("the group of meeting {number} has a member twice")]
    Repetition { number: u64 },
    /// The tag is not that of the id.
    #[error("event {number} has tag {tag:04x}, and its id has tag {expected:04x}")]
    EventTag { number: u64, tag: u16, expected: u16 },
    #[error(
        "event {number} has {total} tickets in all and {issued} of them issued: from 1 to {EVENT_TICKETS_MAX} in all are \
         possible, and no more issued"
    )]
    Tickets { number: u64, total: u32, issued: u32 },
    #[error("event {number} issues no ticket")]
    NoTicket { number: u64 },
    /// A commit refers to what an earlier commit created. The number of an event or entry is the sequence
    /// number of that commit.
    #[error("commit {commit} changes event or entry {number}, which no commit before it can have created")]
    NotOlderThanCommit { commit: u64, number: u64 },
    /// Only meetings have a title, a group, and a host who is not who created them.
    #[error("block {number} has a title or another host")]
    BlockWithTexts { number: u64 },
    /// A ticket does not begin with the tag of its event.
    #[error("event {number} with tag {tag:04x} issues a ticket with tag {found:04x}")]
    TicketTag { number: u64, tag: u16, found: u16 },
}

impl From<InvalidChange> for Contradiction {
    fn from(invalid: InvalidChange) -> Self {
        Self(invalid.to_string())
    }
}

pub(super) fn check_id(field: &'static str, number: u64, id: &str) -> Result<(), InvalidChange> {
    Id::new(id).map(|_| ()).map_err(|error| InvalidChange::Id { field, number, error })
}

pub(super) fn check_text(field: &'static str, number: u64, text: &str) -> Result<(), InvalidChange> {
    Text::new(text).map(|_| ()).map_err(|error| InvalidChange::Text { field, number, error })
}

pub(super) fn check_group(number: u64, group: &str) -> Result<(), InvalidChange> {
    let parsed = Group::new(group).map_err(|error| InvalidChange::Group { number, error })?;
    if parsed.as_str() == group { Ok(()) } else { Err(InvalidChange::Repetition { number }) }
}

/// Checks that there are tickets, and that each begins with the tag of its event.
pub(super) fn check_tickets(event: EventKey, tickets: &[[u8; 16]]) -> Result<(), InvalidChange> {
    let (number, tag) = (event.number.0, event.tag);
    if tickets.is_empty() {
        return Err(InvalidChange::NoTicket { number });
    }
    let other = tickets.iter().map(|id| TicketId(*id).tag()).find(|&found| found != tag);
    other.map_or(Ok(()), |found| Err(InvalidChange::TicketTag { number, tag, found }))
}

#[cfg(test)]
mod tests {
    use bookline_protocol::{Date, MaxPerBooking, SaleTerms, Sales, Slot, event_tag};

    use super::*;
    use crate::changes::{
        BlockTaken, Change, EntryEnded, EntryFreed, EventAdded, EventCreated, EventUpdated, MeetingTaken,
        TicketsBooked, TicketsIssued,
    };
    use crate::domain::{EntryNumber, EventNumber, EventValues};

    fn event<'a>(id: &'a str, name: &'a str, total: u32, issued: u32) -> Change<'a> {
        let date = Date::parse("2026-12-31").expect("a date");
        EventCreated { tag: event_tag(id), id, name, date, total, issued }.into()
    }

    fn added<'a>(id: &'a str, name: &'a str, total: u32, issued: u32) -> Change<'a> {
        let date = Date::parse("2026-12-31").expect("a date");
        let max_per_booking = MaxPerBooking::new(4).expect("a limit");
        let terms = SaleTerms { sales: Sales::Closed, max_per_booking };
        let values = EventValues { id, name, date, total, issued, terms };
        EventAdded { tag: event_tag(id), values }.into()
    }

    fn updated<'a>(id: &'a str, name: &'a str, total: u32, issued: u32) -> Change<'a> {
        let date = Date::parse("2026-12-31").expect("a date");
        let event = EventKey { tag: event_tag(id), number: EventNumber(7) };
        let values = EventValues { id, name, date, total, issued, terms: SaleTerms::default() };
        EventUpdated { event, values }.into()
    }

    fn meeting<'a>(who: &'a str, title: &'a str, group: &'a str, host: &'a str) -> Change<'a> {
        MeetingTaken { slot: slot(), who, title, group, host }.into()
    }

    fn booking<'a>(id: &'a str, total: u32, issued: u32, tickets: &'a [[u8; 16]]) -> Change<'a> {
        let event = EventKey { tag: 0x0102, number: EventNumber(7) };
        TicketsBooked { event, id, total, issued, tickets }.into()
    }

    fn ended<'a>(who: &'a str, title: &'a str, group: &'a str, host: &'a str) -> Change<'a> {
        EntryEnded { slot: slot(), entry: EntryNumber(7), who, title, group, host }.into()
    }

    fn slot() -> Slot {
        Slot::from_index(17_760_009).expect("an hour of 2026")
    }

    #[test]
    fn check_accepts_changes_that_the_rules_decide() {
        let event_key = EventKey { tag: 0x0102, number: EventNumber(7) };
        let tickets = [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]];
        for change in [
            event("rustconf", "Grüße\t🎫\n", EVENT_TICKETS_MAX, EVENT_TICKETS_MAX),
            event("a", &"ü".repeat(200), 1, 0),
            added("rustconf", "Grüße\t🎫\n", EVENT_TICKETS_MAX, EVENT_TICKETS_MAX),
            updated("rustconf", "Grüße\t🎫\n", EVENT_TICKETS_MAX, 1),
            TicketsIssued { event: event_key, tickets: &tickets }.into(),
            BlockTaken { slot: slot(), who: "F1" }.into(),
            meeting("F1", "standup", "F2,F3", "F4"),
            meeting("F1", "with myself", "F1", "F1"),
            EntryFreed { slot: slot(), entry: EntryNumber(1) }.into(),
            booking("rustconf", 3, 1, &tickets),
            ended("F1", "", "", "F1"),
            ended("F1", "standup", "F2,F3", "F4"),
        ] {
            assert_eq!(change.check(9), Ok(()), "{change:?}");
            assert_eq!(change.check_in_commit(9), Ok(()), "{change:?}");
        }
    }

    #[test]
    fn check_refuses_a_change_of_a_record_not_older_than_its_commit() {
        let event = EventKey { tag: 0, number: EventNumber(7) };
        let changes: [Change<'_>; 5] = [
            TicketsIssued { event, tickets: &[[0; 16]] }.into(),
            TicketsBooked { event, id: "a", total: 1, issued: 1, tickets: &[[0; 16]] }.into(),
            EntryFreed { slot: slot(), entry: EntryNumber(7) }.into(),
            ended("F1", "", "", "F1"),
            updated("a", "A", 1, 0),
        ];
        for change in changes {
            assert_eq!(change.check_in_commit(8), Ok(()));
            for commit in [7, 6, 1] {
                let refused = change.check_in_commit(commit);
                assert_eq!(
                    refused,
                    Err(InvalidChange::NotOlderThanCommit { commit, number: 7 }),
                    "{change:?}"
                );
            }
        }
    }

    #[test]
    fn check_refuses_values_that_the_protocol_refuses() {
        let key = EventKey { tag: 0x0102, number: EventNumber(7) };
        let date = Date::parse("2026-12-31").expect("a date");
        let wrong_tag = EventCreated { tag: 0, id: "a", name: "A", date, total: 1, issued: 0 }.into();
        let terms = SaleTerms::default();
        let values = EventValues { id: "a", name: "A", date, total: 1, issued: 0, terms };
        let update_with_wrong_tag = EventUpdated { event: key, values }.into();
        let long = "x".repeat(65);
        let one = [[1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]];
        let many = vec!["F1"; 1_001].join(",");
        for (change, expected) in [
            (event("", "A", 1, 0), "the id of event 9 is empty"),
            (event("a b", "A", 1, 0), "the id of event 9 holds a blank"),
            (event(&long, "A", 1, 0), "the id of event 9 has 65 characters"),
            (event("a", "\u{1b}[2J", 1, 0), "the name of event 9 holds the control character U+001B"),
            (event("a", "", 1, 0), "the name of event 9 is empty"),
            (event("a", "A", 0, 0), "event 9 has 0 tickets in all"),
            (event("a", "A", EVENT_TICKETS_MAX + 1, 0), "event 9 has 1000000001 tickets in all"),
            (event("a", "A", 2, 3), "event 9 has 2 tickets in all and 3 of them issued"),
            (added("", "A", 1, 0), "the id of event 9 is empty"),
            (added("a", "A", 2, 3), "event 9 has 2 tickets in all and 3 of them issued"),
            (updated("a b", "A", 1, 0), "the id of event 7 holds a blank"),
            (updated("a", "", 1, 0), "the name of event 7 is empty"),
            (updated("a", "A", 0, 0), "event 7 has 0 tickets in all"),
            (updated("a", "A", 2, 3), "event 7 has 2 tickets in all and 3 of them issued"),
            (update_with_wrong_tag, "event 7 has tag 0102, and its id has tag"),
            (wrong_tag, "event 9 has tag 0000, and its id has tag"),
            (TicketsIssued { event: key, tickets: &[] }.into(), "event 7 issues no ticket"),
            (
                TicketsIssued { event: key, tickets: &[[3; 16]] }.into(),
                "event 7 with tag 0102 issues a ticket with tag 0303",
            ),
            (BlockTaken { slot: slot(), who: "F 1" }.into(), "the person of block 9 holds a blank"),
            (meeting("", "t", "F2", "F3"), "the person of meeting 9 is empty"),
            (meeting("F1", "t", "F2", "F\n3"), "the host of meeting 9 holds the control character U+000A"),
            (meeting("F1", "", "F2", "F3"), "the title of meeting 9 is empty"),
            (meeting("F1", "t", "", "F3"), "the group of meeting 9 names nobody"),
            (meeting("F1", "t", "F2,,F3", "F3"), "the group of meeting 9 has no member at position 2"),
            (meeting("F1", "t", "F2,F3,F2", "F3"), "the group of meeting 9 has a member twice"),
            (meeting("F1", "t", &many, "F3"), "the group of meeting 9 has 1001 members"),
            (booking("a", 1, 1, &[]), "event 7 issues no ticket"),
            (booking("a b", 1, 1, &one), "the id of event 7 holds a blank"),
            (booking("a", 0, 0, &one), "event 7 has 0 tickets in all"),
            (booking("a", 1, 2, &one), "event 7 has 1 tickets in all and 2 of them issued"),
            (booking("a", 2, 0, &one), "event 7 has 2 tickets in all and 0 of them issued"),
            (ended("F 1", "", "", "F 1"), "the person of block 7 holds a blank"),
            (ended("F1", "t", "", "F1"), "block 7 has a title or another host"),
            (ended("F1", "", "", "F2"), "block 7 has a title or another host"),
            (ended("F1", "", "F2", "F2"), "the title of meeting 7 is empty"),
            (ended("F1", "t", "F2,F2", "F2"), "the group of meeting 7 has a member twice"),
        ] {
            let message = change.check(9).expect_err(expected).to_string();
            assert!(message.starts_with(expected), "{message:?} does not start with {expected:?}");
        }
    }
}
