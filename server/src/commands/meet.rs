//! MEET.

use bookline_protocol::commands::Meet;

use super::command::Command;
use super::entries::{create_entry, new_meeting};
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Meet<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        create_entry(turn, service, key, self.who.as_str(), self.slot, &new_meeting(&self.meeting))
    }
}
