//! Asks all members of a cluster.

use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::member_info::MemberInfo;
use crate::storage::replicated::cluster_name::ClusterName;
use crate::storage::replicated::nats::{NatsClient, NatsError, Patience};

/// The most members that are heard.
const MEMBERS_MAX: usize = 64;

/// A member answers within milliseconds. One that does not within these has stopped, or its network has.
const PATIENCE: Patience = Patience {
    answers_max: MEMBERS_MAX,
    at_most: Duration::from_secs(1),
    after_last: Duration::from_millis(300),
};

/// A member that resigns answers at once.
const STEP_DOWN_PATIENCE: Patience =
    Patience { answers_max: 1, at_most: Duration::from_secs(2), after_last: Duration::ZERO };

/// Asks the leader of a term to resign. It is sent to all members, and only this one answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDown {
    pub instance: String,
    pub term: u32,
}

/// The subject on which all members answer with their [`MemberInfo`].
pub fn members_subject(cluster: &ClusterName) -> String {
    format!("bookline.{cluster}.members")
}

/// The subject of [`StepDown`].
pub fn step_down_subject(cluster: &ClusterName) -> String {
    format!("bookline.{cluster}.step-down")
}

/// Asks all members, for a second at most, and returns what they say, in the order of their addresses.
///
/// # Errors
///
/// [`NatsError`], if nothing can be asked. That nobody answers is none.
pub async fn ask_members(client: &NatsClient, cluster: &ClusterName) -> Result<Vec<MemberInfo>, NatsError> {
    let mut members = Vec::new();
    let each = |answer: &[u8]| {
        members.extend(serde_json::from_slice::<MemberInfo>(answer));
        ControlFlow::Continue(())
    };
    client.request_all(&members_subject(cluster), Bytes::new(), PATIENCE, each).await?;
    members.sort_by(|a, b| (&a.address, &a.instance).cmp(&(&b.address, &b.instance)));
    Ok(members)
}

/// Asks all members, until one says that it leads in a later term.
///
/// # Errors
///
/// [`NatsError`], if nothing can be asked.
pub async fn find_leader_after(
    client: &NatsClient,
    cluster: &ClusterName,
    term: u32,
) -> Result<Option<MemberInfo>, NatsError> {
    let mut leader = None;
    let each = |answer: &[u8]| match serde_json::from_slice::<MemberInfo>(answer) {
        Ok(member) if member.leads() && member.term > term => {
            leader = Some(member);
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    };
    let patience =
        Patience { at_most: Duration::from_millis(300), after_last: Duration::from_millis(50), ..PATIENCE };
    client.request_all(&members_subject(cluster), Bytes::new(), patience, each).await?;
    Ok(leader)
}

/// Asks the leader of a term to resign. Returns whether it does.
///
/// # Errors
///
/// [`NatsError`], if it cannot be asked.
pub async fn ask_to_step_down(
    client: &NatsClient,
    cluster: &ClusterName,
    step_down: &StepDown,
) -> Result<bool, NatsError> {
    let payload = serde_json::to_vec(step_down).expect("texts and numbers are written as JSON");
    let mut is_accepted = false;
    let each = |_: &[u8]| {
        is_accepted = true;
        ControlFlow::Break(())
    };
    client.request_all(&step_down_subject(cluster), payload.into(), STEP_DOWN_PATIENCE, each).await?;
    Ok(is_accepted)
}
