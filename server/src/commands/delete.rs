//! DELETE.

use bookline_protocol::commands::Delete;
use bookline_protocol::commands::delete::{EntryKind, write_delete_reply};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::refusals::not_freed;
use super::service::Service;
use super::turn_context::TurnContext;
use crate::domain::calendar::Entry;

impl Command for Delete<'_> {
    fn execute(&self, context: &mut TurnContext, service: &Service) -> ExecutionStatus {
        let (who, slot) = (self.who.as_str(), self.slot);
        let entry = match service.store.free(who, slot, context.micros, &mut context.depends_on) {
            Ok(entry) => entry,
            Err(rejection) => {
                return context.reject(rejection, |rejection| not_freed(who, slot, rejection));
            }
        };
        let deleted = match entry {
            Entry::Block { .. } => EntryKind::Block,
            Entry::Meeting(_) => EntryKind::Meeting,
        };
        write_delete_reply(&mut context.replies, who, slot, deleted);
        ExecutionStatus::Complete
    }
}
