//! The change feed: tells watchers of connections what was committed, in order and without gaps.
//!
//! One task follows the log (`run`). It decodes each commit once, finds by an index who watches what the
//! commit is about (`index`), writes the lines that somebody wants once, and appends them to the queues of
//! the watchers (`queue`). Bookings do not wait for it: nothing here takes a lock of the state.
//!
//! A [`Watcher`] is the end of a connection. It reads commits of the past from the log, goes over to its
//! queue when it has caught up, and writes the `CHANGE` lines.

mod about;
mod commit_line;
mod handle;
mod index;
mod matcher;
mod progress;
mod queue;
mod replay;
mod run;
mod watched_map;
mod watcher;
mod watches;

pub use handle::Feed;
pub use run::run;
pub use watcher::Watcher;
