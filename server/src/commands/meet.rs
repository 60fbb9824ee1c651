//! MEET.

use bookline_protocol::commands::Meet;

use super::command::Command;
use super::entries::{create_entry, new_meeting};
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn_context::TurnContext;

impl Command for Meet<'_> {
    fn execute(&self, context: &mut TurnContext, service: &Service) -> ExecutionStatus {
        create_entry(context, service, self.who.as_str(), self.slot, &new_meeting(&self.meeting))
    }
}
