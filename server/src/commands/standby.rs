//! What a standby of a cluster answers.

use bookline_protocol::{Refusal, Request};

use super::service::Service;
use super::turn::Turn;

/// Refuses what only the leader of a cluster answers, if this server does not lead: whoever asks is told who
/// does. If it leads, it notes that the reply shows something that another leader could change.
///
/// # Errors
///
/// The refusal.
#[inline(always)]
pub fn check_leads(turn: &mut Turn, service: &Service, request: &Request<'_>) -> Result<(), Refusal> {
    match &service.cluster {
        None => Ok(()),
        Some(_) if is_answered_by_standbys(request) => Ok(()),
        Some(cluster) if cluster.is_leader() => {
            turn.before_request = (turn.context.depends_on, turn.looks);
            turn.looks = true;
            Ok(())
        }
        Some(cluster) => Err(Refusal::not_leader(cluster.leader().as_deref())),
    }
}

/// What is asked of a server itself.
fn is_answered_by_standbys(request: &Request<'_>) -> bool {
    matches!(
        request,
        Request::Hello(_)
            | Request::Help(_)
            | Request::Ping(_)
            | Request::Stats(_)
            | Request::Quit(_)
            | Request::Auth(_)
            | Request::Whoami(_)
    )
}
