//! The memory of a ticket, a hold and a name, and of an event and a person-hour of the largest size, from
//! which the limits of the state follow.

use std::path::Path;

use anyhow::Context;
use bookline_protocol::{Date, Hour, Period, SaleTerms, Slot};
use bookline_server::state::keys::key_bytes;
use bookline_server::state::limits::{
    EVENT_BYTES_MAX, HOLD_BYTES_MAX, PERSON_HOUR_BYTES_MAX, TICKET_BYTES_MAX,
};
use bookline_server::state::name_bytes::name_bytes;
use bookline_server::state::{EventValues, NewEntries, NewEntry};

use crate::recovery::resident;
use crate::table;
use crate::unsynced_store::{UnsyncedStore, event_id};

/// So many of each that the memory of the process itself does not matter.
const TICKETS: u32 = 2_000_000;
const EVENTS: u32 = 30_000;
const MEETINGS: u32 = 30_000;

/// Keys, of so many that their tables have just grown.
const KEYS: u32 = 1_000_000;

/// The length of a key that a client draws, and of the reply to a booking of one ticket.
const KEY_BYTES: usize = 32;
const REPLY_BYTES: usize = 110;

/// Events of the tickets, so that every shard has some.
const EVENTS_OF_TICKETS: u32 = 200;

/// Events of each kind of tickets and holds with the most free capacity, and how many each has. A vector has
/// just doubled then.
const SPARSE_EVENTS: u32 = 300;
const SPARSE_TICKETS: u32 = 2_049;

/// Kinds of them: tickets, holds, ended holds, and tickets with names of four lengths.
const SPARSE_KINDS: u32 = 7;

const ORDINARY_NAME: &str = "Some ordinary concert";

pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let mut data = UnsyncedStore::new(directory, EVENTS_OF_TICKETS + SPARSE_KINDS * SPARSE_EVENTS)?;
    // Each character takes four bytes, and twelve in JSON.
    let longest_name = "\u{e0041}".repeat(200);

    let ordinary = bytes_each(EVENTS, |n| create_event(&mut data, &format!("concert-{n}"), ORDINARY_NAME))?;
    println!("an ordinary event takes {ordinary:.0} bytes");
    let largest = bytes_each(EVENTS, |n| {
        let id = format!("{n:064}");
        create_event(&mut data, &id, &longest_name)?;
        data.book_id(&id, &longest_name)?;
        data.hold(&id, &longest_name).map(|_| ())
    })?;
    let parts = TICKET_BYTES_MAX + HOLD_BYTES_MAX + 2 * name_bytes(&longest_name);
    table::at_most(
        "memory of an event of the largest size",
        largest - parts as f64,
        "bytes",
        EVENT_BYTES_MAX as f64,
    );

    // Days of eight hours with 25 meetings of three people in each.
    let ordinary = bytes_each(MEETINGS, |n| {
        let (day, hour, team) = (n / 200, n / 25 % 8, n % 25);
        let group = format!("F{},F{}", 3 * team + 1, 3 * team + 2);
        create_meeting(&mut data, 700_000 + day, 9 + hour, ORDINARY_NAME, &format!("F{}", 3 * team), &group)
    })?;
    println!("an ordinary person-hour takes {:.0} bytes", ordinary / 3.0);
    // A meeting of one person, on a day without other entries.
    let largest = bytes_each(MEETINGS, |n| {
        let who = format!("{n:064}");
        create_meeting(&mut data, 800_000 + n, 9, &longest_name, &who, &who)
    })?;
    table::at_most(
        "memory of a person-hour of the largest size",
        largest,
        "bytes",
        PERSON_HOUR_BYTES_MAX as f64,
    );

    let ticket = bytes_each(TICKETS, |n| data.book(n % EVENTS_OF_TICKETS))?;
    table::at_most("memory of a ticket", ticket, "bytes", TICKET_BYTES_MAX as f64);
    tickets_holds_and_names(&mut data)?;
    keys(&mut data, ticket)?;
    data.close()?;
    Ok(())
}

/// The memory of keys, besides that of the tickets that are booked with them.
fn keys(data: &mut UnsyncedStore, ticket: f64) -> anyhow::Result<()> {
    let reply = "x".repeat(REPLY_BYTES);
    let with_key = bytes_each(KEYS, |n| {
        data.book_with_key(n % EVENTS_OF_TICKETS, &format!("{n:0width$}", width = KEY_BYTES), &reply)
    })?;
    table::at_most(
        "memory of a key and its reply",
        with_key - ticket,
        "bytes",
        key_bytes(0, KEY_BYTES, REPLY_BYTES) as f64,
    );
    Ok(())
}

/// The memory of tickets, holds and names of events with so many of them that the vectors of each have the
/// most free capacity.
fn tickets_holds_and_names(data: &mut UnsyncedStore) -> anyhow::Result<()> {
    let mut events = EVENTS_OF_TICKETS..;
    let mut measure = |create: &mut dyn FnMut(u32, u32) -> anyhow::Result<()>| {
        let first = events.nth(SPARSE_EVENTS as usize - 1).context("an event")? + 1 - SPARSE_EVENTS;
        bytes_each(SPARSE_EVENTS * SPARSE_TICKETS, |n| create(first + n % SPARSE_EVENTS, n / SPARSE_EVENTS))
    };
    let ticket = measure(&mut |event, _| data.book(event))?;
    table::at_most("memory of a ticket, at most", ticket, "bytes", TICKET_BYTES_MAX as f64);
    let active = measure(&mut |event, _| data.hold(&event_id(event), "").map(|_| ()))?;
    table::at_most("memory of a hold, at most", active, "bytes", HOLD_BYTES_MAX as f64);
    let ended = measure(&mut |event, _| {
        let hold = data.hold(&event_id(event), "")?;
        data.release(hold)
    })?;
    table::at_most("memory of a hold that ended, at most", ended, "bytes", HOLD_BYTES_MAX as f64);
    // The lengths before and after a size that the allocator has, and the longest.
    for characters in [1, 24, 25, 200] {
        let named = measure(&mut |event, n| {
            // The last digits differ from one ticket of an event to the next.
            let name = format!("{n:0>characters$}");
            data.book_for(event, &name[name.len() - characters..])
        })?;
        let what = format!("memory of a ticket with a name of {characters} characters, at most");
        let most = TICKET_BYTES_MAX + name_bytes(&"x".repeat(characters));
        table::at_most(&what, named, "bytes", most as f64);
    }
    Ok(())
}

fn create_event(data: &mut UnsyncedStore, id: &str, name: &str) -> anyhow::Result<()> {
    let date = Date::parse("2026-12-31").context("a date")?;
    let event = EventValues { id, name, date, total: 2, issued: 0, terms: SaleTerms::default() };
    data.change(|store, context| store.create(context, &event, None))
}

fn create_meeting(
    data: &mut UnsyncedStore,
    day: u32,
    hour: u32,
    title: &str,
    who: &str,
    group: &str,
) -> anyhow::Result<()> {
    let hour = u8::try_from(hour).ok().and_then(Hour::new).context("an hour")?;
    let slot = Slot { date: Date::from_day_number(day).context("a date")?, hour };
    let entry = NewEntry::Meeting { title, group, host: who };
    let new = NewEntries { who, entry, periods: &[Period::of_slot(slot)], series: None };
    data.change(|store, context| store.create_entries(context, &new, None).map(drop))
}

/// Creates `count` records, and returns the bytes of memory per record.
fn bytes_each(count: u32, mut create: impl FnMut(u32) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let before = resident()?;
    for n in 0..count {
        create(n)?;
    }
    Ok((resident()? - before) / f64::from(count))
}
