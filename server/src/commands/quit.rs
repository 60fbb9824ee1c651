//! QUIT.

use bookline_protocol::commands::Quit;
use bookline_protocol::reply::{EmptyReply, write_ok};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;

impl Command for Quit {
    fn execute(&self, turn: &mut Turn, _: &Service) -> ExecutionStatus {
        write_ok(&mut turn.replies, &EmptyReply {});
        ExecutionStatus::Close
    }
}
