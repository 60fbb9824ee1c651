//! The reservation server of Bookline. The way through it, which is also the code map:

// What it was told at the start: flags and environment.
pub mod settings;
// Where it listens: an address or a host's name, and a port.
pub mod listen_address;
// What the system allows: open files and threads.
pub mod limits;
// How much memory.
pub mod memory;
// Those that stop it.
pub mod signals;
// The directory that holds everything, and its lock.
pub mod data_dir;
// From recovery to the last sync: opens the store, serves until told to stop.
pub mod server;
// State from disk: snapshot, then journal.
pub mod recover;
// A backup in place of it.
pub mod restore;
// Who may connect, in all and from one address.
mod addresses;
pub mod listener;
// What the system is told about a client's socket.
mod socket;
// One task for each connection.
pub mod connection;
// How long it is served before the others are.
pub mod turn;
// Memory for what exceeds its own buffers.
pub mod buffers;
// Bytes into lines.
pub mod framing;
// A request into an answer: one match.
pub mod execute;
// The locks and threads of store and journal.
mod sync;
// State in shards, each behind a mutex.
pub mod store;
// The rules of reservation, pure.
pub mod domain;
// A hash table that never stands still.
pub mod table;
// What happened, on disk.
pub mod journal;
// State at one sequence, on disk: what bounds the journal and the restart.
pub mod snapshot;
// The data directory without a server: check, dump, backup.
pub mod offline;
// No device, no pipe, no link.
pub mod plain_file;
// Text from a disk in messages.
pub mod shown;
// Numbers of tickets and events that nobody can guess.
pub mod mint;
// Lines for standard error, for which nobody waits.
pub mod log;
// The time, in the server's zone.
pub mod clock;
// The zone where no flag names it.
pub mod time_zone;
// Events of another system, and a few to play with.
pub mod demo;
pub mod import;

pub use server::{OpenError, Server};
pub use settings::Settings;

/// Ends the process at once: memory may hold half of a change, and every answer from here on could be a lie. The reason
/// is printed where standard error takes it in time; nothing here panics or waits for longer.
pub fn fatal(why: &str) -> ! {
    log::last_error(&format!("{why}: stopping at once"));
    std::process::abort();
}
