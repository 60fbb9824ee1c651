//! MEET.

use bookline_protocol::commands::Meet;

use super::command::Command;
use super::entries::{create_entry, new_meeting};
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;

impl Command for Meet<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        create_entry(turn, service, self.who.as_str(), self.slot, &new_meeting(&self.meeting))
    }
}
