//! SNAPSHOT.

use bookline_protocol::Refusal;
use bookline_protocol::commands::Snapshot;
use bookline_protocol::commands::snapshot::SnapshotReply;
use bookline_protocol::reply::write_ok;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;
use crate::storage::snapshot::Made;
use crate::storage::snapshot::snapshotter::NotMade;

impl Command for Snapshot {
    fn execute(&self, _: &mut Turn, _: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        ExecutionStatus::Snapshot
    }
}

/// Replies to SNAPSHOT when the snapshot is made, or is not.
pub fn snapshot(turn: &mut Turn, made: Result<Made, NotMade>) {
    match made {
        Ok(made) => {
            let milliseconds = u64::try_from(made.took.as_millis()).unwrap_or(u64::MAX);
            let reply = SnapshotReply { sequence: made.sequence.0, bytes: made.bytes, milliseconds };
            write_ok(&mut turn.replies, &reply);
        }
        Err(why) => {
            let message = format!("no snapshot was made: {why}. Nothing is lost: the log has everything");
            turn.refuse(Refusal::internal(message));
        }
    }
}
