//! EXTEND.

use bookline_protocol::commands::Extend;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::holds::{not_possible, write_hold};
use super::service::Service;
use super::turn::Turn;

impl Command for Extend {
    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        match service.store.extend(&mut turn.context, self.hold, self.seconds) {
            Ok(view) => write_hold(turn, self.hold, &view),
            Err(error) => turn.fail(error, |turn, rejection| turn.refuse(not_possible(self.hold, rejection))),
        }
    }
}
