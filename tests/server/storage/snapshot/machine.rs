//! A machine with two disks, one for the journal and one for snapshots, and a model of the state after every
//! commit.

use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bookline_protocol::limits::HOLD_SECONDS_MAX;
use bookline_protocol::recurrence::OnConflict;
use bookline_protocol::{
    Hour, Hours, MaxPerBooking, Period, SaleTerms, Sales, Scope, SeriesId, Slot, TicketId,
};
use bookline_server::codec::Sequence;
use bookline_server::state::ticket_ids::DrawnTicketIds;
use bookline_server::state::ticket_place::PlaceCipher;
use bookline_server::state::{
    Context, Error, EventUpdate, EventValues, KeyState, Keyed, NewEntries, NewEntry, NewHold, NewSeries,
    Records, Replacement, StateLimits, Store,
};
use bookline_server::storage::disks::Disks;
use bookline_server::storage::journal::disk::Disk;
use bookline_server::storage::journal::{Durability, Journal};
use bookline_server::storage::log::{AppendError, Failure, Log};
use bookline_server::storage::recovery::{self, RecoverError, Recovery, RecoveryOptions};
use bookline_server::storage::snapshot::Made;
use bookline_server::storage::snapshot::snapshotter::{NotMade, Schedule, Snapshotter};
use bookline_testkit::Rng;
use bookline_testkit::disk::Image;
use bookline_testkit::disk::{Faults, SimDisk};
use bookline_testkit::system_clock;

use super::state_text::{Ids, PEOPLE, days, request_key, state_text, stored_reply};
use crate::storage::journal::history::{block_on, settle, wait_for_capacity};

/// Ids of events; only a few, so that events are often created twice.
const EVENTS: [&str; 4] = ["alpha", "beta", "gamma", "delta"];

/// Segments smaller than the flag allows, so that snapshots trim the journal.
const SEGMENT_BYTES: u64 = 16 << 10;

/// Recovers as a server with small segments does. The first start and the later ones have different keys for
/// the places of tickets, so that some tickets are found by their places and others are not.
pub fn recover(
    disks: &Disks,
    restore: Option<&Path>,
    fresh: bool,
) -> Result<Recovery<Records>, RecoverError> {
    let options =
        RecoveryOptions { restore, durability: Durability::Always, segment_size: SEGMENT_BYTES, keep_log: 0 };
    let place_cipher = PlaceCipher::new([fresh.into(); 16]);
    recovery::recover(disks, &options, fresh, || Records::with_place_cipher(64, place_cipher))
}

/// Disks without a clean-shutdown record.
pub fn disks(journal: impl Disk + 'static, snapshots: impl Disk + 'static) -> Disks {
    Disks { root: Arc::new(Image::default()), journal: Arc::new(journal), snapshots: Arc::new(snapshots) }
}

/// Why no more changes can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    Failed(Failure),
    ReadOnly,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The files on the two disks.
#[derive(Debug, Clone)]
pub struct Images {
    pub journal: Image,
    pub snapshots: Image,
}

impl Images {
    /// The names of the snapshots, oldest first.
    pub fn snapshots(&self) -> Vec<String> {
        self.snapshots.0.keys().filter(|name| name.ends_with(".snap")).cloned().collect()
    }

    /// The disks of a server with these files.
    pub fn disks(&self) -> Disks {
        disks(self.journal.clone(), self.snapshots.clone())
    }

    /// Recovers from them, without changing them. Returns the state as text and the last sequence number.
    pub fn recover(&self, ids: &Ids) -> Result<(String, Sequence), RecoverError> {
        let state = recover(&self.disks(), None, false)?;
        let last = state.journal.appended();
        let store = Store::new(state.state, StateLimits::NONE, Arc::new(state.journal), system_clock());
        Ok((state_text(&store, ids), last))
    }
}

/// Two disks, and the history of the changes.
#[derive(Debug)]
pub struct Machine {
    pub journal: SimDisk,
    pub snapshots: SimDisk,
    /// The state after each number of commits, as text.
    pub states: Vec<String>,
    /// The number of commits that were acknowledged.
    pub acknowledged: u64,
    pub ids: Ids,
    /// Whether a server was ever started on it.
    begun: bool,
}

/// A server on a machine, without the network.
#[derive(Debug)]
pub struct Server {
    pub store: Store,
    journal: Arc<Journal>,
    pub snapshotter: Snapshotter,
}

/// The error without the reason of a rejection.
fn without_reason<R>(error: Error<R>) -> Error<()> {
    match error {
        Error::Rejected(_) => Error::Rejected(()),
        Error::Full(full) => Error::Full(full),
        Error::TooLarge(too_large) => Error::TooLarge(too_large),
        Error::Append(append_error) => Error::Append(append_error),
        Error::NoShare(no_share) => Error::NoShare(no_share),
    }
}

impl Machine {
    pub fn new(seed: u64) -> Self {
        Self {
            journal: SimDisk::new(seed),
            snapshots: SimDisk::new(!seed),
            states: Vec::new(),
            acknowledged: 0,
            ids: Ids::default(),
            begun: false,
        }
    }

    /// A machine with the same history and these files.
    pub fn with(&self, images: &Images, seed: u64) -> Self {
        Self {
            journal: SimDisk::holding(&images.journal, seed),
            snapshots: SimDisk::holding(&images.snapshots, !seed),
            states: self.states.clone(),
            acknowledged: self.acknowledged,
            ids: self.ids.clone(),
            begun: self.begun,
        }
    }

    /// The state after the last commit, as text.
    pub fn text(&self) -> &str {
        self.states.last().expect("a server was started")
    }

    pub fn images(&self) -> Images {
        Images { journal: self.journal.image(), snapshots: self.snapshots.image() }
    }

    /// Starts a server. Asserts that it recovers a prefix of the commits with all acknowledged ones, and
    /// truncates the history to it.
    pub fn start(&mut self) -> Result<Server, RecoverError> {
        let disks = disks(self.journal.clone(), self.snapshots.clone());
        let Recovery { state, journal, snapshot, .. } = recover(&disks, None, !self.begun)?;
        self.begun = true;
        let journal = Arc::new(journal);
        // Snapshots are made only on request, and then at once.
        let schedule = Schedule { every: u64::MAX, at_most_every: Duration::ZERO };
        let snapshotter =
            Snapshotter::start(disks.snapshots, journal.clone(), snapshot, schedule).expect("a thread");
        let store = Store::new(state, StateLimits::NONE, journal.clone(), system_clock());
        let server = Server { store, journal, snapshotter };
        self.check(&server);
        Ok(server)
    }

    fn check(&mut self, server: &Server) {
        let recovered = server.journal().appended().0;
        let text = state_text(&server.store, &self.ids);
        if self.states.is_empty() {
            self.states.push(text);
            return;
        }
        assert!(
            recovered >= self.acknowledged,
            "{} commits were acknowledged, and {recovered} were recovered",
            self.acknowledged
        );
        let expected = self.states.get(index(recovered)).expect("no more commits than were made");
        assert_eq!(&text, expected, "the state after commit {recovered}");
        self.states.truncate(index(recovered) + 1);
        self.acknowledged = recovered;
    }

    /// Asserts that recovery without the newest snapshot yields the same state, from the older one or the
    /// complete journal.
    pub fn assert_older_snapshot_suffices(&self) {
        let mut images = self.images();
        let newest = images.snapshots().pop().expect("a snapshot was made");
        images.snapshots.0.remove(&newest);
        match images.recover(&self.ids) {
            Ok((text, last)) => assert_eq!((text.as_str(), last.0), (self.text(), self.acknowledged)),
            Err(refused) => panic!("without {newest}: {refused}"),
        }
    }

    /// Adds the state after a commit to the history.
    fn record_state(&mut self, server: &Server) {
        self.states.push(state_text(&server.store, &self.ids));
        assert_eq!(server.journal().appended().0 + 1, self.states.len() as u64, "each change is a commit");
    }

    /// Waits until all changes so far are acknowledged.
    pub fn settle(&mut self, server: &Server) -> Result<(), Ended> {
        let last = server.journal().appended();
        settle(server.journal(), last)?;
        self.acknowledged = self.acknowledged.max(last.0);
        Ok(())
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.journal.set_faults(Faults::default());
        self.snapshots.set_faults(Faults::default());
    }

    /// Makes one random change, the first that the rules allow.
    fn change(&mut self, server: &Server, rng: &mut Rng) -> Result<(), Ended> {
        loop {
            let again = rng.clone();
            match self.try_change(server, rng) {
                Ok(()) => {
                    self.record_state(server);
                    return Ok(());
                }
                // If a failure has closed the journal, the wait ends with it.
                Err(Error::Append(AppendError::Backpressure | AppendError::Closed)) => {
                    wait_for_capacity(server.journal())?;
                    *rng = again;
                }
                Err(Error::Append(AppendError::ReadOnly { .. })) => {
                    return Err(Ended::ReadOnly);
                }
                Err(_) => {}
            }
        }
    }

    fn try_change(&mut self, server: &Server, rng: &mut Rng) -> Result<(), Error<()>> {
        let store = &server.store;
        let drawn = rng.one_in(2).then(|| self.ids.draw_key(rng));
        let key = drawn.as_deref();
        let who = PEOPLE[rng.below(PEOPLE.len())];
        match rng.below(20) {
            0 => {
                let id = EVENTS[rng.below(EVENTS.len())];
                let issued = u32::try_from(rng.below(2) * 3).expect("a small number");
                let date = days()[rng.below(3)];
                let terms = terms(rng);
                with_key(store, key, |context, keyed| {
                    store.create(
                        context,
                        &EventValues { id, name: "Grüße 🎫", date, total: 150, issued, terms },
                        keyed,
                    )
                })
                .map_err(without_reason)
            }
            1..4 => {
                let id = EVENTS[rng.below(EVENTS.len())];
                let count = if rng.one_in(10) { 40 } else { 1 + rng.below(3) };
                let mut tickets = self.ids.draw_several(rng, count);
                let drawn = DrawnTicketIds::from_random(&mut tickets, store.place_cipher());
                with_key(store, key, |context, keyed| store.book(context, id, attendee(rng), drawn, keyed))
                    .map_err(without_reason)?;
                self.ids.tickets.push(TicketId(tickets[0]));
                Ok(())
            }
            4 => create_entries(store, key, rng, who, NewEntry::Block),
            5 => {
                let (group, host) = (group(rng), PEOPLE[rng.below(PEOPLE.len())]);
                let title = "committee ".repeat(1 + rng.below(20));
                let meeting = NewEntry::Meeting { title: &title, group: &group, host };
                create_entries(store, key, rng, who, meeting)
            }
            6 => {
                let id = EVENTS[rng.below(EVENTS.len())];
                let SaleTerms { sales, max_per_booking } = terms(rng);
                let update = EventUpdate {
                    name: rng.one_in(2).then_some(["renamed", "Grüße \"🎫\""][rng.below(2)]),
                    date: rng.one_in(2).then_some(days()[rng.below(3)]),
                    total: rng
                        .one_in(2)
                        .then_some(1 + 100 * u32::try_from(rng.below(4)).expect("a small number")),
                    sales: Some(sales),
                    max_per_booking: rng.one_in(2).then_some(max_per_booking),
                };
                with_key(store, key, |context, keyed| store.update(context, id, &update, keyed))
                    .map(drop)
                    .map_err(without_reason)
            }
            7 => {
                let (slot, scope) = (slot(rng), scope(rng));
                with_key(store, key, |context, keyed| store.delete_entries(context, who, slot, scope, keyed))
                    .map(drop)
                    .map_err(without_reason)
            }
            8..10 => {
                let event = EVENTS[rng.below(EVENTS.len())];
                let count = 1 + u32::try_from(rng.below(4)).expect("a small number");
                // It does not fall due while the test runs.
                let new = NewHold { event, count, seconds: HOLD_SECONDS_MAX / 2, attendee: attendee(rng) };
                let mut id = [self.ids.draw(rng)];
                let drawn = DrawnTicketIds::from_random(&mut id, store.place_cipher());
                let hold = with_key(store, key, |context, keyed| store.hold(context, &new, drawn, keyed))
                    .map_err(without_reason)?;
                self.ids.holds.push(hold.id);
                Ok(())
            }
            10..12 => {
                let count = 1 + rng.below(2);
                let mut tickets = self.ids.draw_several(rng, count);
                let attendee = rng.one_in(2).then(|| attendee(rng));
                let hold = any_of(rng, &self.ids.holds)?;
                let drawn = DrawnTicketIds::from_random(&mut tickets, store.place_cipher());
                with_key(store, key, |context, keyed| store.confirm(context, hold, attendee, drawn, keyed))
                    .map_err(without_reason)?;
                self.ids.tickets.push(TicketId(tickets[0]));
                Ok(())
            }
            12 => {
                let seconds =
                    HOLD_SECONDS_MAX - 1_000 - u32::try_from(rng.below(1_000)).expect("a small number");
                let hold = any_of(rng, &self.ids.holds)?;
                with_key(store, key, |context, keyed| store.extend(context, hold, seconds, keyed))
                    .map(drop)
                    .map_err(without_reason)
            }
            13 => {
                let hold = any_of(rng, &self.ids.holds)?;
                with_key(store, key, |context, keyed| store.release(context, hold, keyed))
                    .map(drop)
                    .map_err(without_reason)
            }
            14 => forget(server),
            15 => {
                let mut tickets: Vec<TicketId> = Vec::new();
                for _ in 0..1 + rng.below(2) {
                    let ticket = any_of(rng, &self.ids.tickets)?;
                    if !tickets.contains(&ticket) {
                        tickets.push(ticket);
                    }
                }
                with_key(store, key, |context, keyed| store.cancel(context, &tickets, keyed))
                    .map(drop)
                    .map_err(without_reason)
            }
            16..18 => {
                let (ticket, undo) = (any_of(rng, &self.ids.tickets)?, rng.one_in(3));
                with_key(store, key, |context, keyed| store.check_in(context, ticket, undo, |_| (), keyed))
                    .map_err(without_reason)
            }
            18 if rng.one_in(5) => {
                let id = EVENTS[rng.below(EVENTS.len())];
                with_key(store, key, |context, keyed| store.delete_event(context, id, rng.one_in(2), keyed))
                    .map(drop)
                    .map_err(without_reason)
            }
            _ => {
                let group = group(rng);
                let meeting = NewEntry::Meeting { title: "moved", group: &group, host: who };
                let entry = if rng.one_in(2) { NewEntry::Block } else { meeting };
                let (hours, scope) = (rng.one_in(2).then(|| hours(rng)), scope(rng));
                let replacement = Replacement { who, old: slot(rng), new: slot(rng), hours, entry, scope };
                with_key(store, key, |context, keyed| {
                    store.replace_entries(context, &replacement, |_| Ok(()), keyed)
                })
                .map(drop)
                .map_err(without_reason)
            }
        }
    }

    /// Makes this many random changes, and waits for acknowledgments from time to time and at the end.
    pub fn changes(&mut self, server: &Server, rng: &mut Rng, count: u64) -> Result<(), Ended> {
        for _ in 0..count {
            self.change(server, rng)?;
            if rng.one_in(10) {
                self.settle(server)?;
            }
        }
        self.settle(server)
    }

    /// Cuts the power, or kills the process.
    pub fn end_process(&mut self, power: bool) {
        let next = |disk: &SimDisk| if power { disk.cut_power() } else { disk.kill() };
        (self.journal, self.snapshots) = (next(&self.journal), next(&self.snapshots));
    }

    /// The same for the process of this server.
    pub fn crash(&mut self, server: Server, power: bool) {
        self.end_process(power);
        // Ends the threads of the killed process. Their I/O fails.
        drop(server);
    }
}

impl Server {
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Requests a snapshot, as the command SNAPSHOT does.
    pub fn snapshot(&self) -> Result<Made, NotMade> {
        block_on(self.snapshotter.make())
    }

    /// Shuts down gracefully.
    pub fn stop(self) {
        self.snapshotter.stop();
        self.journal().close().expect("no disk error");
    }
}

fn index(commits: u64) -> usize {
    usize::try_from(commits).expect("a short history")
}

/// Makes a change, with this key if there is one. Its stored reply is the key once more.
fn with_key<V, T, R>(
    store: &Store,
    key: Option<&str>,
    make: impl FnOnce(&mut Context, Option<Keyed<'_, '_, V>>) -> Result<T, Error<R>>,
) -> Result<T, Error<R>> {
    let mut context = Context::default();
    let Some(key) = key else { return make(&mut context, None) };
    let looked_up = store.look_up(&mut context, request_key(key))?;
    let KeyState::Unused(mut unused) = looked_up else { panic!("a key is used twice") };
    let mut replies = Vec::new();
    let mut write = |_: &V, replies: &mut Vec<u8>| {
        replies.extend_from_slice(stored_reply(key).as_bytes());
        Ok(())
    };
    let keyed = Keyed { key: &mut unused, replies: &mut replies, write: &mut write };
    let made = make(&mut context, Some(keyed));
    unused.store(&replies);
    made
}

/// Makes a commit that forgets the ended holds of a shard, if there are any.
fn forget(server: &Server) -> Result<(), Error<()>> {
    let before = server.journal().appended();
    for shard in server.store.shards() {
        server.store.forget_ended_holds(shard, i64::MAX)?;
        if server.journal().appended() > before {
            return Ok(());
        }
    }
    Err(Error::Rejected(()))
}

/// One of the ids that were given out. Rejected if there is none.
fn any_of<T: Copy>(rng: &mut Rng, ids: &[T]) -> Result<T, Error<()>> {
    if ids.is_empty() { Err(Error::Rejected(())) } else { Ok(ids[rng.below(ids.len())]) }
}

/// The name behind `for=`, or nothing.
fn attendee(rng: &mut Rng) -> &'static str {
    ["", "", "Ann", "Grüße 🎫"][rng.below(4)]
}

/// The terms of a sale, which is mostly open.
fn terms(rng: &mut Rng) -> SaleTerms {
    let sales = if rng.one_in(6) { Sales::Closed } else { Sales::Open };
    let max_per_booking = [None, MaxPerBooking::new(2)][rng.below(2)].unwrap_or_default();
    SaleTerms { sales, max_per_booking }
}

fn slot(rng: &mut Rng) -> Slot {
    let hour = u8::try_from(9 + rng.below(3)).ok().and_then(Hour::new).expect("an hour of the day");
    Slot { date: days()[rng.below(3)], hour }
}

/// Mostly one hour, and often so many that they end on the next day.
fn hours(rng: &mut Rng) -> Hours {
    Hours::new([1, 1, 2, 14][rng.below(4)]).expect("hours of an entry")
}

fn scope(rng: &mut Rng) -> Option<Scope> {
    [None, None, Some(Scope::This), Some(Scope::Following), Some(Scope::All)][rng.below(5)]
}

/// Creates an entry, or some of a series on consecutive days.
fn create_entries(
    store: &Store,
    key: Option<&str>,
    rng: &mut Rng,
    who: &str,
    entry: NewEntry<'_>,
) -> Result<(), Error<()>> {
    let first = Period::new(slot(rng), hours(rng)).expect("hours of 2024");
    let count = if rng.one_in(3) { rng.within(2..5).cast_signed() } else { 1 };
    let periods = (0..count).map(|day| first.shifted(24 * day).expect("hours of 2024"));
    let periods: Vec<_> = periods.collect();
    let on_conflict = if rng.one_in(2) { OnConflict::Skip } else { OnConflict::Refuse };
    let id = NonZeroU64::new(rng.next()).map(SeriesId);
    let series = id.filter(|_| count > 1).map(|id| NewSeries { id, on_conflict });
    let new = NewEntries { who, entry, periods: &periods, series };
    with_key(store, key, |context, keyed| store.create_entries(context, &new, keyed))
        .map(drop)
        .map_err(without_reason)
}

fn group(rng: &mut Rng) -> String {
    let from = rng.below(PEOPLE.len() - 1);
    PEOPLE[from..PEOPLE.len().min(from + 1 + rng.below(3))].join(",")
}
