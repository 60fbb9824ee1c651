//! `--demo`: a few events and calendars to try things on. They are requests, executed before the server
//! listens.

use bookline_protocol::Slot;
use thiserror::Error;

use crate::commands::{Service, Turn};
use crate::session::execute_line;
use crate::state::{Identity, Totals};
use crate::storage::log::{Failure, LogExt};

#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DemoError {
    #[error("--demo: {0}")]
    Journal(Failure),
    /// A request was refused, mostly because the disk is full.
    #[error("--demo: {request} was refused: {reply}")]
    Refused { request: String, reply: String },
}

/// Loads the demo, unless the state has events or entries.
pub async fn load(service: &Service) -> Result<(), DemoError> {
    let mut turn = Turn::default();
    turn.context.identity = Identity::Operator;
    let Totals { events, counts, .. } = service.store.totals(&mut turn.context);
    if events + counts.entries > 0 {
        tracing::info!("--demo leaves the data as it is: there is some already");
        return Ok(());
    }
    for request in requests(service.current_slot()) {
        execute(&mut turn, service, &request).await?;
    }
    service.store.log().settle(turn.context.depends_on.0).await.map_err(DemoError::Journal)?;
    tracing::info!(
        "demo loaded: try GET, GET F1 {}, and HOD {}",
        service.current_slot().date.iso(),
        service.head
    );
    Ok(())
}

/// Executes a request that must succeed.
async fn execute(turn: &mut Turn, service: &Service, request: &str) -> Result<(), DemoError> {
    turn.replies.clear();
    execute_line(turn, service, request).await;
    if turn.replies.starts_with(b"OK ") {
        return Ok(());
    }
    // After a failure of the journal every request is refused. The failure is the cause to report.
    service.store.log().settle(turn.context.depends_on.0).await.map_err(DemoError::Journal)?;
    let reply = String::from_utf8_lossy(&turn.replies).trim_end().to_owned();
    Err(DemoError::Refused { request: request.to_owned(), reply })
}

/// Requests around the current hour, so that GET of the day and HOD have entries to show.
fn requests(now: Slot) -> Vec<String> {
    let today = now.date.dmy().to_string();
    let hour = now.hour;
    let day_before = Slot::from_index(now.index() - 24).unwrap_or(now);
    let (yesterday, hour_then) = (day_before.date.dmy().to_string(), day_before.hour);
    vec![
        r#"CREATE "Rust Conf" 2027-05-20 100 id=rustconf"#.into(),
        r#"CREATE "Jazz in the Park" 2027-06-12 2500 id=jazz"#.into(),
        r#"CREATE "Chess Simultaneous" 2027-01-16 3 id=chess"#.into(),
        "BOOK chess 2".into(),
        format!("BLOCK F2 {today} {hour}"),
        format!(r#"MEET F1 {today} {hour} "class committee meeting" F3,F4"#),
        format!(r#"MEET F3 {yesterday} {hour_then} "exam schedule" F1,F2,F10 F3"#),
    ]
}

#[cfg(test)]
mod tests {
    use bookline_protocol::{ParsedLine, parse};

    use super::*;

    #[test]
    fn every_line_of_the_demo_is_a_request() {
        for line in requests(Slot::from_index(17_760_000).unwrap()) {
            assert!(matches!(parse(line.as_bytes(), &mut Vec::new()), ParsedLine::Request(_)), "{line}");
        }
    }
}
