//! UNWATCH.

use bookline_protocol::commands::Unwatch;
use bookline_protocol::commands::unwatch::write_unwatch_reply;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::feed::Watcher;
use crate::state::UnusedKey;

impl Command for Unwatch<'_> {
    fn execute(&self, turn: &mut Turn, _: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        if turn.watcher.as_ref().is_some_and(|watcher| watcher.is_within_commit()) {
            // The next turn writes the other lines of the commit first.
            return ExecutionStatus::Unfinished;
        }
        match &mut turn.watcher {
            Some(watcher) if !self.watched.is_empty() => watcher.remove(&self.watched),
            _ => turn.watcher = None,
        }
        let watching = turn.watcher.as_deref().map_or(&[][..], Watcher::watching);
        write_unwatch_reply(&mut turn.replies, watching.iter());
        if watching.is_empty() {
            turn.watcher = None;
        }
        ExecutionStatus::Complete
    }
}
