//! The memory of a ticket, an event and a person-hour of the largest size, from which the limits of the state
//! follow.

use std::path::Path;

use anyhow::Context;
use bookline_protocol::{Date, Hour, SaleTerms, Slot};
use bookline_server::state::limits::{EVENT_BYTES_MAX, PERSON_HOUR_BYTES_MAX, TICKET_BYTES_MAX};
use bookline_server::state::{EventValues, NewEntry};

use crate::recovery::resident;
use crate::table;
use crate::unsynced_store::UnsyncedStore;

/// So many of each that the memory of the process itself does not matter.
const TICKETS: u32 = 2_000_000;
const EVENTS: u32 = 30_000;
const MEETINGS: u32 = 30_000;

/// Events of the tickets, so that every shard has some.
const EVENTS_OF_TICKETS: u32 = 200;

const ORDINARY_NAME: &str = "Some ordinary concert";

pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let mut data = UnsyncedStore::new(directory, EVENTS_OF_TICKETS)?;
    // Each character takes four bytes, and twelve in JSON.
    let longest_name = "\u{e0041}".repeat(200);

    let ordinary = bytes_each(EVENTS, |n| create_event(&mut data, &format!("concert-{n}"), ORDINARY_NAME))?;
    println!("an ordinary event takes {ordinary:.0} bytes");
    let largest = bytes_each(EVENTS, |n| create_event(&mut data, &format!("{n:064}"), &longest_name))?;
    table::at_most("memory of an event of the largest size", largest, "bytes", EVENT_BYTES_MAX as f64);

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
    data.close()?;
    Ok(())
}

fn create_event(data: &mut UnsyncedStore, id: &str, name: &str) -> anyhow::Result<()> {
    let date = Date::parse("2026-12-31").context("a date")?;
    let event = EventValues { id, name, date, total: 1, issued: 0, terms: SaleTerms::default() };
    data.change(|store, context| store.create(context, &event))
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
    let meeting = NewEntry::Meeting { title, group, host: who };
    data.change(|store, context| store.take(context, who, slot, &meeting))
}

/// Creates `count` records, and returns the bytes of memory per record.
fn bytes_each(count: u32, mut create: impl FnMut(u32) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let before = resident()?;
    for n in 0..count {
        create(n)?;
    }
    Ok((resident()? - before) / f64::from(count))
}
