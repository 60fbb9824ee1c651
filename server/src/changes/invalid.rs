//! Validation of changes that are read from a disk.
//!
//! A correct checksum does not prove that the rules decided a change. A file that another program wrote or
//! altered must not bring in what the protocol refuses.

use bookline_protocol::group::GroupError;
use bookline_protocol::id::IdError;
use bookline_protocol::limits::{
    BOOKING_TICKETS_MAX, EVENT_TICKETS_MAX, HOLD_SECONDS_MAX, KEY_BYTES_MAX, KEY_BYTES_MIN,
};
use bookline_protocol::reply::KEYED_REPLY_BYTES_MAX;
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
        "event {number} has {total} tickets in all and {issued} of them issued and {held} held: from 1 to \
         {EVENT_TICKETS_MAX} in all are possible, no more issued and held, and at least those of the change"
    )]
    Tickets { number: u64, total: u32, issued: u32, held: u32 },
    #[error("a change of event {number} names {count} {}s: 1 to {count_max} are possible", kind.name())]
    IdCount { number: u64, kind: IdKind, count: usize, count_max: usize },
    #[error("a hold of event {number} has {tickets} tickets: 1 to {BOOKING_TICKETS_MAX} are possible")]
    HoldTickets { number: u64, tickets: u32 },
    #[error(
        "{holds} ended holds of event {number} have {tickets} tickets: a hold has 1 to {BOOKING_TICKETS_MAX}"
    )]
    TicketsOfHolds { number: u64, holds: usize, tickets: u32 },
    /// Times are in microseconds since 1970 (UTC).
    #[error(
        "a hold of event {number} gets the deadline {deadline} µs at {at} µs: it is from 1 µs to \
         {HOLD_SECONDS_MAX} s later"
    )]
    Deadline { number: u64, at: i64, deadline: i64 },
    /// Attendees of ended holds are forgotten.
    #[error("an ended hold of event {number} has an attendee")]
    EndedHoldWithAttendee { number: u64 },
    /// The tickets of a confirmed hold are in the same change.
    #[error("holds of event {number} end as confirmed without tickets")]
    ConfirmedWithoutTickets { number: u64 },
    #[error("a ticket of event {number} has a status that does not exist")]
    TicketState { number: u64 },
    /// A commit refers to what an earlier commit created. The number of an event, entry or account is the
    /// sequence number of that commit.
    #[error(
        "commit {commit} changes event, entry or account {number}, which no commit before it can have created"
    )]
    NotOlderThanCommit { commit: u64, number: u64 },
    /// The number of an account is the sequence number of the commit that added it.
    #[error("commit {commit} was made by account {account}, which no commit before it can have added")]
    ActorNotOlderThanCommit { commit: u64, account: u64 },
    /// Only a series has several, each has another index, and 1 to 24 hours.
    #[error(
        "the entries of commit {number} are not occurrences of a series, or not one entry of 1 to 24 hours"
    )]
    Occurrences { number: u64 },
    /// An entry is moved by its end and its beginning in the same commit.
    #[error("commit {commit} moves other entries than it ends, or into another series")]
    MovedWithoutEnd { commit: u64 },
    /// Only meetings have a title, a group, and a host who is not who created them.
    #[error("block {number} has a title or another host")]
    BlockWithTexts { number: u64 },
    /// A ticket or hold does not begin with the tag of its event.
    #[error("event {number} with tag {tag:04x} has a {} with tag {found:04x}", kind.name())]
    IdTag { number: u64, tag: u16, kind: IdKind, found: u16 },
    /// A key is a secret, so it is not shown.
    #[error("the key of commit {commit} is not {KEY_BYTES_MIN} to {KEY_BYTES_MAX} of A-Z a-z 0-9 . _ : -")]
    Key { commit: u64 },
    /// The ids of tickets in it are secrets, so it is not shown.
    #[error(
        "the reply of commit {commit} is not a line of OK and an object, of at most {KEYED_REPLY_BYTES_MAX} \
         bytes"
    )]
    Reply { commit: u64 },
    /// A hash helps to guess the password, so it is not shown.
    #[error(
        "the password of account {number} has no hash that booklined makes: a PHC string of Argon2id, up to a cost"
    )]
    PasswordHash { number: u64 },
    #[error("commit {commit} forgets the keys up to commit {through}, which is no commit before it")]
    KeysOfLaterCommits { commit: u64, through: u64 },
}

impl From<InvalidChange> for Contradiction {
    fn from(invalid: InvalidChange) -> Self {
        Self(invalid.to_string())
    }
}

/// What an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    Ticket,
    Hold,
}

impl IdKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Hold => "hold",
        }
    }

    /// Checks that a change of `event` names 1 to `count_max` of them, and that each begins with the tag of
    /// the event.
    pub(super) fn check(
        self,
        event: EventKey,
        ids: &[[u8; 16]],
        count_max: usize,
    ) -> Result<(), InvalidChange> {
        let (number, tag) = (event.number.0, event.tag);
        if !(1..=count_max).contains(&ids.len()) {
            return Err(InvalidChange::IdCount { number, kind: self, count: ids.len(), count_max });
        }
        let other = ids.iter().map(|id| TicketId(*id).tag()).find(|&found| found != tag);
        other.map_or(Ok(()), |found| Err(InvalidChange::IdTag { number, tag, kind: self, found }))
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

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use bookline_protocol::{
        Date, Hours, MaxPerBooking, Period, SaleTerms, Sales, SeriesId, Slot, TicketStatus, event_tag,
    };

    use super::*;
    use crate::changes::{
        BlockTaken, Change, EncodedEntry, EncodedOccurrence, EntriesCreated, EntriesEnded, EntriesMoved,
        EntryEnded, EntryFreed, EntryTexts, EventAdded, EventAfter, EventCreated, EventDeleted, EventUpdated,
        HoldConfirmed, HoldCreated, HoldExtended, HoldExtendedUncounted, HoldKept, HoldsEnded,
        HoldsEndedUncounted, HoldsForgotten, KeyUsed, KeysForgotten, MeetingTaken, TicketCheckedIn,
        TicketCheckedInUncounted, TicketsBooked, TicketsCancelled, TicketsIssued, TicketsKept, UsedKey,
        encode_entry, encode_occurrence,
    };
    use crate::codec::Sequence;
    use crate::domain::hold::{EndedHold, Hold, HoldEnd, HoldState};
    use crate::domain::{EntryNumber, EventNumber, EventValues, TicketState};

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
        EventUpdated { event, held: 0, values }.into()
    }

    fn meeting<'a>(who: &'a str, title: &'a str, group: &'a str, host: &'a str) -> Change<'a> {
        MeetingTaken { slot: slot(), who, title, group, host }.into()
    }

    fn booking<'a>(id: &'a str, total: u32, issued: u32, tickets: &'a [[u8; 16]]) -> Change<'a> {
        let event = EventAfter { id, total, issued, held: 0, ..after() };
        TicketsBooked { event, attendee: "", tickets }.into()
    }

    fn ended<'a>(who: &'a str, title: &'a str, group: &'a str, host: &'a str) -> Change<'a> {
        let texts = EntryTexts { who, title, group, host };
        EntryEnded { slot: slot(), entry: EntryNumber::first_of(Sequence(7)), texts }.into()
    }

    const PLANS: EntryTexts<'_> = EntryTexts { who: "F1", title: "plans", group: "F2,F3", host: "F1" };

    const SERIES: Option<SeriesId> = Some(SeriesId(NonZeroU64::MIN));

    /// Entries with these texts.
    fn created<'a>(texts: EntryTexts<'a>, occurrences: &'a [EncodedOccurrence]) -> Change<'a> {
        EntriesCreated { series: SERIES, texts, occurrences }.into()
    }

    /// The end of entries with these texts.
    fn ended_entries<'a>(texts: EntryTexts<'a>, entries: &'a [EncodedEntry]) -> Change<'a> {
        EntriesEnded { series: SERIES, texts, entries }.into()
    }

    /// The move of entries, which have these texts now.
    fn moved_entries<'a>(texts: EntryTexts<'a>, entries: &'a [EncodedEntry]) -> Change<'a> {
        EntriesMoved { series: SERIES, texts, entries }.into()
    }

    /// An occurrence of one hour.
    fn occurrence(index: u16) -> EncodedOccurrence {
        encode_occurrence(index, Period::of_slot(slot()))
    }

    /// An entry of one hour.
    fn entry(commit: u64, index: u16) -> EncodedEntry {
        encode_entry(EntryNumber::new(Sequence(commit), index).expect("a number"), Period::of_slot(slot()))
    }

    /// With another number of hours.
    fn with_hours<const N: usize>(mut encoded: [u8; N], hours: u8) -> [u8; N] {
        encoded[N - 1] = hours;
        encoded
    }

    const KEY: EventKey = EventKey { tag: 0x0102, number: EventNumber(7) };

    /// An id of a ticket or hold of that event.
    const ID: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    /// An id of a ticket or hold of another event.
    const FOREIGN: [u8; 16] = [3; 16];

    const HOLD: Hold = Hold { tickets: 2, created: 5, deadline: 6, state: HoldState::Active };

    fn after() -> EventAfter<'static> {
        EventAfter { key: KEY, id: "rustconf", total: 10, issued: 3, held: 2 }
    }

    fn kept<'a>(attendee: &'a str, tickets: &'a [[u8; 16]], states: &'a [[u8; 8]]) -> Change<'a> {
        TicketsKept { event: KEY, attendee, tickets, states }.into()
    }

    fn cancelled<'a>(event: EventAfter<'a>, tickets: &'a [[u8; 16]]) -> Change<'a> {
        TicketsCancelled { event, tickets }.into()
    }

    fn held(event: EventAfter<'static>, hold: [u8; 16], tickets: u32) -> Change<'static> {
        HoldCreated { event, hold, tickets, deadline: 6, attendee: "Ann" }.into()
    }

    fn hold_kept(id: [u8; 16], hold: Hold, attendee: &str) -> Change<'_> {
        HoldKept { event: KEY, id, hold, attendee }.into()
    }

    fn ended_holds<'a>(
        event: EventAfter<'a>,
        end: HoldEnd,
        tickets: u32,
        holds: &'a [[u8; 16]],
    ) -> Change<'a> {
        HoldsEnded { event, end, tickets, holds }.into()
    }

    fn ended_uncounted<'a>(event: EventAfter<'a>, end: HoldEnd, holds: &'a [[u8; 16]]) -> Change<'a> {
        HoldsEndedUncounted { event, end, holds }.into()
    }

    fn ended_hold() -> Hold {
        let ended = EndedHold { end: HoldEnd::Released, at: 5 };
        Hold { state: HoldState::Ended(ended), ..HOLD }
    }

    fn checked_in(event: EventAfter<'_>, ticket: [u8; 16]) -> Change<'_> {
        TicketCheckedIn { event, ticket, undone: false, at: 5 }.into()
    }

    fn checked_in_uncounted(id: &str, ticket: [u8; 16]) -> Change<'_> {
        TicketCheckedInUncounted { event: KEY, id, ticket, undone: false, at: Some(5) }.into()
    }

    fn extended(event: EventAfter<'_>, hold: [u8; 16], tickets: u32) -> Change<'_> {
        HoldExtended { event, hold, tickets, deadline: 6 }.into()
    }

    fn extended_uncounted(id: &str, hold: [u8; 16]) -> Change<'_> {
        HoldExtendedUncounted { event: KEY, id, hold, deadline: 6 }.into()
    }

    fn confirmed<'a>(hold: [u8; 16], attendee: &'a str, tickets: &'a [[u8; 16]]) -> Change<'a> {
        HoldConfirmed { event: after(), hold, attendee, tickets }.into()
    }

    fn key_used<'a>(identity: &'a str, key: &'a str, reply: &'a str) -> Change<'a> {
        KeyUsed(UsedKey { identity, key, request: ID, reply: reply.as_bytes() }).into()
    }

    const KEY_TEXT: &str = "a.b_c:d-e0123456";

    fn slot() -> Slot {
        Slot::from_index(17_760_009).expect("an hour of 2026")
    }

    #[test]
    fn check_accepts_changes_that_the_rules_decide() {
        let tickets = [ID];
        let state = TicketState::new(TicketStatus::CheckedIn, None).to_bytes();
        for change in [
            event("rustconf", "Grüße\t🎫\n", EVENT_TICKETS_MAX, EVENT_TICKETS_MAX),
            event("a", &"ü".repeat(200), 1, 0),
            added("rustconf", "Grüße\t🎫\n", EVENT_TICKETS_MAX, EVENT_TICKETS_MAX),
            updated("rustconf", "Grüße\t🎫\n", EVENT_TICKETS_MAX, 1),
            TicketsIssued { event: KEY, tickets: &tickets }.into(),
            BlockTaken { slot: slot(), who: "F1" }.into(),
            meeting("F1", "standup", "F2,F3", "F4"),
            meeting("F1", "with myself", "F1", "F1"),
            EntryFreed { slot: slot(), entry: EntryNumber::first_of(Sequence(1)) }.into(),
            booking("rustconf", 3, 1, &tickets),
            ended("F1", "", "", "F1"),
            ended("F1", "standup", "F2,F3", "F4"),
            TicketsBooked { event: after(), attendee: "Ann Ü", tickets: &[ID; 3] }.into(),
            kept("", &tickets, &[state]),
            kept("Ann", &[ID; 2], &[state; 2]),
            cancelled(after(), &[ID; 5]),
            checked_in(after(), ID),
            checked_in(EventAfter { issued: 1, ..after() }, ID),
            checked_in_uncounted("rustconf", ID),
            held(after(), ID, 2),
            hold_kept(ID, HOLD, "Ann"),
            hold_kept(ID, ended_hold(), ""),
            confirmed(ID, "", &[ID; 3]),
            extended(after(), ID, 2),
            extended_uncounted("rustconf", ID),
            ended_holds(after(), HoldEnd::Released, 5, &[ID]),
            ended_holds(after(), HoldEnd::Expired, 5, &[ID; 5]),
            ended_uncounted(after(), HoldEnd::Released, &[ID]),
            ended_uncounted(after(), HoldEnd::Expired, &[ID; 5]),
            HoldsForgotten { event: KEY, holds: &tickets }.into(),
            EventDeleted { event: after() }.into(),
            key_used("", KEY_TEXT, "OK {}\n"),
            KeysForgotten { through: Sequence(1) }.into(),
            KeysForgotten { through: Sequence(8) }.into(),
        ] {
            assert_eq!(change.check(9), Ok(()), "{change:?}");
            assert_eq!(change.check_in_commit(9), Ok(()), "{change:?}");
        }
    }

    #[test]
    fn check_refuses_a_change_of_a_record_not_older_than_its_commit() {
        let states = [TicketState::new(TicketStatus::Booked, None).to_bytes()];
        let entries = [entry(7, 1)];
        let changes: [Change<'_>; 19] = [
            TicketsIssued { event: KEY, tickets: &[ID] }.into(),
            booking("a", 1, 1, &[ID]),
            kept("", &[ID], &states),
            cancelled(after(), &[ID]),
            checked_in(after(), ID),
            checked_in_uncounted("a", ID),
            held(after(), ID, 1),
            hold_kept(ID, HOLD, ""),
            confirmed(ID, "", &[ID]),
            extended(after(), ID, 1),
            extended_uncounted("a", ID),
            ended_holds(after(), HoldEnd::Expired, 1, &[ID]),
            ended_uncounted(after(), HoldEnd::Expired, &[ID]),
            HoldsForgotten { event: KEY, holds: &[ID] }.into(),
            EventDeleted { event: after() }.into(),
            EntryFreed { slot: slot(), entry: EntryNumber::first_of(Sequence(7)) }.into(),
            ended("F1", "", "", "F1"),
            ended_entries(PLANS, &entries),
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
        let date = Date::parse("2026-12-31").expect("a date");
        let wrong_tag = EventCreated { tag: 0, id: "a", name: "A", date, total: 1, issued: 0 }.into();
        let terms = SaleTerms::default();
        let values = EventValues { id: "a", name: "A", date, total: 1, issued: 0, terms };
        let update_with_wrong_tag = EventUpdated { event: KEY, held: 0, values }.into();
        let long = "x".repeat(65);
        let one = [ID];
        let above = vec![ID; BOOKING_TICKETS_MAX as usize + 1];
        let unknown_status = 3_u64.to_le_bytes();
        let state = TicketState::new(TicketStatus::Booked, None).to_bytes();
        let all_sold = EventAfter { issued: 8, ..after() };
        let update_below_held = EventUpdated {
            event: EventKey { tag: event_tag("a"), ..KEY },
            held: 2,
            values: EventValues { total: 4, issued: 3, ..values },
        };
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
            (TicketsIssued { event: KEY, tickets: &[] }.into(), "a change of event 7 names 0 tickets"),
            (
                TicketsIssued { event: KEY, tickets: &[FOREIGN] }.into(),
                "event 7 with tag 0102 has a ticket with tag 0303",
            ),
            (BlockTaken { slot: slot(), who: "F 1" }.into(), "the person of block 9 holds a blank"),
            (meeting("", "t", "F2", "F3"), "the person of meeting 9 is empty"),
            (meeting("F1", "t", "F2", "F\n3"), "the host of meeting 9 holds the control character U+000A"),
            (meeting("F1", "", "F2", "F3"), "the title of meeting 9 is empty"),
            (meeting("F1", "t", "", "F3"), "the group of meeting 9 names nobody"),
            (meeting("F1", "t", "F2,,F3", "F3"), "the group of meeting 9 has no member at position 2"),
            (meeting("F1", "t", "F2,F3,F2", "F3"), "the group of meeting 9 has a member twice"),
            (meeting("F1", "t", &many, "F3"), "the group of meeting 9 has 1001 members"),
            (booking("a", 1, 1, &[]), "a change of event 7 names 0 tickets: 1 to 10000 are possible"),
            (booking("a", 20_000, 20_000, &above), "a change of event 7 names 10001 tickets"),
            (booking("a b", 1, 1, &one), "the id of event 7 holds a blank"),
            (booking("a", 0, 0, &one), "event 7 has 0 tickets in all"),
            (booking("a", 1, 2, &one), "event 7 has 1 tickets in all and 2 of them issued"),
            (booking("a", 2, 0, &one), "event 7 has 2 tickets in all and 0 of them issued"),
            (ended("F 1", "", "", "F 1"), "the person of block 7 holds a blank"),
            (ended("F1", "t", "", "F1"), "block 7 has a title or another host"),
            (ended("F1", "", "", "F2"), "block 7 has a title or another host"),
            (ended("F1", "", "F2", "F2"), "the title of meeting 7 is empty"),
            (ended("F1", "t", "F2,F2", "F2"), "the group of meeting 7 has a member twice"),
            (
                update_below_held.into(),
                "event 7 has 4 tickets in all and 3 of them issued and 2 held: from 1 to 1000000000 in all",
            ),
            (
                TicketsBooked { event: after(), attendee: "A\u{1b}", tickets: &one }.into(),
                "the attendee of event 7 holds the control character U+001B",
            ),
            (
                TicketsBooked { event: EventAfter { held: 8, ..after() }, attendee: "", tickets: &one }
                    .into(),
                "event 7 has 10 tickets in all and 3 of them issued and 8 held",
            ),
            (kept("", &[], &[]), "a change of event 7 names 0 tickets"),
            (kept("", &above, &[]), "a change of event 7 names 10001 tickets"),
            (kept("", &[FOREIGN], &[state]), "event 7 with tag 0102 has a ticket with tag 0303"),
            (kept("A\0", &one, &[state]), "the attendee of event 7 holds the control character"),
            (kept("", &one, &[unknown_status]), "a ticket of event 7 has a status that does not exist"),
            (cancelled(after(), &[ID; 1_001]), "a change of event 7 names 1001 tickets: 1 to 1000"),
            (cancelled(after(), &[FOREIGN]), "event 7 with tag 0102 has a ticket with tag 0303"),
            (cancelled(after(), &[ID; 6]), "event 7 has 10 tickets in all and 3 of them issued and 2 held"),
            (checked_in(EventAfter { id: "a b", ..after() }, ID), "the id of event 7 holds a blank"),
            (checked_in(after(), FOREIGN), "event 7 with tag 0102 has a ticket with tag 0303"),
            (
                checked_in(EventAfter { issued: 0, ..after() }, ID),
                "event 7 has 10 tickets in all and 0 of them issued and 2 held",
            ),
            (checked_in_uncounted("a b", ID), "the id of event 7 holds a blank"),
            (checked_in_uncounted("a", FOREIGN), "event 7 with tag 0102 has a ticket with tag 0303"),
            (held(after(), FOREIGN, 1), "event 7 with tag 0102 has a hold with tag 0303"),
            (held(after(), ID, 0), "a hold of event 7 has 0 tickets: 1 to 10000 are possible"),
            (held(after(), ID, 10_001), "a hold of event 7 has 10001 tickets"),
            (held(after(), ID, 3), "event 7 has 10 tickets in all and 3 of them issued and 2 held"),
            (hold_kept(FOREIGN, HOLD, ""), "event 7 with tag 0102 has a hold with tag 0303"),
            (hold_kept(ID, Hold { tickets: 0, ..HOLD }, ""), "a hold of event 7 has 0 tickets"),
            (
                hold_kept(ID, Hold { deadline: 5, ..HOLD }, ""),
                "a hold of event 7 gets the deadline 5 µs at 5 µs: it is from 1 µs to 7200 s later",
            ),
            (
                hold_kept(ID, Hold { deadline: 7_200_000_006, ..HOLD }, ""),
                "a hold of event 7 gets the deadline 7200000006 µs",
            ),
            (hold_kept(ID, HOLD, "\u{1b}"), "the attendee of event 7 holds the control character"),
            (hold_kept(ID, ended_hold(), "Ann"), "an ended hold of event 7 has an attendee"),
            (confirmed(FOREIGN, "", &one), "event 7 with tag 0102 has a hold with tag 0303"),
            (confirmed(ID, "", &[FOREIGN]), "event 7 with tag 0102 has a ticket with tag 0303"),
            (confirmed(ID, "\u{1b}", &one), "the attendee of event 7 holds the control character"),
            (confirmed(ID, "", &[ID; 4]), "event 7 has 10 tickets in all and 3 of them issued and 2 held"),
            (extended(EventAfter { id: "a b", ..after() }, ID, 2), "the id of event 7 holds a blank"),
            (extended(after(), FOREIGN, 2), "event 7 with tag 0102 has a hold with tag 0303"),
            (extended(after(), ID, 0), "a hold of event 7 has 0 tickets: 1 to 10000 are possible"),
            (extended(after(), ID, 3), "event 7 has 10 tickets in all and 3 of them issued and 2 held"),
            (extended_uncounted("a b", ID), "the id of event 7 holds a blank"),
            (extended_uncounted("a", FOREIGN), "event 7 with tag 0102 has a hold with tag 0303"),
            (
                ended_holds(after(), HoldEnd::Confirmed, 1, &one),
                "holds of event 7 end as confirmed without tickets",
            ),
            (ended_holds(after(), HoldEnd::Expired, 1, &[]), "a change of event 7 names 0 holds: 1 to 1000"),
            (ended_holds(after(), HoldEnd::Expired, 5, &[ID; 1_001]), "a change of event 7 names 1001 holds"),
            (ended_holds(all_sold, HoldEnd::Expired, 1, &one), "event 7 has 10 tickets in all and 8 of them"),
            (ended_holds(after(), HoldEnd::Expired, 6, &one), "event 7 has 10 tickets in all and 3 of them"),
            (ended_holds(after(), HoldEnd::Expired, 0, &one), "1 ended holds of event 7 have 0 tickets"),
            (ended_holds(after(), HoldEnd::Expired, 2, &[ID; 3]), "3 ended holds of event 7 have 2 tickets"),
            (ended_holds(after(), HoldEnd::Expired, 10_001, &one), "1 ended holds of event 7 have 10001"),
            (
                ended_uncounted(after(), HoldEnd::Confirmed, &one),
                "holds of event 7 end as confirmed without tickets",
            ),
            (ended_uncounted(after(), HoldEnd::Expired, &[]), "a change of event 7 names 0 holds: 1 to 1000"),
            (ended_uncounted(after(), HoldEnd::Expired, &[ID; 6]), "event 7 has 10 tickets in all and 3 of"),
            (HoldsForgotten { event: KEY, holds: &[] }.into(), "a change of event 7 names 0 holds"),
            (HoldsForgotten { event: KEY, holds: &[FOREIGN] }.into(), "event 7 with tag 0102 has a hold"),
            (EventDeleted { event: EventAfter { id: "", ..after() } }.into(), "the id of event 7 is empty"),
            (
                EventDeleted { event: EventAfter { held: 8, ..after() } }.into(),
                "event 7 has 10 tickets in all and 3 of them issued and 8 held",
            ),
            (key_used("a b", KEY_TEXT, "OK {}\n"), "the identity of commit 9 holds a blank"),
            (key_used(&long, KEY_TEXT, "OK {}\n"), "the identity of commit 9 has 65 characters"),
            (KeysForgotten { through: Sequence(0) }.into(), "commit 9 forgets the keys up to commit 0"),
            (KeysForgotten { through: Sequence(9) }.into(), "commit 9 forgets the keys up to commit 9"),
            (KeysForgotten { through: Sequence(u64::MAX) }.into(), "commit 9 forgets the keys up to commit"),
        ] {
            let message = change.check(9).expect_err(expected).to_string();
            assert!(message.starts_with(expected), "{message:?} does not start with {expected:?}");
        }
    }

    #[test]
    fn check_accepts_entries_that_the_rules_create_end_and_move() {
        let longest: Vec<_> = (0..366).map(occurrence).collect();
        let of_all: Vec<_> = (0..366).map(|index| entry(8, index)).collect();
        let block = EntryTexts { who: "F1", title: "", group: "", host: "F1" };
        let day =
            [encode_occurrence(0, Period::new(slot(), Hours::new(24).expect("a day")).expect("in 2026"))];
        for change in [
            created(PLANS, &longest),
            created(block, &[occurrence(0), occurrence(365)]),
            created(PLANS, &[occurrence(365)]),
            EntriesCreated { series: None, texts: block, occurrences: &day }.into(),
            ended_entries(PLANS, &of_all),
            ended_entries(block, &[entry(8, 365), entry(1, 0)]),
            EntriesEnded { series: None, texts: block, entries: &[entry(8, 0)] }.into(),
            moved_entries(PLANS, &of_all),
            moved_entries(block, &[entry(8, 365), entry(1, 0)]),
            EntriesMoved { series: None, texts: block, entries: &[entry(8, 365)] }.into(),
        ] {
            assert_eq!(change.check_in_commit(9), Ok(()), "{change:?}");
        }
    }

    #[test]
    fn check_refuses_entries_that_the_rules_never_create_end_or_move() {
        let (one, two) = (occurrence(0), occurrence(1));
        let hours_0 = [with_hours(one, 0)];
        let hours_25 = [one, with_hours(two, 25)];
        let last = Slot::from_index(3_652_059 * 24 + 23).expect("the last hour");
        let after_the_last = [with_hours(encode_occurrence(0, Period::of_slot(last)), 2)];
        let mut index_366 = [one];
        index_366[0][..2].copy_from_slice(&366_u16.to_le_bytes());
        let (mut of_index_366, mut of_no_commit) = ([entry(7, 0)], [entry(7, 0)]);
        of_index_366[0][8..10].copy_from_slice(&366_u16.to_le_bytes());
        of_no_commit[0][..8].copy_from_slice(&u64::MAX.to_le_bytes());
        let many = vec![entry(7, 0); 367];
        let block_with_title = EntryTexts { who: "F1", title: "t", group: "", host: "F1" };
        let twice = EntryTexts { group: "F2,F2", ..PLANS };
        let entries = "the entries of commit 9 are not occurrences of a series";
        for (change, expected) in [
            (created(PLANS, &[]), entries),
            (created(PLANS, &[two, one]), entries),
            (created(PLANS, &[one, one]), entries),
            (created(PLANS, &hours_0), entries),
            (created(PLANS, &hours_25), entries),
            (created(PLANS, &after_the_last), entries),
            (created(PLANS, &index_366), entries),
            (EntriesCreated { series: None, texts: PLANS, occurrences: &[one, two] }.into(), entries),
            (created(block_with_title, &[one]), "block 9 has a title or another host"),
            (created(twice, &[one]), "the group of meeting 9 has a member twice"),
            (ended_entries(PLANS, &[]), entries),
            (ended_entries(PLANS, &many), entries),
            (ended_entries(PLANS, &[with_hours(entry(7, 0), 0)]), entries),
            (ended_entries(PLANS, &[entry(7, 0), with_hours(entry(7, 1), 25)]), entries),
            (ended_entries(PLANS, &of_index_366), entries),
            (ended_entries(PLANS, &of_no_commit), entries),
            (
                EntriesEnded { series: None, texts: PLANS, entries: &[entry(7, 0), entry(7, 1)] }.into(),
                entries,
            ),
            (ended_entries(twice, &[entry(7, 0)]), "the group of meeting 9 has a member twice"),
            (
                ended_entries(PLANS, &[entry(0, 0)]),
                "commit 9 changes event, entry or account 0, which no commit",
            ),
            (ended_entries(PLANS, &[entry(8, 0), entry(9, 0)]), "commit 9 changes event, entry or account 9"),
            (ended_entries(PLANS, &[entry(10, 0)]), "commit 9 changes event, entry or account 10"),
            (moved_entries(PLANS, &[]), entries),
            (moved_entries(PLANS, &many), entries),
            (moved_entries(PLANS, &[with_hours(entry(7, 0), 0)]), entries),
            (moved_entries(PLANS, &[entry(7, 0), with_hours(entry(7, 1), 25)]), entries),
            (moved_entries(PLANS, &[entry(7, 1), entry(7, 0), entry(7, 1)]), entries),
            (moved_entries(PLANS, &of_index_366), entries),
            (moved_entries(PLANS, &of_no_commit), entries),
            (
                EntriesMoved { series: None, texts: PLANS, entries: &[entry(7, 0), entry(7, 1)] }.into(),
                entries,
            ),
            (moved_entries(block_with_title, &[entry(7, 0)]), "block 9 has a title or another host"),
            (moved_entries(twice, &[entry(7, 0)]), "the group of meeting 9 has a member twice"),
            (
                moved_entries(PLANS, &[entry(0, 0)]),
                "commit 9 changes event, entry or account 0, which no commit",
            ),
            (moved_entries(PLANS, &[entry(8, 0), entry(9, 0)]), "commit 9 changes event, entry or account 9"),
            (moved_entries(PLANS, &[entry(10, 0)]), "commit 9 changes event, entry or account 10"),
        ] {
            let message = change.check_in_commit(9).expect_err(expected).to_string();
            assert!(
                message.starts_with(expected),
                "{message:?} does not start with {expected:?}: {change:?}"
            );
        }
    }
}
