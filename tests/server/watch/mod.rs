//! Watching changes over the wire.
//!
//! Catches: a change that is lost, repeated or out of order, at the seam between the log and what is new,
//! over a restart or a stop; a change of something else; a secret that nobody asked for; a slow watcher that
//! slows others, costs memory or is not told of its gap.

mod hot_event;
mod matching;
mod resume;
mod slow;
mod stop;

use bookline_testkit::{ChangeLine, Conn};

/// The kinds of the next changes, up to the last line of this commit.
fn kinds_until(conn: &mut Conn, sequence: u64) -> Vec<String> {
    let mut kinds = Vec::new();
    loop {
        let change = conn.change();
        kinds.push(change.kind().to_owned());
        if change.sequence >= sequence && change.is_end() {
            return kinds;
        }
    }
}

/// The changes up to the last line of this commit.
fn changes_until(conn: &mut Conn, sequence: u64) -> Vec<ChangeLine> {
    let mut changes = Vec::new();
    loop {
        let change = conn.change();
        let is_last = change.sequence >= sequence && change.is_end();
        if change.kind() != "progress" {
            changes.push(change);
        }
        if is_last {
            return changes;
        }
    }
}

fn sequence(conn: &mut Conn) -> u64 {
    conn.ask("STATS").number("sequence")
}
