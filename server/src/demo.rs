//! A few events and calendars to play with: requests like anybody's, executed before the server listens.

use bookline_protocol::{ParsedLine, Slot, parse};
use thiserror::Error;

use crate::clock;
use crate::commands::{Answer, Identity, Outcome, Service, execute};
use crate::state::Totals;
use crate::storage::journal::Failure;

/// Why they could not be loaded.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A write or a sync failed.
    #[error("--demo: {0}")]
    Journal(Failure),
    /// A request of it was refused, mostly for want of space.
    #[error("--demo: {request} was refused: {reply}")]
    Rejection {
        /// The request.
        request: String,
        /// What was answered.
        reply: String,
    },
}

/// Loads them if there is nothing yet.
pub async fn load(service: &Service) -> Result<(), DemoError> {
    let mut answer = Answer::default();
    answer.micros = clock::micros();
    let Totals { events, entries, .. } = service.store.totals(&mut answer.seen);
    if events + entries > 0 {
        tracing::info!("--demo leaves the data as it is: there is some already");
        return Ok(());
    }
    for request in requests(service.clock.current_slot()) {
        ask(service, &request, &mut answer).await?;
    }
    service.store.journal().settle(answer.seen.0).await.map_err(DemoError::Journal)?;
    tracing::info!(
        "demo loaded: try GET, GET F1 {}, and HOD {}",
        service.clock.current_slot().date.iso(),
        service.head
    );
    Ok(())
}

/// Executes one request as a connection does.
async fn ask(service: &Service, line: &str, answer: &mut Answer) -> Result<(), DemoError> {
    let mut scratch = Vec::new();
    let ParsedLine::Request(request) = parse(line.as_bytes(), &mut scratch) else {
        crate::fatal(&format!("the demo has a line that is no request: {line}"));
    };
    let journal = service.store.journal();
    answer.out.clear();
    while let Outcome::Backpressure = execute(service, Identity, &request, answer) {
        journal.capacity().await;
    }
    if answer.out.starts_with(b"OK ") {
        return Ok(());
    }
    // Behind a failure everything is refused, and the failure is the cause.
    journal.settle(answer.seen.0).await.map_err(DemoError::Journal)?;
    let reply = String::from_utf8_lossy(&answer.out).trim_end().to_owned();
    Err(DemoError::Rejection { request: line.to_owned(), reply })
}

/// Requests around the hour that is running, so that the day and the month have something to show.
fn requests(now: Slot) -> Vec<String> {
    let today = now.date.dmy().to_string();
    let hour = now.hour;
    let before = Slot::from_index(now.index() - 24).unwrap_or(now);
    let (yesterday, then) = (before.date.dmy().to_string(), before.hour);
    vec![
        r#"CREATE "Rust Conf" 2027-05-20 100 id=rustconf"#.into(),
        r#"CREATE "Jazz in the Park" 2027-06-12 2500 id=jazz"#.into(),
        r#"CREATE "Chess Simultaneous" 2027-01-16 3 id=chess"#.into(),
        "BOOK chess 2".into(),
        format!("BLOCK F2 {today} {hour}"),
        format!(r#"MEET F1 {today} {hour} "class committee meeting" F3,F4"#),
        format!(r#"MEET F3 {yesterday} {then} "exam schedule" F1,F2,F10 F3"#),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize};
    use std::time::Instant;

    use bookline_protocol::Id;
    use chrono_tz::Tz;

    use super::*;
    use tokio::sync::Semaphore;

    use crate::clock::Clock;
    use crate::commands::Counters;
    use crate::commands::buffers::{BUFFERS_MIN, Buffers};
    use crate::state::DependsOn;
    use crate::storage::journal::tests::history::block_on;
    use crate::storage::journal::tests::sim_disk::{Counts, Faults, Whose};
    use crate::storage::snapshot::tests::machine::Machine;

    /// A service on these disks.
    fn service(machine: &mut Machine) -> Service {
        let server = machine.start().expect("a fresh disk");
        Service {
            store: server.store,
            snapshots: server.snapshotter,
            clock: Clock::new(Tz::UTC),
            head: Id::new("F10").expect("an id"),
            buffers: Buffers::new(BUFFERS_MIN),
            heavy: Semaphore::new(1),
            counters: Counters {
                started: Instant::now(),
                connections: AtomicUsize::new(0),
                commands: AtomicU64::new(0),
            },
        }
    }

    #[test]
    fn it_is_loaded_once() {
        let mut machine = Machine::new(1);
        let service = service(&mut machine);
        for _ in 0..2 {
            block_on(load(&service)).expect("a disk that behaves");
            assert_eq!(service.store.totals(&mut DependsOn::default()).events, 3);
        }
    }

    /// A wait for a journal that has failed never ends by itself.
    #[test]
    fn a_write_or_a_sync_that_fails_ends_it() {
        for fail_write in [true, false] {
            let mut machine = Machine::new(1);
            let service = service(&mut machine);
            let Counts { writes, syncs, .. } = machine.journal.counts(Whose::Commits);
            machine.journal.set_faults(Faults {
                fail_write: fail_write.then_some(writes + 1),
                fail_sync: (!fail_write).then_some(syncs + 1),
                ..Faults::default()
            });
            let stopped = block_on(load(&service)).expect_err("the disk fails");
            assert!(stopped.to_string().contains("EIO"), "{stopped}");
        }
    }

    #[test]
    fn every_line_is_a_request() {
        for line in requests(Slot::from_index(17_760_000).unwrap()) {
            assert!(matches!(parse(line.as_bytes(), &mut Vec::new()), ParsedLine::Request(_)), "{line}");
        }
    }
}
