//! WATCH.

use bookline_protocol::Refusal;
use bookline_protocol::commands::Watch;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Watch<'_> {
    fn execute(&self, turn: &mut Turn, _: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        turn.refuse(Refusal::internal("not yet"))
    }
}
