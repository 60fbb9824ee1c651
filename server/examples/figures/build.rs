//! A data directory full of tickets.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use bookline_protocol::Date;
use bookline_server::data_dir::DataDir;
use bookline_server::journal::{NoRoom, RealDisk};
use bookline_server::mint;
use bookline_server::recover::recover;
use bookline_server::store::{Declined, NewEvent, Seen, Store};
use tokio::runtime::Runtime;

use super::Said;
use super::measure::settings;

/// Tickets of each event are at most so many, so that none is sold out.
pub const TOTAL: u32 = 1_000_000_000;

/// The id of an event.
pub fn event(n: u32) -> String {
    format!("event-{n}")
}

/// Creates the events and books every ticket by itself, in turn: the longest journal that so many tickets can have.
pub fn build(directory: &Path, tickets: u32, events: u32) -> anyhow::Result<Said> {
    let settings = settings(directory, "never")?;
    let data_dir = DataDir::open(directory)?;
    let journal = Arc::new(RealDisk::new(data_dir.journal()));
    let recovered = recover(journal, &RealDisk::new(data_dir.snapshots()), &settings, data_dir.is_fresh())?;
    data_dir.keep_zone("UTC")?;
    let store = Store::new(recovered.records, Arc::new(recovered.journal));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (started, mut seen, mut drawn) = (Instant::now(), Seen::default(), Vec::new());
    let date = Date::parse("2026-12-31").context("a date")?;
    for n in 0..events {
        let id = event(n);
        let new = NewEvent { id: &id, name: "An event as any other", date, total: TOTAL, issued: 0 };
        retry(&store, &runtime, || store.create(&new, 1, &mut seen))?;
    }
    let ids: Vec<String> = (0..events).map(event).collect();
    for n in 0..tickets {
        mint::draw_tickets(&mut drawn, 1);
        retry(&store, &runtime, || {
            store.book(&ids[(n % events) as usize], &mut drawn, 1, &mut seen).map(|_| ())
        })?;
    }
    store.journal().close()?;
    let bytes = store.journal().bytes();
    Ok(Said { seconds: started.elapsed().as_secs_f64(), bytes, ..Said::default() })
}

/// Waits for room in the journal where there is none.
fn retry(
    store: &Store,
    runtime: &Runtime,
    mut change: impl FnMut() -> Result<(), Declined>,
) -> anyhow::Result<()> {
    loop {
        match change() {
            Ok(()) => return Ok(()),
            Err(Declined::NoRoom(NoRoom::NotYet)) => runtime.block_on(store.journal().room()),
            Err(declined) => bail!("{declined:?}"),
        }
    }
}
