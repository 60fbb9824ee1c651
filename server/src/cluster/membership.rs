//! This server as a member of a cluster.

use std::sync::Arc;
use std::time::Duration;

use bookline_protocol::reply::{ClusterReply, ClusterRole};
use tokio::time::timeout;

use super::read_barrier::ReadBarrier;
use super::snapshot_requests::SnapshotRequests;
use crate::codec::Sequence;
use crate::storage::log::{Log, LogExt};
use crate::storage::replicated::boot_time::BootTime;
use crate::storage::replicated::lease::Lease;
use crate::storage::replicated::log::{ReplicatedLog, Role};
use crate::storage::snapshot::Made;
use crate::storage::snapshot::snapshotter::NotMade;

/// This server as a member of a cluster.
#[derive(Debug)]
pub struct Membership {
    pub name: String,
    pub log: Arc<ReplicatedLog>,
    pub snapshots: Arc<SnapshotRequests>,
    /// After which a standby takes over.
    pub lease: Duration,
    pub read_barrier: ReadBarrier,
    /// How long replies wait for a log that does not answer.
    pub timeout: Duration,
}

/// Why replies may not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotShown {
    /// It is not known whether what they depend on will ever be durable.
    Undecided,
    /// All they depend on is durable, and it is not known whether this server still leads.
    NotConfirmed,
}

impl Membership {
    pub fn is_leader(&self) -> bool {
        self.log.is_leader()
    }

    /// What HELLO and STATS say of it.
    pub fn reply(&self) -> ClusterReply<'static> {
        let role = if self.is_leader() { ClusterRole::Leader } else { ClusterRole::Standby };
        let (term, leader) = self.leadership();
        ClusterReply {
            name: self.name.clone().into(),
            role,
            term: term.into(),
            leader: leader.map(Into::into),
        }
    }

    /// The address of the leader, if it was heard of within a lease.
    pub fn leader(&self) -> Option<String> {
        self.leadership().1
    }

    fn leadership(&self) -> (u32, Option<String>) {
        let (leadership, heard) = self.log.leadership();
        // What it reads at its start is of the past.
        let is_recent = self.log.is_current() && BootTime::now().since(heard) < self.lease;
        // Who resigns sends nobody to itself, and nobody knows yet who is next. A command that leads for a
        // moment has no address.
        let leads_on = self.log.current_role() != Role::Resigning && !leadership.leader.is_empty();
        let is_known = leadership.term > 0 && is_recent && leads_on;
        (leadership.term, is_known.then(|| leadership.leader.into()))
    }

    /// Waits until this server leads.
    pub async fn leads(&self) {
        // The sender lives as long as the log.
        let _ = self.log.role().wait_for(|role| *role == Role::Leader).await;
    }

    /// Waits until this server is no member any more as it was: it was deposed, or cannot go on.
    pub async fn ended(&self) {
        self.log.ended().await;
    }

    /// Requests a snapshot that holds everything that is durable now, and waits until it is confirmed.
    ///
    /// # Errors
    ///
    /// [`NotMade`] if the log does not answer, or the server stops.
    pub async fn make_snapshot(&self) -> Result<Made, NotMade> {
        tokio::select! {
            made = self.snapshots.make(self.log.durable()) => made,
            () = self.log.stalled() => {
                let seconds = self.timeout.as_secs();
                Err(NotMade::Failed(format!("the log of the cluster has not answered for {seconds} s")))
            }
        }
    }

    /// Waits until replies may be shown that depend on this commit. All they show was looked up before;
    /// `looks` says whether it is something that another leader could change.
    ///
    /// # Errors
    ///
    /// [`NotShown`], when it has waited for the log in vain, or nobody is to wait for it any more.
    pub async fn may_show(&self, depends_on: Sequence, looks: bool) -> Result<(), NotShown> {
        let looked = BootTime::now();
        let mut why = NotShown::Undecided;
        let shown = async {
            self.log.wait_durable(depends_on).await;
            why = NotShown::NotConfirmed;
            if looks && !self.is_confirmed(looked) {
                self.log.confirm(|confirmed| self.proves(confirmed, looked)).await;
            }
        };
        let shown = async {
            tokio::select! {
                biased;
                () = shown => true,
                () = self.log.stalled() => false,
            }
        };
        if timeout(self.timeout, shown).await == Ok(true) { Ok(()) } else { Err(why) }
    }

    #[inline]
    fn is_confirmed(&self, looked: BootTime) -> bool {
        self.log.is_confirmed(|confirmed| self.proves(confirmed, looked))
    }

    #[inline]
    fn proves(&self, confirmed: BootTime, looked: BootTime) -> bool {
        match self.read_barrier {
            ReadBarrier::Lease if self.log.has_lease() => Lease::new(self.lease).covers(confirmed, looked),
            ReadBarrier::Lease | ReadBarrier::Always => Lease::proves(confirmed, looked),
        }
    }
}
