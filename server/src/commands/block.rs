//! BLOCK.

use bookline_protocol::commands::Block;

use super::command::Command;
use super::entries::create_entries;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::{NewEntry, UnusedKey};

impl Command for Block<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let times = (self.period, self.recurrence);
        create_entries(turn, service, key, self.who.as_str(), NewEntry::Block, times)
    }
}
