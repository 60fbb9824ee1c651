//! How the server executes a command.

use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use super::turn_budget::Cost;
use crate::state::UnusedKey;

/// A command, implemented by the type of its requests.
pub trait Command {
    /// What a request costs of the budget of a turn.
    #[inline]
    fn cost(&self) -> Cost {
        Cost::High
    }

    /// Executes a request and writes its reply, unless the status says otherwise. Only a request that changes
    /// the state has a key.
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus;
}
