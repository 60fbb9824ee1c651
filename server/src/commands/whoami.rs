//! WHOAMI.

use bookline_protocol::commands::Whoami;
use bookline_protocol::reply::write_ok;

use super::auth::{account_reply, no_accounts};
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Whoami {
    fn execute(&self, turn: &mut Turn, _: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        // On a server with accounts it needs one.
        let Some(account) = turn.context.identity.account() else { return turn.refuse(no_accounts()) };
        write_ok(&mut turn.replies, &account_reply(account));
        ExecutionStatus::Complete
    }
}
