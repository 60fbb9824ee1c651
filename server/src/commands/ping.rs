//! PING.

use bookline_protocol::commands::Ping;
use bookline_protocol::reply::{EmptyReply, write_ok};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Ping {
    fn execute(&self, turn: &mut Turn, _: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        write_ok(&mut turn.replies, &EmptyReply {});
        ExecutionStatus::Complete
    }
}
