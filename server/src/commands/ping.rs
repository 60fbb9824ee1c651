//! PING.

use bookline_protocol::commands::Ping;
use bookline_protocol::reply::{EmptyReply, write_ok};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn_context::TurnContext;

impl Command for Ping {
    fn execute(&self, context: &mut TurnContext, _: &Service) -> ExecutionStatus {
        write_ok(&mut context.replies, &EmptyReply {});
        ExecutionStatus::Complete
    }
}
