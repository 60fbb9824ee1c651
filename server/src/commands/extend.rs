//! EXTEND.

use bookline_protocol::commands::Extend;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::holds::{not_possible, write_hold};
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Extend {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        turn.change(
            service,
            key,
            |context, keyed| service.store.extend(context, self.hold, self.seconds, keyed),
            write_hold,
            |rejection| not_possible(self.hold, rejection),
        )
    }
}
