//! Data directories with many tickets.

use std::fmt::Debug;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use bookline_protocol::hold::HoldId;
use bookline_protocol::limits::HOLD_SECONDS_MAX;
use bookline_protocol::{Date, SaleTerms, TicketId};
use bookline_server::state::ticket_ids::{BookingTicketIds, TicketIdGenerator};
use bookline_server::state::{
    Booked, Context, Error, EventValues, KeyState, Keyed, NewHold, RequestKey, StateLimits, Store,
};
use bookline_server::storage::data_dir::DataDir;
use bookline_server::storage::journal::{Durability, Journal};
use bookline_server::storage::log::{AppendError, Log, LogExt};
use bookline_testkit::system_clock;
use tokio::runtime::Runtime;

use crate::recovery::{config, recover_state};
use crate::step_result::StepResult;

/// The tickets of each event, so many that none is sold out.
pub const EVENT_TICKETS: u32 = 1_000_000_000;

pub fn event_id(n: u32) -> String {
    format!("event-{n}")
}

/// A store on a directory of its own that does not wait for the disk.
pub struct UnsyncedStore {
    store: Store,
    journal: Arc<Journal>,
    runtime: Runtime,
    ids: Vec<String>,
    ticket_ids: TicketIdGenerator,
    context: Context,
    _data_dir: DataDir,
}

/// Creates the events and books each ticket on its own, which gives the longest journal of so many tickets.
pub fn build(directory: &Path, tickets: u32, events: u32) -> anyhow::Result<StepResult> {
    let started = Instant::now();
    let mut store = UnsyncedStore::new(directory, events)?;
    for n in 0..tickets {
        store.book(n % events)?;
    }
    let bytes = store.close()?;
    Ok(StepResult { seconds: started.elapsed().as_secs_f64(), bytes, ..StepResult::default() })
}

impl UnsyncedStore {
    /// A store with `events` events, in a new directory.
    pub fn new(directory: &Path, events: u32) -> anyhow::Result<Self> {
        let config = config(directory, Durability::Never);
        let data_dir = DataDir::open(directory)?;
        let recovered = recover_state(&data_dir, &config)?;
        data_dir.keep_zone("UTC", false)?;
        let journal = Arc::new(recovered.journal);
        let store = Store::new(recovered.state, StateLimits::NONE, journal.clone(), system_clock());
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let (ids, mut context) = ((0..events).map(event_id).collect(), Context::default());
        let date = Date::parse("2026-12-31").context("a date")?;
        for id in &ids {
            let id: &String = id;
            let (name, total, terms) = ("Some ordinary concert", EVENT_TICKETS, SaleTerms::default());
            let new = EventValues { id, name, date, total, issued: 0, terms };
            retry(&store, &runtime, || store.create(&mut context, &new, None))?;
        }
        Ok(Self {
            store,
            journal,
            runtime,
            ids,
            ticket_ids: TicketIdGenerator::default(),
            context,
            _data_dir: data_dir,
        })
    }

    /// Books one ticket of an event.
    pub fn book(&mut self, event: u32) -> anyhow::Result<()> {
        self.book_for(event, "")
    }

    /// Books one ticket of an event for someone.
    pub fn book_for(&mut self, event: u32, attendee: &str) -> anyhow::Result<()> {
        let Self { store, runtime, ids, ticket_ids, context, .. } = self;
        retry(store, runtime, || {
            let drawn = ticket_ids.draw(1, store.place_cipher());
            store.book(context, &ids[event as usize], attendee, drawn, None).map(|_| ())
        })
    }

    /// Books one ticket of an event, and stores this reply with a key.
    pub fn book_with_key(&mut self, event: u32, key: &str, reply: &str) -> anyhow::Result<()> {
        let Self { store, runtime, ids, ticket_ids, context, .. } = self;
        retry(store, runtime, || {
            let drawn = ticket_ids.draw(1, store.place_cipher());
            let looked_up = store.look_up(context, RequestKey { owner: "", key, request: [0; 16] })?;
            let KeyState::Unused(mut key) = looked_up else { unreachable!("each key is used once") };
            let mut written = Vec::new();
            let mut write = |_: &Booked<'_>, out: &mut Vec<u8>| {
                out.extend_from_slice(reply.as_bytes());
                Ok(())
            };
            let keyed = Keyed { key: &mut key, replies: &mut written, write: &mut write };
            let booked = store.book(context, &ids[event as usize], "", drawn, Some(keyed)).map(|_| ());
            key.store(&written);
            booked
        })
    }

    /// Books one ticket of another event than those that the store began with.
    pub fn book_id(&mut self, event_id: &str, attendee: &str) -> anyhow::Result<()> {
        let Self { store, runtime, ticket_ids, context, .. } = self;
        retry(store, runtime, || {
            let drawn = ticket_ids.draw(1, store.place_cipher());
            store.book(context, event_id, attendee, drawn, None).map(|_| ())
        })
    }

    /// Books several tickets of an event together, and returns them.
    pub fn book_several(&mut self, event: u32, count: usize) -> anyhow::Result<Vec<TicketId>> {
        let Self { store, runtime, ids, context, .. } = self;
        let mut tickets = vec![[0; 16]; count];
        retry(store, runtime, || {
            let drawn = BookingTicketIds::new(*store.place_cipher()).draw(&mut tickets);
            store.book(context, &ids[event as usize], "", drawn, None).map(|_| ())
        })?;
        Ok(tickets.into_iter().map(TicketId).collect())
    }

    /// Looks a ticket up.
    pub fn has_ticket(&mut self, ticket: TicketId) -> bool {
        self.store.ticket(&mut self.context, ticket, |view| black_box(view.state).status()).is_some()
    }

    /// Holds a ticket of an event for someone.
    pub fn hold(&mut self, event_id: &str, attendee: &str) -> anyhow::Result<HoldId> {
        let Self { store, runtime, ticket_ids, context, .. } = self;
        let new = NewHold { event: event_id, count: 1, seconds: HOLD_SECONDS_MAX, attendee };
        retry(store, runtime, || {
            let drawn = ticket_ids.draw(1, store.place_cipher());
            store.hold(context, &new, drawn, None).map(|view| view.id)
        })
    }

    /// Releases a hold.
    pub fn release(&mut self, hold: HoldId) -> anyhow::Result<()> {
        self.change(|store, context| store.release(context, hold, None).map(|_| ()))
    }

    /// Makes another change.
    pub fn change<R: Debug>(
        &mut self,
        mut change: impl FnMut(&Store, &mut Context) -> Result<(), Error<R>>,
    ) -> anyhow::Result<()> {
        let Self { store, runtime, context, .. } = self;
        retry(store, runtime, || change(store, context))
    }

    /// Closes the journal, and returns its length in bytes.
    pub fn close(self) -> anyhow::Result<u64> {
        self.journal.close()?;
        Ok(self.journal.bytes())
    }
}

/// Repeats a change until the journal has capacity for it.
fn retry<T, R: Debug>(
    store: &Store,
    runtime: &Runtime,
    mut change: impl FnMut() -> Result<T, Error<R>>,
) -> anyhow::Result<T> {
    loop {
        match change() {
            Ok(made) => return Ok(made),
            Err(Error::Append(AppendError::Backpressure)) => runtime.block_on(store.log().capacity()),
            Err(rejection) => bail!("{rejection:?}"),
        }
    }
}
