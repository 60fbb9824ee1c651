//! Execution of a line.

use bookline_protocol::{ParsedLine, Refusal, Request, parse};

use crate::commands::turn_budget::Cost;
use crate::commands::{
    Denial, ExecutionStatus, Service, Turn, authorize, check_leads, cost, execute, execute_keyed,
};
use crate::storage::log::LogExt;

/// Executes a parsed line and writes its reply, unless the status says otherwise.
#[inline(always)]
pub fn execute_parsed(turn: &mut Turn, service: &Service, line: &ParsedLine<'_>) -> ExecutionStatus {
    match line {
        ParsedLine::Blank => ExecutionStatus::Complete,
        ParsedLine::Request(request) => {
            tracing::debug!(command = request.verb().as_str(), "request");
            if_authorized(turn, service, request, |turn| execute(turn, service, request, None))
        }
        ParsedLine::Keyed(keyed) => {
            tracing::debug!(command = keyed.request.verb().as_str(), "request with a key");
            if_authorized(turn, service, &keyed.request, |turn| execute_keyed(turn, service, keyed))
        }
        ParsedLine::Refused(refusal) => {
            tracing::debug!(code = refusal.code.as_str(), "line refused");
            turn.counts.refused(refusal.code);
            refusal.write(&mut turn.replies);
            ExecutionStatus::Complete
        }
        ParsedLine::Foreign(refusal) => {
            refuse_foreign(turn, refusal);
            ExecutionStatus::Close
        }
    }
}

/// Executes a request if the requester may make it.
#[inline(always)]
fn if_authorized(
    turn: &mut Turn,
    service: &Service,
    request: &Request<'_>,
    execute: impl FnOnce(&mut Turn) -> ExecutionStatus,
) -> ExecutionStatus {
    if let Err(refusal) = check_leads(turn, service, request) {
        turn.counts.executed(request.verb());
        return turn.refuse(refusal);
    }
    if let Err(denial) = authorize(turn, service, request) {
        turn.counts.executed(request.verb());
        return deny(turn, denial);
    }
    let status = execute(turn);
    if !status.is_to_repeat() {
        turn.end_request(request.verb());
    }
    status
}

#[cold]
fn deny(turn: &mut Turn, denial: Denial) -> ExecutionStatus {
    match denial {
        Denial::Refused(refusal) => turn.refuse(refusal),
        Denial::Closed(refusal) => {
            turn.refuse(refusal);
            ExecutionStatus::Close
        }
    }
}

/// What a parsed line costs of the budget of a turn.
#[inline]
pub fn cost_of_parsed(line: &ParsedLine<'_>) -> Cost {
    match line {
        ParsedLine::Blank => Cost::Low,
        ParsedLine::Request(request) => cost(request),
        ParsedLine::Keyed(keyed) => cost(&keyed.request),
        ParsedLine::Refused(_) | ParsedLine::Foreign(_) => Cost::High,
    }
}

/// Refuses another protocol. The session ends after it.
pub fn refuse_foreign(turn: &mut Turn, refusal: &Refusal) {
    tracing::debug!("another protocol refused");
    turn.counts.refused(refusal.code);
    refusal.write(&mut turn.replies);
}

/// Executes a line without a session: parses it, executes it and writes its reply, unless the status says
/// otherwise. The reply may be sent, or relied on, when what [`Turn::context`] depends on is durable.
#[inline]
pub fn try_execute_line(turn: &mut Turn, service: &Service, line: &str) -> ExecutionStatus {
    let mut scratch = Vec::new();
    execute_parsed(turn, service, &parse(line.as_bytes(), &mut scratch))
}

/// As [`try_execute_line`]. Goes on until the request is finished, and waits until the journal has capacity,
/// and for the share that the reply needs.
pub async fn execute_line(turn: &mut Turn, service: &Service, line: &str) -> ExecutionStatus {
    loop {
        match try_execute_line(turn, service, line) {
            ExecutionStatus::Backpressure => service.store.log().capacity().await,
            ExecutionStatus::Unfinished => {}
            ExecutionStatus::Hashing => turn.login.wait_for_hash().await,
            ExecutionStatus::NeedsShare(bytes) => {
                turn.shares.waited_for = Some(service.buffers.reply(bytes).await)
            }
            status => return status,
        }
    }
}
