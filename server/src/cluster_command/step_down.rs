//! `booklined cluster step-down`: lets another member lead.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::cluster::{MemberInfo, StepDown, ask_members, ask_to_step_down, find_leader_after};
use crate::storage::replicated::nats::{NatsClient, NatsOptions};

/// How long another member has to take over: a lease of ten seconds, and time to try twice.
const TAKEOVER_MAX: Duration = Duration::from_secs(15);

/// The pause between two questions who leads. What is printed is no more exact.
const ASK_PAUSE: Duration = Duration::from_millis(10);

/// Lets the leader resign, waits for the next one, and returns who that is.
pub(super) async fn run(client: &NatsClient, options: &NatsOptions, force: bool) -> anyhow::Result<String> {
    let cluster = &options.cluster;
    let members = ask_members(client, cluster).await?;
    let leader = members.iter().filter(|member| member.leads()).max_by_key(|member| member.term);
    let Some(MemberInfo { address, instance, term, .. }) = leader else {
        bail!("nobody leads the cluster {cluster}: `booklined cluster status` shows why");
    };
    let others = members.iter().filter(|member| member.is_ready_to_lead()).count();
    if others == 0 && !force {
        bail!(
            "{address} leads, and no other member could take over: nobody would lead for two leases. Start another \
             member, or say --force"
        );
    }
    let asked = Instant::now();
    if !ask_to_step_down(client, cluster, &StepDown { instance: instance.clone(), term: *term }).await? {
        bail!(
            "{address}, which led in term {term}, does not answer: `booklined cluster status` shows who leads"
        );
    }
    while asked.elapsed() < TAKEOVER_MAX {
        if let Some(next) = find_leader_after(client, cluster, *term).await? {
            let seconds = asked.elapsed().as_secs_f64();
            let MemberInfo { address, term, .. } = next;
            return Ok(format!("{address} leads now, in term {term}: nobody did for {seconds:.2} s\n"));
        }
        tokio::time::sleep(ASK_PAUSE).await;
    }
    let seconds = TAKEOVER_MAX.as_secs();
    bail!(
        "{address} leads no more, and nobody has taken over for {seconds} s: `booklined cluster status` shows the members"
    )
}
