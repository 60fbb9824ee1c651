//! BLOCK.

use bookline_protocol::Hours;
use bookline_protocol::commands::Block;

use super::command::Command;
use super::entries::create_entry;
use super::execution_status::ExecutionStatus;
use super::refusals::not_yet;
use super::service::Service;
use super::turn::Turn;
use crate::state::{NewEntry, UnusedKey};

impl Command for Block<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        if self.recurrence.is_some() || self.period.hours() != Hours::ONE {
            return turn.refuse(not_yet());
        }
        create_entry(turn, service, key, self.who.as_str(), self.period.start(), &NewEntry::Block)
    }
}
