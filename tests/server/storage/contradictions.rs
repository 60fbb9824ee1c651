//! Commits that contradict the state that the commits before them made.
//!
//! It would fail if replay took a change of an event with an id or counts, or the end of an entry with texts,
//! that are not those of the state: a reader of the log alone would be told what never happened. Or if it
//! changed a ticket or hold twice that changes once.

use std::io;
use std::num::NonZeroU64;

use bookline_protocol::limits::HOLD_SECONDS_MAX;
use bookline_protocol::{Date, Hours, Period, Role, SaleTerms, Sales, SeriesId, Slot, event_tag};
use bookline_server::changes::{
    AccountAdded, AccountDropped, AccountSet, BlockTaken, Change, EncodedEntry, EncodedOccurrence,
    EntriesCreated, EntriesEnded, EntriesMoved, EntryEnded, EntryTexts, EventAdded, EventAfter, EventCreated,
    EventDeleted, EventUpdated, HoldConfirmed, HoldCreated, HoldExtended, HoldExtendedUncounted, HoldsEnded,
    HoldsEndedUncounted, HoldsForgotten, MeetingTaken, TicketCheckedIn, TicketCheckedInUncounted,
    TicketsBooked, TicketsCancelled, encode_entry, encode_occurrence,
};
use bookline_server::codec::Sequence;
use bookline_server::domain::account::{AccountNumber, AccountValues, SecretHash};
use bookline_server::domain::hold::HoldEnd;
use bookline_server::domain::{EntryNumber, EventKey, EventNumber, EventValues};
use bookline_server::state::Records;
use bookline_server::storage::log::Log;
use bookline_server::storage::replay::Replay;
use bookline_testkit::MemoryLog;

/// Replays commits of these changes, one each, all at the time 0. Returns why one was refused.
fn replay(changes: &[Change<'_>]) -> Result<(), String> {
    replay_commits(&changes.iter().map(std::slice::from_ref).collect::<Vec<_>>())
}

/// The same, with commits of several changes.
fn replay_commits(commits: &[&[Change<'_>]]) -> Result<(), String> {
    let log = MemoryLog::default();
    for changes in commits {
        log.append(0, None, changes).expect("an open log");
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
            "event, entry or account 2",
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
        self.checked_in_of(self.after(3, 2), ticket, undone)
    }

    fn checked_in_of<'a>(&self, event: EventAfter<'a>, ticket: usize, undone: bool) -> Change<'a> {
        TicketCheckedIn { event, ticket: self.tickets[ticket], undone, at: 5 }.into()
    }

    fn confirmed<'a>(&self, event: EventAfter<'a>, tickets: &'a [[u8; 16]]) -> Change<'a> {
        HoldConfirmed { event, hold: self.hold, attendee: "Ann", tickets }.into()
    }

    fn extended(&self, deadline: i64) -> Change<'_> {
        self.extended_of(self.after(3, 2), 2, deadline)
    }

    fn extended_of<'a>(&self, event: EventAfter<'a>, tickets: u32, deadline: i64) -> Change<'a> {
        HoldExtended { event, hold: self.hold, tickets, deadline }.into()
    }

    fn ended(&self, event: EventAfter<'static>) -> Change<'_> {
        self.ended_with(event, 2)
    }

    fn ended_with(&self, event: EventAfter<'static>, tickets: u32) -> Change<'_> {
        HoldsEnded { event, end: HoldEnd::Expired, tickets, holds: std::slice::from_ref(&self.hold) }.into()
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
    let checked_in = wrong(sold.after(3, 2)).map(|event| sold.checked_in_of(event, 0, false));
    let extended = wrong(sold.after(3, 2)).map(|event| sold.extended_of(event, 2, 1));
    for change in [cancelled, confirmed, ended, deleted, checked_in, extended].concat() {
        let refused = sold.replay(&[change]).expect_err("a contradiction");
        assert!(refused.contains("after a change, event"), "{change:?}: {refused}");
    }
    let (event, ticket, hold) = (sold.key, sold.tickets[0], sold.hold);
    for change in [
        TicketCheckedInUncounted { event, id: "rock", ticket, undone: false, at: Some(5) }.into(),
        HoldExtendedUncounted { event, id: "rock", hold, deadline: 1 }.into(),
    ] {
        let refused = sold.replay(&[change]).expect_err("a contradiction");
        assert!(refused.ends_with("a change of event 1 names it rock, and it is jazz"), "{refused}");
    }
}

#[test]
fn changes_of_holds_with_other_tickets_than_the_state_are_refused() {
    let sold = Sold::new();
    for (change, tickets) in [
        (sold.extended_of(sold.after(3, 2), 1, 1), 1),
        (sold.ended_with(sold.after(3, 0), 1), 1),
        (sold.ended_with(sold.after(3, 0), 3), 3),
    ] {
        let refused = sold.replay(&[change]).expect_err("a contradiction");
        let expected = format!("a change of holds of event 1 counts {tickets} tickets, and they have 2");
        assert!(refused.ends_with(&expected), "{change:?}: {refused}");
    }
}

/// As an earlier version journaled them.
#[test]
fn changes_of_tickets_and_holds_without_counts_are_replayed() {
    let sold = Sold::new();
    let (event, ticket, hold, holds) = (sold.key, sold.tickets[0], sold.hold, [sold.hold]);
    let checked_in = |undone, at| TicketCheckedInUncounted { event, id: "jazz", ticket, undone, at }.into();
    let ended = HoldsEndedUncounted { event: sold.after(3, 0), end: HoldEnd::Released, holds: &holds }.into();
    for changes in [
        &[checked_in(false, None), checked_in(true, Some(5))][..],
        &[HoldExtendedUncounted { event, id: "jazz", hold, deadline: 1 }.into(), ended],
    ] {
        assert_eq!(sold.replay(changes), Ok(()));
    }
    let ended = HoldsEndedUncounted { event: sold.after(3, 1), end: HoldEnd::Released, holds: &holds };
    let refused = sold.replay(&[ended.into()]).expect_err("a contradiction");
    assert!(refused.contains("after a change, event"), "{refused}");
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
    let (at, entry) = (slot(9), EntryNumber::first_of(Sequence(1)));
    let meeting = MeetingTaken { slot: at, who: "F1", title: "plans", group: "F2,F3", host: "F1" };
    let texts = EntryTexts { who: "F1", title: "plans", group: "F2,F3", host: "F1" };
    let with = |texts| EntryEnded { slot: at, entry, texts };
    let ended = with(texts);
    let texts_of_block = EntryTexts { title: "", group: "", ..texts };
    let of_block = with(texts_of_block);

    assert_eq!(replay(&[meeting.into(), ended.into()]), Ok(()));
    for wrong in [
        with(EntryTexts { who: "F2", ..texts }),
        with(EntryTexts { title: "plan", ..texts }),
        with(EntryTexts { group: "F2", ..texts }),
        with(EntryTexts { group: "F3,F2", ..texts }),
        with(EntryTexts { host: "F2", ..texts }),
        of_block,
    ] {
        let refused = replay(&[meeting.into(), wrong.into()]).expect_err("a contradiction");
        assert!(refused.ends_with("it is another one, which F1 created"), "{wrong:?}: {refused}");
    }
    replay(&[meeting.into(), EntryEnded { slot: slot(10), ..ended }.into()]).expect_err("no entry at ten");

    let block = BlockTaken { slot: at, who: "F1" };
    assert_eq!(replay(&[block.into(), of_block.into()]), Ok(()));
    for wrong in [ended, with(EntryTexts { who: "F2", host: "F2", ..texts_of_block })] {
        let refused = replay(&[block.into(), wrong.into()]).expect_err("a contradiction");
        assert!(refused.ends_with("it is another one, which F1 created"), "{wrong:?}: {refused}");
    }
}

const PLANS: EntryTexts<'_> = EntryTexts { who: "F1", title: "plans", group: "F2,F3", host: "F1" };

fn series(id: u64) -> Option<SeriesId> {
    NonZeroU64::new(id).map(SeriesId)
}

/// Two hours of a day, from one on.
fn period(day: u32, hour: u32) -> Period {
    let start = Slot::from_index(17_760_000 + day * 24 + hour).expect("an hour of 2026");
    Period::new(start, Hours::new(2).expect("two hours")).expect("a period of 2026")
}

/// Two occurrences, of which the second is across midnight.
fn occurrences() -> [EncodedOccurrence; 2] {
    [encode_occurrence(0, period(0, 9)), encode_occurrence(1, period(1, 23))]
}

fn created(occurrences: &[EncodedOccurrence]) -> Change<'_> {
    EntriesCreated { series: series(1), texts: PLANS, occurrences }.into()
}

fn ended(entries: &[EncodedEntry]) -> Change<'_> {
    EntriesEnded { series: series(1), texts: PLANS, entries }.into()
}

fn entry(commit: u64, index: u16) -> EntryNumber {
    EntryNumber::new(Sequence(commit), index).expect("a number of an entry")
}

#[test]
fn ends_of_entries_of_a_series_that_fit_are_replayed() {
    let occurrences = occurrences();
    let created = created(&occurrences);
    let (first, second) = (encode_entry(entry(1, 0), period(0, 9)), encode_entry(entry(1, 1), period(1, 23)));
    let (first, second, both) = ([first], [second], [first, second]);
    assert_eq!(replay(&[created, ended(&both), created]), Ok(()));
    assert_eq!(replay(&[created, ended(&second), ended(&first)]), Ok(()));
}

#[test]
fn ends_of_entries_that_are_others_in_the_state_are_refused() {
    let occurrences = occurrences();
    let created = created(&occurrences);
    let first = [encode_entry(entry(1, 0), period(0, 9))];
    let ended = EntriesEnded { series: series(1), texts: PLANS, entries: &first };
    let block = EntryTexts { title: "", group: "", ..PLANS };
    for wrong in [
        EntriesEnded { series: series(2), ..ended },
        EntriesEnded { series: None, ..ended },
        EntriesEnded { texts: EntryTexts { who: "F2", ..PLANS }, ..ended },
        EntriesEnded { texts: EntryTexts { title: "plan", ..PLANS }, ..ended },
        EntriesEnded { texts: EntryTexts { group: "F3,F2", ..PLANS }, ..ended },
        EntriesEnded { texts: EntryTexts { host: "F2", ..PLANS }, ..ended },
        EntriesEnded { texts: block, ..ended },
    ] {
        let refused = replay(&[created, wrong.into()]).expect_err("a contradiction");
        assert!(refused.ends_with("it is another one, which F1 created"), "{wrong:?}: {refused}");
    }
    let one_hour = Period::of_slot(period(0, 9).start());
    for (number, other) in [
        (entry(1, 0), period(0, 10)),
        (entry(1, 0), period(1, 23)),
        (entry(1, 0), one_hour),
        (entry(1, 1), one_hour),
        (entry(1, 1), Period::of_slot(period(1, 23).start())),
        (entry(1, 2), period(0, 9)),
    ] {
        let entries = [encode_entry(number, other)];
        let refused = replay(&[created, EntriesEnded { entries: &entries, ..ended }.into()]);
        assert!(refused.is_err(), "{number:?} does not have {other:?}");
    }
    let twice = [first[0], first[0]];
    replay(&[created, EntriesEnded { entries: &twice, ..ended }.into()]).expect_err("it ends once");
    replay(&[created, ended.into(), ended.into()]).expect_err("it ends once");
    // An entry of a series is not one of a commit of its own.
    let single = EntryEnded { slot: one_hour.start(), entry: entry(1, 0), texts: PLANS };
    replay(&[created, single.into()]).expect_err("it has two hours");
    let of_one_hour = [encode_occurrence(0, one_hour)];
    replay(&[self::created(&of_one_hour), single.into()]).expect_err("it is in a series");
}

#[test]
fn entries_that_fill_a_filled_hour_are_refused() {
    let first = occurrences();
    for other in [period(0, 8), period(0, 10), period(1, 22), period(2, 0)] {
        let second = [encode_occurrence(0, period(5, 9)), encode_occurrence(1, other)];
        let refused = replay(&[created(&first), created(&second)]).expect_err("a contradiction");
        assert!(refused.contains("has filled"), "{other:?}: {refused}");
    }
    for other in [period(0, 7), period(0, 11), period(1, 21), period(2, 1)] {
        let second = [encode_occurrence(0, other)];
        assert_eq!(replay(&[created(&first), created(&second)]), Ok(()), "{other:?}");
    }
    let overlapping = [encode_occurrence(0, period(0, 9)), encode_occurrence(1, period(0, 10))];
    replay(&[created(&overlapping)]).expect_err("two occurrences at ten");
    let same_index = [encode_occurrence(1, period(0, 9)), encode_occurrence(1, period(1, 9))];
    replay(&[created(&same_index)]).expect_err("two occurrences with one number");
}

#[test]
fn ends_of_entries_of_their_own_or_a_later_commit_are_refused() {
    let occurrences = occurrences();
    let created = created(&occurrences);
    for commit in [2, 3] {
        let entries = [encode_entry(entry(commit, 0), period(0, 9))];
        let ended = EntriesEnded { series: series(1), texts: PLANS, entries: &entries };
        let refused = replay(&[created, ended.into()]).expect_err("a contradiction");
        assert!(refused.contains(&format!("commit 2 changes event, entry or account {commit}")), "{refused}");
    }
}

fn moved(entries: &[EncodedEntry]) -> Change<'_> {
    EntriesMoved { series: series(1), texts: PLANS, entries }.into()
}

#[test]
fn moves_that_fit_are_replayed() {
    let occurrences = occurrences();
    let created = created(&occurrences);
    let [first, second] = [(entry(1, 0), period(0, 9)), (entry(1, 1), period(1, 23))];
    let both = [first, second].map(|(number, period)| encode_entry(number, period));
    // Onto each other's hours, and then both away.
    let swapped = [(first.0, second.1), (second.0, first.1)].map(|(n, period)| encode_entry(n, period));
    let away = [(first.0, period(3, 23)), (second.0, period(4, 1))].map(|(n, p)| encode_entry(n, p));
    let one_hour = Period::of_slot(period(5, 7).start());
    let alone = [encode_entry(second.0, one_hour)];
    let block = EntryTexts { title: "", group: "", ..PLANS };
    let as_block = EntriesMoved { series: None, texts: block, entries: &alone }.into();
    // It has one hour and no series, and is not the first entry of its commit.
    let end_of_block = EntriesEnded { series: None, texts: block, entries: &alone }.into();
    let commits: [&[Change<'_>]; 6] = [
        &[created],
        &[ended(&both), moved(&swapped)],
        &[ended(&swapped), moved(&away)],
        &[ended(&away[1..]), as_block],
        &[end_of_block],
        &[ended(&away[..1])],
    ];
    for count in 1..=commits.len() {
        assert_eq!(replay_commits(&commits[..count]), Ok(()), "the first {count} commits");
    }
    // All hours are free again.
    let twice = [&commits[..], &commits[..1]].concat();
    assert_eq!(replay_commits(&twice), Ok(()));
}

/// Earlier versions replaced entries by others with new numbers.
#[test]
fn replacements_by_other_entries_are_replayed() {
    let before = occurrences();
    let both = [encode_entry(entry(1, 0), period(0, 9)), encode_entry(entry(1, 1), period(1, 23))];
    let after = [encode_occurrence(0, period(0, 10)), encode_occurrence(1, period(2, 0))];
    let ended_after = [encode_entry(entry(2, 0), period(0, 10)), encode_entry(entry(2, 1), period(2, 0))];
    let commits: [&[Change<'_>]; 3] =
        [&[created(&before)], &[ended(&both), created(&after)], &[ended(&ended_after), moved(&ended_after)]];
    assert_eq!(replay_commits(&commits), Ok(()));
}

#[test]
fn moves_that_contradict_the_state_are_refused() {
    let occurrences = occurrences();
    let created = created(&occurrences);
    let first = [encode_entry(entry(1, 0), period(0, 9))];
    let second = [encode_entry(entry(1, 1), period(1, 23))];
    let onto_second = [encode_entry(entry(1, 0), period(2, 0))];
    let cases: [(&[&[Change<'_>]], &str); 5] = [
        (&[&[created], &[moved(&first)]], "commit 2 moves other entries than it ends"),
        (&[&[created], &[ended(&second), moved(&first)]], "commit 2 moves other entries than it ends"),
        (&[&[created], &[moved(&first), ended(&first)]], "commit 2 moves other entries than it ends"),
        (&[&[created], &[ended(&first), moved(&onto_second)]], "has filled"),
        (&[&[created], &[ended(&first), moved(&first)], &[ended(&onto_second)]], "an hour without it"),
    ];
    for (commits, expected) in cases {
        let refused = replay_commits(commits).expect_err("a contradiction");
        assert!(refused.contains(expected), "{refused:?} does not contain {expected:?}");
    }
}

#[test]
fn accounts_that_are_taken_unknown_or_of_another_name_are_refused() {
    let secret = SecretHash::Token([7; 32]);
    let values = |name| AccountValues { name, role: Role::Seller, person: "F1", secret };
    let added = |name| AccountAdded(values(name)).into();
    let set = |number, name| AccountSet { account: AccountNumber(number), values: values(name) }.into();
    let dropped = |number, name| AccountDropped { account: AccountNumber(number), name }.into();
    let (anna, ben): (Change<'_>, Change<'_>) = (added("anna"), added("ben"));

    // Nothing keeps the last admin here: that is a rule, and rules are not judged again.
    assert_eq!(replay(&[anna, set(1, "anna"), dropped(1, "anna"), anna, ben]), Ok(()));
    for (changes, why) in [
        (&[anna, anna][..], "account 2 is added, and its name is taken"),
        (&[anna, ben, set(1, "ben")], "account 1 is set under another name"),
        (&[anna, ben, dropped(2, "anna")], "account 2 is dropped under another name"),
        (&[anna, dropped(1, "anna"), set(1, "anna")], "account 1 is set and does not exist"),
        (&[anna, dropped(1, "anna"), dropped(1, "anna")], "account 1 is dropped and does not exist"),
        (&[anna, set(2, "anna")], "commit 2 changes event, entry or account 2"),
    ] {
        let refused = replay(changes).expect_err(why);
        assert!(refused.contains(why), "{refused}");
    }
    let twice = replay_commits(&[&[anna, ben]]).expect_err("a commit adds one account");
    assert!(twice.contains("account 1 is added twice"), "{twice}");
}
