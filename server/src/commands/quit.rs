//! QUIT.

use bookline_protocol::commands::Quit;
use bookline_protocol::reply::{EmptyReply, write_ok};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn_context::TurnContext;

impl Command for Quit {
    fn execute(&self, context: &mut TurnContext, _: &Service) -> ExecutionStatus {
        write_ok(&mut context.replies, &EmptyReply {});
        ExecutionStatus::Close
    }
}
