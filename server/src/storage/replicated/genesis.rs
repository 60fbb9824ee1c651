//! What the members of a cluster have to agree on.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::lease::lease_argument;

/// The payload of the first frame, as JSON. A later version may add to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// The id of the cluster, as in the metadata of the stream.
    pub cluster: String,
    /// The time zone of calendar hours.
    pub time_zone: String,
    /// The head of department.
    pub head: String,
    pub lease_milliseconds: u64,
    /// The SHA-256 of the snapshot that the log goes on behind, in hexadecimal, if an import has begun the
    /// cluster. Members do not have to agree on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

/// A member was started with other settings than the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GenesisMismatch {
    #[error("the first message of the stream cannot be read: {0}")]
    Unreadable(String),
    #[error(
        "the stream is of the cluster {found}, as its first message says, and its metadata says {expected}"
    )]
    Cluster { found: String, expected: String },
    #[error("the cluster has {flag} {found}, and this server {own}: start it with {flag} {found}")]
    Flag { flag: &'static str, found: String, own: String },
}

impl Genesis {
    pub fn to_payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and a number are written as JSON")
    }

    /// Parses the payload of the first frame.
    ///
    /// # Errors
    ///
    /// [`GenesisMismatch::Unreadable`]
    pub fn parse(payload: &[u8]) -> Result<Self, GenesisMismatch> {
        serde_json::from_slice(payload).map_err(|error| GenesisMismatch::Unreadable(error.to_string()))
    }

    /// Compares the payload of the first frame with this.
    ///
    /// # Errors
    ///
    /// [`GenesisMismatch`] for the first setting that differs.
    pub fn check(&self, payload: &[u8]) -> Result<(), GenesisMismatch> {
        let found = Self::parse(payload)?;
        if found.cluster != self.cluster {
            return Err(GenesisMismatch::Cluster { found: found.cluster, expected: self.cluster.clone() });
        }
        let lease = |genesis: &Self| lease_argument(Duration::from_millis(genesis.lease_milliseconds));
        for (flag, found, own) in [
            ("--time-zone", found.time_zone.clone(), self.time_zone.clone()),
            ("--hod", found.head.clone(), self.head.clone()),
            ("--lease", lease(&found), lease(self)),
        ] {
            if found != own {
                return Err(GenesisMismatch::Flag { flag, found, own });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genesis() -> Genesis {
        Genesis {
            cluster: "0123".into(),
            time_zone: "Europe/Berlin".into(),
            head: "F10".into(),
            lease_milliseconds: 3_000,
            snapshot: None,
        }
    }

    #[test]
    fn each_setting_that_differs_is_named_with_both_values() {
        let own = genesis();
        assert_eq!(own.check(&genesis().to_payload()), Ok(()));
        for (other, message) in [
            (
                Genesis { time_zone: "UTC".into(), ..genesis() },
                "the cluster has --time-zone UTC, and this server Europe/Berlin: start it with --time-zone UTC",
            ),
            (
                Genesis { head: "F9".into(), ..genesis() },
                "the cluster has --hod F9, and this server F10: start it with --hod F9",
            ),
            (
                Genesis { lease_milliseconds: 1_500, ..genesis() },
                "the cluster has --lease 1500ms, and this server 3s: start it with --lease 1500ms",
            ),
        ] {
            assert_eq!(own.check(&other.to_payload()).expect_err("a difference").to_string(), message);
        }
        assert!(own.check(b"{}").is_err());
    }

    #[test]
    fn what_an_import_or_a_later_version_adds_is_ignored() {
        let mut payload = genesis().to_payload();
        payload.pop();
        payload.extend_from_slice(br#","snapshot":"00ff","more":1}"#);
        assert_eq!(genesis().check(&payload), Ok(()));
    }
}
