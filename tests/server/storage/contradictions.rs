//! Commits that contradict the state that the commits before them made.
//!
//! It would fail if replay took a change of an event with an id or counts, or the end of an entry with texts,
//! that are not those of the state: a reader of the log alone would be told what never happened. Or if it
//! changed a ticket or hold twice that changes once.

use std::io;

use bookline_protocol::limits::HOLD_SECONDS_MAX;
use bookline_protocol::{Date, SaleTerms, Sales, Slot, event_tag};
use bookline_server::changes::{
    BlockTaken, Change, EntryEnded, EventAdded, EventAfter, EventCreated, EventDeleted, EventUpdated,
    HoldConfirmed, HoldCreated, HoldExtended, HoldsEnded, HoldsForgotten, MeetingTaken, TicketCheckedIn,
    TicketsBooked, TicketsCancelled,
};
use bookline_server::codec::Sequence;
use bookline_server::domain::hold::HoldEnd;
use bookline_server::domain::{EntryNumber, EventKey, EventNumber, EventValues};
use bookline_server::state::Records;
use bookline_server::storage::log::Log;
use bookline_server::storage::replay::Replay;
use bookline_testkit::MemoryLog;

/// Replays commits of these changes, one each, all at the time 0. Returns why one was refused.
fn replay(changes: &[Change<'_>]) -> Result<(), String> {
    let log = MemoryLog::default();
    for change in changes {
        log.append(0, std::slice::from_ref(change)).expect("an open log");
    }
    let mut records = Records::new(2);
    log.replay(Sequence(0), &mut |commit| records.replay(commit).map_err(io::Error::other))
        .map_err(|refused| refused.to_string())
}

#[test]
fn bookings_with_other_counts_than_the_state_are_refused() {
    let tag = event_tag("jazz");
    let [high, low] = tag.to_be_bytes();
    let tickets = [1, 2].map(|n| [high, low, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, n]);
    let date = Date::parse("2026-12-31").expect("a date");
    let created = EventCreated { tag, id: "jazz", name: "Jazz", date, total: 10, issued: 1 };
    let key = EventKey { tag, number: EventNumber(1) };
    let event = EventAfter { key, id: "jazz", total: 10, issued: 3, held: 0 };
    let booked = |event| TicketsBooked { event, attendee: "Ann", tickets: &tickets }.into();

    assert_eq!(replay(&[created.into(), booked(event)]), Ok(()));
    for wrong in [
        EventAfter { id: "rock", ..event },
        EventAfter { total: 11, ..event },
        EventAfter { issued: 2, ..event },
        EventAfter { issued: 4, ..event },
        EventAfter { held: 1, ..event },
    ] {
        let refused = replay(&[created.into(), booked(wrong)]).expect_err("a contradiction");
        assert!(refused.ends_with("is jazz with 3 of 10 and 0 held"), "{wrong:?}: {refused}");
    }
}

#[test]
fn updates_of_another_event_or_with_other_issued_tickets_than_the_state_are_refused() {
    let tag = event_tag("jazz");
    let date = Date::parse("2026-12-31").expect("a date");
    let terms = SaleTerms { sales: Sales::Closed, ..SaleTerms::default() };
    let values = EventValues { id: "jazz", name: "Jazz", date, total: 10, issued: 3, terms };
    let added = EventAdded { tag, values };
    let event = EventKey { tag, number: EventNumber(1) };
    let update = |values| EventUpdated { event, held: 0, values };

    let lowered = update(EventValues { name: "Jazz Night", total: 3, ..values });
    assert_eq!(replay(&[added.into(), lowered.into(), update(values).into()]), Ok(()));
    for (wrong, why) in [
        (update(EventValues { issued: 2, ..values }), "and it is jazz with 3"),
        (update(EventValues { issued: 4, ..values }), "and it is jazz with 3"),
        (update(EventValues { total: 2, issued: 2, ..values }), "and it is jazz with 3"),
        (update(EventValues { total: 2, ..values }), "event 1 has 2 tickets in all and 3 of them issued"),
        (update(EventValues { id: "rock", ..values }), "its id has tag"),
        (EventUpdated { held: 1, ..update(values) }, "is jazz with 3 of 10 and 0 held"),
        (
            EventUpdated { event: EventKey { tag, number: EventNumber(2) }, ..update(values) },
            "event or entry 2",
        ),
    ] {
        let refused = replay(&[added.into(), wrong.into()]).expect_err("a contradiction");
        assert!(refused.contains(why), "{wrong:?}: {refused}");
    }
    let twice = [added.into(), added.into()];
    assert!(replay(&twice).is_err_and(|refused| refused.contains("event jazz is created twice")));
}

/// An event of ten tickets, three of which are booked, and a hold of two of the others.
struct Sold {
    key: EventKey,
    tickets: [[u8; 16]; 3],
    hold: [u8; 16],
}

const DEADLINE: i64 = 60_000_000;

impl Sold {
    fn new() -> Self {
        let tag = event_tag("jazz");
        let [high, low] = tag.to_be_bytes();
        let id = |n| [high, low, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, n];
        Self { key: EventKey { tag, number: EventNumber(1) }, tickets: [1, 2, 3].map(id), hold: id(4) }
    }

    fn after(&self, issued: u32, held: u32) -> EventAfter<'static> {
        EventAfter { key: self.key, id: "jazz", total: 10, issued, held }
    }

    /// Replays these changes after it.
    fn replay(&self, changes: &[Change<'_>]) -> Result<(), String> {
        let date = Date::parse("2026-12-31").expect("a date");
        let terms = SaleTerms::default();
        let values = EventValues { id: "jazz", name: "Jazz", date, total: 10, issued: 0, terms };
        let added = EventAdded { tag: self.key.tag, values };
        let booked = TicketsBooked { event: self.after(3, 0), attendee: "", tickets: &self.tickets };
        let mut all = vec![added.into(), booked.into(), self.held(DEADLINE)];
        all.extend(changes);
        replay(&all)
    }

    fn held(&self, deadline: i64) -> Change<'_> {
        let (event, hold) = (self.after(3, 2), self.hold);
        HoldCreated { event, hold, tickets: 2, deadline, attendee: "Ann" }.into()
    }

    fn cancelled(&self, event: EventAfter<'static>) -> Change<'_> {
        TicketsCancelled { event, tickets: &self.tickets[..1] }.into()
    }

    fn checked_in(&self, ticket: usize, undone: bool) -> Change<'_> {
        let ticket = self.tickets[ticket];
        TicketCheckedIn { event: self.key, id: "jazz", ticket, undone, at: Some(5) }.into()
    }

    fn confirmed<'a>(&self, event: EventAfter<'a>, tickets: &'a [[u8; 16]]) -> Change<'a> {
        HoldConfirmed { event, hold: self.hold, attendee: "Ann", tickets }.into()
    }

    fn extended(&self, deadline: i64) -> Change<'_> {
        HoldExtended { event: self.key, id: "jazz", hold: self.hold, deadline }.into()
    }

    fn ended(&self, event: EventAfter<'static>) -> Change<'_> {
        HoldsEnded { event, end: HoldEnd::Expired, holds: std::slice::from_ref(&self.hold) }.into()
    }

    fn forgotten(&self) -> Change<'_> {
        HoldsForgotten { event: self.key, holds: std::slice::from_ref(&self.hold) }.into()
    }
}

#[test]
fn changes_of_tickets_and_holds_that_fit_are_replayed() {
    let sold = Sold::new();
    let mut other = [sold.hold];
    other[0][15] = 9;
    for changes in [
        &[sold.checked_in(0, false), sold.checked_in(0, true), sold.cancelled(sold.after(2, 2))][..],
        &[sold.extended(1), sold.confirmed(sold.after(4, 0), &other), sold.forgotten()],
        &[sold.extended(i64::from(HOLD_SECONDS_MAX) * 1_000_000), sold.ended(sold.after(3, 0))],
        &[EventDeleted { event: sold.after(3, 2) }.into()],
    ] {
        assert_eq!(sold.replay(changes), Ok(()));
    }
}

#[test]
fn changes_of_tickets_and_holds_with_another_event_than_the_state_are_refused() {
    let sold = Sold::new();
    let other = [sold.hold];
    let wrong = |event: EventAfter<'static>| {
        [
            EventAfter { id: "rock", ..event },
            EventAfter { total: 11, ..event },
            EventAfter { held: 4, ..event },
        ]
    };
    let cancelled = wrong(sold.after(2, 2)).map(|event| sold.cancelled(event));
    let confirmed = wrong(sold.after(4, 0)).map(|event| sold.confirmed(event, &other));
    let ended = wrong(sold.after(3, 0)).map(|event| sold.ended(event));
    let deleted = wrong(sold.after(3, 2)).map(|event| EventDeleted { event }.into());
    for change in [cancelled, confirmed, ended, deleted].concat() {
        let refused = sold.replay(&[change]).expect_err("a contradiction");
        assert!(refused.contains("after a change, event"), "{change:?}: {refused}");
    }
    let (event, ticket, hold) = (sold.key, sold.tickets[0], sold.hold);
    for change in [
        TicketCheckedIn { event, id: "rock", ticket, undone: false, at: Some(5) }.into(),
        HoldExtended { event, id: "rock", hold, deadline: 1 }.into(),
    ] {
        let refused = sold.replay(&[change]).expect_err("a contradiction");
        assert!(refused.ends_with("a change of event 1 names it rock, and it is jazz"), "{refused}");
    }
}

#[test]
fn changes_of_tickets_and_holds_in_another_state_are_refused() {
    let sold = Sold::new();
    let hold = [sold.hold];
    let (cancelled, ended) = (sold.cancelled(sold.after(2, 2)), sold.ended(sold.after(3, 0)));
    let confirmed = sold.confirmed(sold.after(4, 0), &hold);
    let too_late = i64::from(HOLD_SECONDS_MAX) * 1_000_000 + 1;
    for changes in [
        &[cancelled, sold.cancelled(sold.after(1, 2))][..],
        &[cancelled, sold.checked_in(0, false)],
        &[sold.checked_in(0, false), sold.checked_in(0, false)],
        &[sold.checked_in(0, false), cancelled],
        &[sold.checked_in(0, true)],
        &[sold.held(DEADLINE)],
        &[ended, sold.ended(sold.after(3, 0))],
        &[ended, confirmed],
        &[ended, sold.extended(DEADLINE)],
        &[sold.extended(0)],
        &[sold.extended(too_late)],
        &[sold.forgotten()],
        &[ended, sold.forgotten(), sold.forgotten()],
        &[EventDeleted { event: sold.after(3, 2) }.into(), cancelled],
    ] {
        assert!(sold.replay(changes).is_err(), "{changes:?}");
    }
}

#[test]
fn holds_with_impossible_deadlines_are_refused() {
    let sold = Sold::new();
    let added = |deadline| {
        let mut other = sold.hold;
        other[15] = 5;
        HoldCreated { event: sold.after(3, 3), hold: other, tickets: 1, deadline, attendee: "" }.into()
    };
    let longest = i64::from(HOLD_SECONDS_MAX) * 1_000_000;
    for deadline in [1, longest] {
        assert_eq!(sold.replay(&[added(deadline)]), Ok(()));
    }
    for deadline in [i64::MIN, -1, 0, longest + 1, i64::MAX] {
        let refused = sold.replay(&[added(deadline)]).expect_err("a contradiction");
        assert!(refused.contains("gets the deadline"), "{deadline}: {refused}");
    }
}

#[test]
fn ends_of_entries_with_other_texts_than_the_state_are_refused() {
    let date = Date::parse("2026-12-31").expect("a date");
    let slot = |hour| Slot::from_index(date.day_number() * 24 + hour).expect("an hour");
    let (at, entry) = (slot(9), EntryNumber(1));
    let meeting = MeetingTaken { slot: at, who: "F1", title: "plans", group: "F2,F3", host: "F1" };
    let ended = EntryEnded { slot: at, entry, who: "F1", title: "plans", group: "F2,F3", host: "F1" };
    let of_block = EntryEnded { title: "", group: "", ..ended };

    assert_eq!(replay(&[meeting.into(), ended.into()]), Ok(()));
    for wrong in [
        EntryEnded { who: "F2", ..ended },
        EntryEnded { title: "plan", ..ended },
        EntryEnded { group: "F2", ..ended },
        EntryEnded { group: "F3,F2", ..ended },
        EntryEnded { host: "F2", ..ended },
        of_block,
    ] {
        let refused = replay(&[meeting.into(), wrong.into()]).expect_err("a contradiction");
        assert!(refused.ends_with("it is another one, which F1 created"), "{wrong:?}: {refused}");
    }
    replay(&[meeting.into(), EntryEnded { slot: slot(10), ..ended }.into()]).expect_err("no entry at ten");

    let block = BlockTaken { slot: at, who: "F1" };
    assert_eq!(replay(&[block.into(), of_block.into()]), Ok(()));
    for wrong in [ended, EntryEnded { who: "F2", host: "F2", ..of_block }] {
        let refused = replay(&[block.into(), wrong.into()]).expect_err("a contradiction");
        assert!(refused.ends_with("it is another one, which F1 created"), "{wrong:?}: {refused}");
    }
}
