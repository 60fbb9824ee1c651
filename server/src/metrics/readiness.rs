//! Whether the server takes changes.

use std::fmt;
use std::time::Duration;

use super::source::Source;
use crate::commands::Service;

/// A disk that has not written what it was given at a look this long ago is stalled: a healthy one needs
/// milliseconds, and a busy one some tenths of a second.
const STALLED_AFTER: Duration = Duration::from_secs(5);

/// Why the server takes no changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReady {
    Stopping,
    /// The log has failed, or has ended.
    NoLog,
    /// The disk has no space for the next segment.
    ReadOnly,
    /// The disk has not written for so many seconds.
    Disk {
        seconds: u64,
    },
    /// NATS does not acknowledge what the leader appends.
    Nats,
    /// Another server of the cluster leads: the one at this address, if it is known.
    Standby {
        leader: Option<String>,
    },
}

/// Whether the server takes changes at this moment.
pub fn check(source: &Source, service: &Service) -> Result<(), NotReady> {
    let log = service.store.log();
    if source.is_stopping() {
        return Err(NotReady::Stopping);
    }
    if let Some(cluster) = &service.cluster {
        return match cluster.is_leader() {
            false => Err(NotReady::Standby { leader: cluster.leader() }),
            true if cluster.log.is_stalled() => Err(NotReady::Nats),
            true => Ok(()),
        };
    }
    let has_failed = log.failure().borrow().is_some();
    let stalled = source.stalled_for(service).filter(|_| !has_failed).ok_or(NotReady::NoLog)?;
    if log.read_only() {
        return Err(NotReady::ReadOnly);
    }
    if stalled >= STALLED_AFTER {
        return Err(NotReady::Disk { seconds: stalled.as_secs() });
    }
    Ok(())
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopping => write!(f, "The server is shutting down."),
            Self::NoLog => write!(f, "The log takes no more changes: the log output says why."),
            Self::ReadOnly => write!(f, "The disk has no space for the next journal segment: free some."),
            Self::Disk { seconds } => {
                write!(f, "The disk has not written the journal for {seconds} seconds.")
            }
            Self::Nats => write!(f, "NATS does not acknowledge appends: see whether its servers run."),
            Self::Standby { leader: Some(leader) } => {
                write!(f, "This server is a standby: the leader is at {leader}.")
            }
            Self::Standby { leader: None } => {
                write!(f, "This server is a standby, and it hears of no leader.")
            }
        }
    }
}
