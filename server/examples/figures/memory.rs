//! What a ticket, an event and a person-hour take in memory at the most: what the limits of the state are made of.

use std::path::Path;

use anyhow::Context;
use bookline_protocol::{Date, Hour, Slot};
use bookline_server::state::limits::{EVENT_BYTES_MAX, PERSON_HOUR_BYTES_MAX, TICKET_BYTES_MAX};
use bookline_server::state::{NewEntry, NewEvent};

use crate::build::Shelf;
use crate::start::resident;
use crate::table;

/// Enough of each that what the process takes anyway does not count.
const TICKETS: u32 = 2_000_000;
const EVENTS: u32 = 30_000;
const MEETINGS: u32 = 30_000;

/// Events that the tickets are of, so that every shard has some.
const SALES: u32 = 200;

const ORDINARY: &str = "An event as any other";

pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let mut shelf = Shelf::new(directory, SALES)?;
    // Every character takes four bytes, and twelve in JSON.
    let longest = "\u{e0041}".repeat(200);

    let ordinary = each(EVENTS, |n| event(&mut shelf, &format!("concert-{n}"), ORDINARY))?;
    println!("an ordinary event takes {ordinary:.0} bytes");
    let largest = each(EVENTS, |n| event(&mut shelf, &format!("{n:064}"), &longest))?;
    table::at_most("memory of an event, as large as can be", largest, "bytes", EVENT_BYTES_MAX as f64);

    // Days of eight hours with 25 meetings of three people in each.
    let ordinary = each(MEETINGS, |n| {
        let (day, hour, team) = (n / 200, n / 25 % 8, n % 25);
        let group = format!("F{},F{}", 3 * team + 1, 3 * team + 2);
        meeting(&mut shelf, 700_000 + day, 9 + hour, ORDINARY, &format!("F{}", 3 * team), &group)
    })?;
    println!("an ordinary person-hour takes {:.0} bytes", ordinary / 3.0);
    // Somebody alone, on a day on which nobody else has anything.
    let largest = each(MEETINGS, |n| {
        let who = format!("{n:064}");
        meeting(&mut shelf, 800_000 + n, 9, &longest, &who, &who)
    })?;
    table::at_most(
        "memory of a person-hour, as large as can be",
        largest,
        "bytes",
        PERSON_HOUR_BYTES_MAX as f64,
    );

    let ticket = each(TICKETS, |n| shelf.book(n % SALES))?;
    table::at_most("memory of a ticket", ticket, "bytes", TICKET_BYTES_MAX as f64);
    shelf.close()?;
    Ok(())
}

fn event(shelf: &mut Shelf, id: &str, name: &str) -> anyhow::Result<()> {
    let date = Date::parse("2026-12-31").context("a date")?;
    let event = NewEvent { id, name, date, total: 1, issued: 0 };
    shelf.change(|store, seen| store.create(&event, 1, seen))
}

fn meeting(
    shelf: &mut Shelf,
    day: u32,
    hour: u32,
    title: &str,
    who: &str,
    group: &str,
) -> anyhow::Result<()> {
    let hour = u8::try_from(hour).ok().and_then(Hour::new).context("an hour")?;
    let slot = Slot { date: Date::from_day_number(day).context("a date")?, hour };
    let meeting = NewEntry::Meeting { title, group, host: who };
    shelf.change(|store, seen| store.take(who, slot, &meeting, 1, seen))
}

/// Makes so many, and says how many bytes of memory each takes.
fn each(count: u32, mut make: impl FnMut(u32) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let before = resident()?;
    for n in 0..count {
        make(n)?;
    }
    Ok((resident()? - before) / f64::from(count))
}
