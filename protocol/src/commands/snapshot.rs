//! SNAPSHOT.

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;

/// Writes a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot;

impl Command<'_> for Snapshot {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "SNAPSHOT",
        help: "writes a snapshot of everything that is on disk, so that the next start is quick",
        topic: Topic::Server,
        needs: Needs::Role(Role::Admin),
        example: "SNAPSHOT",
    }];

    fn parse(_: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

/// The reply to SNAPSHOT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotReply {
    /// The sequence number of the last commit in the snapshot.
    pub sequence: u64,
    /// The length of the file.
    pub bytes: u64,
    /// The time it took to write.
    pub milliseconds: u64,
}
