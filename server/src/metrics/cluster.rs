//! What the server is, alone or in its cluster.

use std::fmt;

use super::exposition::Exposition;
use crate::cluster::Membership;
use crate::storage::replicated::boot_time::BootTime;

pub fn write(out: &mut Exposition<'_>, cluster: Option<&Membership>) -> fmt::Result {
    let leads = cluster.is_some_and(Membership::is_leader);
    let roles = [("single", cluster.is_none()), ("leader", leads), ("standby", cluster.is_some() && !leads)];
    let help = "1 for what this server is, and 0 for the others";
    out.counts("role", help, "role", roles.map(|(role, is_it)| (role, is_it.into())))?;
    let Some(cluster) = cluster else { return Ok(()) };
    let (leadership, heard) = cluster.log.leadership();
    let silence = BootTime::now().since(heard).as_secs_f64();
    out.count(
        "cluster_term",
        "The term of the last takeover that this server knows of",
        leadership.term.into(),
    )?;
    out.gauge("cluster_leader_silence_seconds", "The time since the leader was heard of", silence)?;
    let is_current = cluster.log.is_current();
    out.flag("cluster_caught_up", "Whether this server has read the log to its end once", is_current)?;
    let help = "Whether NATS has not acknowledged an append for longer than anybody waits";
    out.flag("cluster_stalled", help, cluster.log.is_stalled())
}
