//! A data directory full of tickets.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use bookline_protocol::Date;
use bookline_server::state::ticket_ids::TicketIdGenerator;
use bookline_server::state::{DependsOn, NewEvent, StateLimits, StateRejection, Store};
use bookline_server::storage::data_dir::DataDir;
use bookline_server::storage::journal::{AppendError, Durability};
use tokio::runtime::Runtime;

use crate::said::Said;
use crate::start::{config, recovered};

/// Tickets of each event are at most so many, so that none is sold out.
pub const TOTAL: u32 = 1_000_000_000;

/// The id of an event.
pub fn event(n: u32) -> String {
    format!("event-{n}")
}

/// A store on a directory of its own, in which nothing waits for the disk.
pub struct Shelf {
    store: Store,
    runtime: Runtime,
    ids: Vec<String>,
    ticket_ids: TicketIdGenerator,
    seen: DependsOn,
    _data_dir: DataDir,
}

/// Creates the events and books every ticket by itself, in turn: the longest journal that so many tickets can have.
pub fn tickets(directory: &Path, tickets: u32, events: u32) -> anyhow::Result<Said> {
    let started = Instant::now();
    let mut shelf = Shelf::new(directory, events)?;
    for n in 0..tickets {
        shelf.book(n % events)?;
    }
    let bytes = shelf.close()?;
    Ok(Said { seconds: started.elapsed().as_secs_f64(), bytes, ..Said::default() })
}

impl Shelf {
    /// An empty directory with these events in it.
    pub fn new(directory: &Path, events: u32) -> anyhow::Result<Self> {
        let config = config(directory, Durability::Never);
        let data_dir = DataDir::open(directory)?;
        let recovered = recovered(&data_dir, &config)?;
        data_dir.keep_zone("UTC")?;
        let store = Store::new(recovered.state, StateLimits::NONE, Arc::new(recovered.journal));
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let (ids, mut seen) = ((0..events).map(event).collect(), DependsOn::default());
        let date = Date::parse("2026-12-31").context("a date")?;
        for id in &ids {
            let id: &String = id;
            let new = NewEvent { id, name: "An event as any other", date, total: TOTAL, issued: 0 };
            retry(&store, &runtime, || store.create(&new, 1, &mut seen))?;
        }
        Ok(Self { store, runtime, ids, ticket_ids: TicketIdGenerator::default(), seen, _data_dir: data_dir })
    }

    /// Books one ticket of an event.
    pub fn book(&mut self, event: u32) -> anyhow::Result<()> {
        let Self { store, runtime, ids, ticket_ids, seen, .. } = self;
        let drawn = ticket_ids.draw(1);
        retry(store, runtime, || store.book(&ids[event as usize], drawn, 1, seen).map(|_| ()))
    }

    /// Changes something else.
    pub fn change(
        &mut self,
        mut change: impl FnMut(&Store, &mut DependsOn) -> Result<(), StateRejection>,
    ) -> anyhow::Result<()> {
        let Self { store, runtime, seen, .. } = self;
        retry(store, runtime, || change(store, seen))
    }

    /// Writes what is left, and says how long the journal is, in bytes.
    pub fn close(self) -> anyhow::Result<u64> {
        self.store.journal().close()?;
        Ok(self.store.journal().bytes())
    }
}

/// Waits for room in the journal where there is none.
fn retry(
    store: &Store,
    runtime: &Runtime,
    mut change: impl FnMut() -> Result<(), StateRejection>,
) -> anyhow::Result<()> {
    loop {
        match change() {
            Ok(()) => return Ok(()),
            Err(StateRejection::AppendError(AppendError::Backpressure)) => {
                runtime.block_on(store.journal().capacity())
            }
            Err(rejection) => bail!("{rejection:?}"),
        }
    }
}
