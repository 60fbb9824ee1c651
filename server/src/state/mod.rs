//! The state: events, tickets and calendars in shards, each behind a mutex. A change is decided under the
//! lock, appended to the log and applied, and then the lock is released.
//!
//! A record is an event, whose tag selects the shard, or an hour of the calendar, whose date does. All hours
//! of a day are in one shard, so that a day is read at one moment under one lock. Locks are acquired in
//! ascending order and never held across an await, and nothing that takes long runs under one.
//!
//! The mutexes are the standard library's: they are held for a microsecond, and never across an await, which
//! is what an async mutex would be for.

mod account;
mod account_table;
mod accounts;
mod bookings;
mod calendar;
mod clashes;
mod context;
mod deletion;
mod due_holds;
mod entry_creation;
mod entry_ending;
mod entry_replacement;
mod error;
mod events;
mod following;
mod holding;
mod holds;
mod id_index;
mod key_forgetting;
mod key_lookup;
mod keyed;
pub mod keys;
pub mod limits;
mod listing;
mod lock_waits;
mod locked_shards;
mod maintenance;
pub mod name_bytes;
mod new_entry;
mod records;
mod series_index;
mod shard;
mod store;
pub mod ticket_ids;
pub mod ticket_place;
mod ticketing;
mod tickets;
mod time_search;
mod totals;

pub use account::{Account, Identity, SharedByConnections};
pub use bookings::{Booked, BookedOfEvent};
pub use context::{Committed, Context, DependsOn};
pub use deletion::DeletedEvent;
pub use entry_creation::CreatedEntries;
pub use entry_ending::DeletedEntries;
pub use entry_replacement::ReplacedEntries;
pub use error::{
    AccountRejection, BookingRejection, BookingsRejection, CancellationRejection, CheckInRejection,
    DeletionRejection, Error, HoldingRejection, IdTaken, NoShare, ReplacementRejection, UpdateRejection,
};
pub use events::{Event, UpdatedEvent};
pub use holding::{ConfirmedHold, HoldView, NewHold, ReleasedHold};
pub use key_lookup::{KeyState, RequestKey};
pub use keyed::{Keyed, UnusedKey};
pub use limits::{Full, StateLimits};
pub use listing::ListingKey;
pub use lock_waits::LockWaits;
pub use new_entry::{NewEntries, NewEntry, NewSeries, Replacement};
pub use records::Records;
pub use store::Store;
pub use ticketing::{TicketPage, TicketView};
pub use time_search::{BusyHours, SearchStep, TimeSearch};
pub use totals::Totals;

pub use crate::domain::account::{AccountNumber, AccountUpdate, AccountValues, SecretHash, StoredSecret};
pub use crate::domain::{EventUpdate, EventValues};
