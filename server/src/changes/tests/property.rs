//! Lines of random changes have the fields of [`bookline_protocol::reply::ChangeBody`], in their order.

use bookline_protocol::{Date, MaxPerBooking, SaleTerms, Sales, Slot};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{
    BlockTaken, Change, EntriesCreated, EntryTexts, EventAdded, EventAfter, EventDeleted, EventUpdated,
    HoldConfirmed, HoldCreated, HoldExtended, HoldsEnded, MeetingTaken, TicketCheckedIn, TicketsBooked,
    TicketsCancelled, encode_occurrence,
};
use super::entries::{SERIES, period};
use super::told;
use crate::domain::hold::HoldEnd;
use crate::domain::{EventKey, EventNumber, EventValues};

/// The values that the changes below are made of.
#[derive(Debug, Clone)]
struct Values {
    ids: Vec<String>,
    text: String,
    /// All, issued and held tickets.
    counts: (u32, u32, u32),
    uuids: Vec<[u8; 16]>,
    /// Of a day and of a slot.
    numbers: (u32, u32),
    micros: i64,
    flag: bool,
    limit: u32,
}

fn values() -> impl Strategy<Value = Values> {
    let ids = vec("[A-Za-z0-9._-]{1,8}", 2..5);
    let counts = (any::<u32>(), any::<u32>(), any::<u32>());
    let numbers = (1..=3_652_059u32, 24..=87_649_415u32);
    let rest = (any::<i64>(), any::<bool>(), 0..=10_000u32);
    (ids, any::<String>(), counts, vec(any::<[u8; 16]>(), 1..4), numbers, rest).prop_map(
        |(ids, text, counts, uuids, numbers, (micros, flag, limit))| Values {
            ids,
            text,
            counts,
            uuids,
            numbers,
            micros,
            flag,
            limit,
        },
    )
}

/// Changes of events, tickets and holds.
fn changes_of_events(values: &Values) -> Vec<Change<'_>> {
    let Values { ids, text, counts: (total, issued, held), uuids: tickets, micros, flag, .. } = values;
    let (id, attendee) = (&*ids[0], &**text);
    let key = EventKey { tag: 7, number: EventNumber(12) };
    let event = EventAfter { key, id, total: *total, issued: *issued, held: *held };
    let terms = SaleTerms {
        sales: if *flag { Sales::Open } else { Sales::Closed },
        max_per_booking: MaxPerBooking::new(values.limit).unwrap_or_default(),
    };
    let date = Date::from_day_number(values.numbers.0).unwrap();
    let of_event = EventValues { id, name: text, date, total: *total, issued: *issued, terms };
    let (hold, deadline, ticket) = (tickets[0], *micros, tickets[0]);
    let end = if *flag { HoldEnd::Released } else { HoldEnd::Expired };
    vec![
        EventAdded { tag: 7, values: of_event }.into(),
        EventUpdated { event: key, held: *held, values: of_event }.into(),
        EventDeleted { event }.into(),
        TicketsBooked { event, attendee, tickets }.into(),
        TicketsCancelled { event, tickets }.into(),
        TicketCheckedIn { event, ticket, undone: *flag, at: *micros }.into(),
        HoldCreated { event, hold, tickets: *issued, deadline, attendee }.into(),
        HoldExtended { event, hold, tickets: *issued, deadline }.into(),
        HoldConfirmed { event, hold, attendee, tickets }.into(),
        HoldsEnded { event, end, tickets: *issued, holds: tickets }.into(),
    ]
}

proptest! {
    /// `told` compares each line with the struct.
    #[test]
    fn lines_of_random_changes_are_objects_of_the_protocol(values in values()) {
        told(&changes_of_events(&values));

        let slot = Slot::from_index(values.numbers.1).unwrap();
        let (who, title, host) = (&*values.ids[0], &*values.text, &*values.ids[1]);
        let group = values.ids[1..].join(",");
        let texts = EntryTexts { who, title, group: &group, host };
        let hours = (values.limit % 24) as u8 + 1;
        let occurrences = [encode_occurrence(365, period(slot, hours))];
        let lines = told(&[
            BlockTaken { slot, who }.into(),
            MeetingTaken { slot, who, title, group: &group, host }.into(),
            EntriesCreated { series: Some(SERIES), texts, occurrences: &occurrences }.into(),
        ]);
        prop_assert_eq!(lines.lines.len(), 3);
    }
}
