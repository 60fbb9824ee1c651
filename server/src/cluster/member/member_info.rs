//! What a member says of itself to others.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checked::Checked;
use super::current_member::CurrentMember;
use super::sync_report::SyncReport;
use crate::changes::Change;
use crate::storage::replicated::boot_time::BootTime;
use crate::storage::replicated::log::Role;

/// What is the same as long as a process runs.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The address at which clients reach it.
    pub address: String,
    pub lease: Duration,
    /// The replicas that the stream is to have.
    pub replicas: usize,
}

/// What a member says of itself, as JSON. A later version adds fields, and none changes its meaning. One that
/// is missing has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberInfo {
    /// The address at which clients reach it.
    pub address: String,
    /// The instance that HELLO names. It changes when the member begins anew.
    pub instance: String,
    pub role: MemberRole,
    /// Of the last takeover that it has applied.
    pub term: u32,
    /// The last message of the stream that it has applied.
    pub applied: u64,
    /// The last commit that it has applied.
    pub commit: u64,
    /// Since it has read the last frame of the leader, or has sent it.
    pub heard_milliseconds: u64,
    pub lease_milliseconds: u64,
    pub version: String,
    /// The newest kind of change that it knows. It knows all before it.
    pub kinds: u8,
    /// Whether it reads what the log has from before its start.
    pub catching_up: bool,
    /// The replicas that the stream is to have.
    pub replicas: usize,
    pub sync: SyncReport,
    /// What its checks have found: it refuses changes as long as this is wrong.
    pub wrong: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    Leader,
    /// It leads, and lets another one take over.
    Resigning,
    Standby,
    /// It begins anew, or ends; or a later version names a role that is not known here.
    #[default]
    #[serde(other)]
    Other,
}

impl MemberRole {
    pub fn name(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Resigning => "resigning",
            Self::Standby => "standby",
            Self::Other => "starting",
        }
    }
}

impl MemberInfo {
    /// What this process says now.
    pub fn of(identity: &Identity, current: &CurrentMember, checked: &Checked) -> Self {
        let CurrentMember { log, instance } = current;
        let (leadership, heard) = log.leadership();
        let position = log.position();
        Self {
            address: identity.address.clone(),
            instance: format!("{instance:016x}"),
            role: match log.current_role() {
                Role::Leader => MemberRole::Leader,
                Role::Resigning => MemberRole::Resigning,
                Role::Standby => MemberRole::Standby,
                Role::Ended => MemberRole::Other,
            },
            term: leadership.term,
            applied: position.stream.0,
            commit: position.commit.0,
            heard_milliseconds: milliseconds(BootTime::now().since(heard)),
            lease_milliseconds: milliseconds(identity.lease),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kinds: Change::TYPE_MAX,
            catching_up: !log.is_current(),
            replicas: identity.replicas,
            sync: checked.sync.clone(),
            wrong: checked.wrong.as_deref().map(str::to_owned),
        }
    }

    pub fn leads(&self) -> bool {
        self.role == MemberRole::Leader
    }

    /// Whether it could take over as soon as nobody leads.
    pub fn is_ready_to_lead(&self) -> bool {
        self.role == MemberRole::Standby && !self.catching_up
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_version_leaves_out_or_adds_is_borne() {
        let read = |text: &str| serde_json::from_str::<MemberInfo>(text).expect("it is read");
        assert_eq!(read("{}"), MemberInfo::default());
        let later =
            read(r#"{"address":"a:1","role":"observer","kinds":40,"sync":{"state":"lazy"},"more":[1]}"#);
        assert_eq!((later.address.as_str(), later.role, later.kinds), ("a:1", MemberRole::Other, 40));
        assert_eq!(later.sync, SyncReport::default());
    }
}
