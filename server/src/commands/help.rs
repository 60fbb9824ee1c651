//! HELP.

use bookline_protocol::commands::Help;
use bookline_protocol::commands::help::help_rows;
use bookline_protocol::reply::{CountReply, write_ok, write_row};

use super::authorization::may;
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Help {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let mut count = 0;
        for row in help_rows(self.verb, |needs| may(turn, service, needs)).collect::<Vec<_>>() {
            write_row(&mut turn.replies, &row);
            count += 1;
        }
        write_ok(&mut turn.replies, &CountReply::of(count));
        ExecutionStatus::Complete
    }
}
