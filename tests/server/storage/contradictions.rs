//! Commits that contradict the state that the commits before them made.
//!
//! It would fail if replay took a booking or an update with counts, or the end of an entry with texts, that
//! are not those of the state: a reader of the log alone would be told what never happened.

use std::io;

use bookline_protocol::{Date, SaleTerms, Sales, Slot, event_tag};
use bookline_server::changes::{
    BlockTaken, Change, EntryEnded, EventAdded, EventCreated, EventUpdated, MeetingTaken, TicketsBooked,
};
use bookline_server::codec::Sequence;
use bookline_server::domain::{EntryNumber, EventKey, EventNumber, EventValues};
use bookline_server::state::Records;
use bookline_server::storage::log::Log;
use bookline_server::storage::replay::Replay;
use bookline_testkit::MemoryLog;

/// Replays commits of these changes, one each. Returns why one was refused.
fn replay(changes: &[Change<'_>]) -> Result<(), String> {
    let log = MemoryLog::default();
    for change in changes {
        log.append(0, std::slice::from_ref(change)).expect("an open log");
    }
    let records = Records::new(2);
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
    let event = EventKey { tag, number: EventNumber(1) };
    let booked = TicketsBooked { event, id: "jazz", total: 10, issued: 3, tickets: &tickets };

    assert_eq!(replay(&[created.into(), booked.into()]), Ok(()));
    for wrong in [
        TicketsBooked { id: "rock", ..booked },
        TicketsBooked { total: 11, ..booked },
        TicketsBooked { issued: 2, ..booked },
        TicketsBooked { issued: 4, ..booked },
    ] {
        let refused = replay(&[created.into(), wrong.into()]).expect_err("a contradiction");
        assert!(refused.ends_with("is jazz with 3 of 10"), "{wrong:?}: {refused}");
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
    let update = |values| EventUpdated { event, values };

    let lowered = update(EventValues { name: "Jazz Night", total: 3, ..values });
    assert_eq!(replay(&[added.into(), lowered.into(), update(values).into()]), Ok(()));
    for (wrong, why) in [
        (update(EventValues { issued: 2, ..values }), "and it is jazz with 3"),
        (update(EventValues { issued: 4, ..values }), "and it is jazz with 3"),
        (update(EventValues { total: 2, issued: 2, ..values }), "and it is jazz with 3"),
        (update(EventValues { total: 2, ..values }), "event 1 has 2 tickets in all and 3 of them issued"),
        (update(EventValues { id: "rock", ..values }), "its id has tag"),
        (EventUpdated { event: EventKey { tag, number: EventNumber(2) }, values }, "event or entry 2"),
    ] {
        let refused = replay(&[added.into(), wrong.into()]).expect_err("a contradiction");
        assert!(refused.contains(why), "{wrong:?}: {refused}");
    }
    let twice = [added.into(), added.into()];
    assert!(replay(&twice).is_err_and(|refused| refused.contains("event jazz is created twice")));
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
