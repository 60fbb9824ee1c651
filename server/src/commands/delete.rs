//! DELETE.

use bookline_protocol::commands::Delete;
use bookline_protocol::commands::delete::{EntryKind, write_delete_reply};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::refusals::not_freed;
use super::service::Service;
use super::turn::Turn;
use crate::domain::calendar::Entry;

impl Command for Delete<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        let (who, slot) = (self.who.as_str(), self.slot);
        let entry = match service.store.free(&mut turn.context, who, slot) {
            Ok(entry) => entry,
            Err(error) => {
                return turn.fail(error, |turn, rejection| turn.refuse(not_freed(who, slot, rejection)));
            }
        };
        let deleted = match entry {
            Entry::Block { .. } => EntryKind::Block,
            Entry::Meeting(_) => EntryKind::Meeting,
        };
        write_delete_reply(&mut turn.replies, who, slot, deleted);
        ExecutionStatus::Complete
    }
}
