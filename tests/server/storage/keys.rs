//! Keys on a simulated disk: a crash at every operation between the first use of a key and its repeat, and
//! stored replies that wait for a sync.
//!
//! It would fail if a repeat after a crash got another reply than the acknowledged one, if a request in doubt
//! were executed twice or never, or if a stored reply were sent before its commit is durable.

use std::sync::Arc;
use std::time::Duration;

use bookline_server::codec::Sequence;
use bookline_server::commands::{ExecutionStatus, Service, Turn};
use bookline_server::session::{execute_line, try_execute_line};
use bookline_server::state::{Context, StateLimits, Store};
use bookline_server::storage::journal::disk::Disk;
use bookline_server::storage::log::LogExt;
use bookline_server::storage::recovery::Recovery;
use bookline_server::storage::snapshot::snapshotter::{Schedule, Snapshotter};
use bookline_testkit::disk::{Faults, IoSource, SimDisk};
use bookline_testkit::{service, system_clock};

use super::journal::history::{block_on, is_ready};
use super::snapshot::machine::{disks, recover};

/// Enough for several segments.
const REQUESTS: usize = 12;

/// Tickets of each booking: a commit takes more than half of a segment.
const BOOKED: u64 = 200;

/// A disk for the journal, and one for snapshots.
struct Machine {
    journal: SimDisk,
    snapshots: SimDisk,
}

impl Machine {
    fn new(seed: u64) -> Self {
        Self { journal: SimDisk::new(seed), snapshots: SimDisk::new(!seed) }
    }

    fn start(&self, fresh: bool) -> Service {
        let disks = disks(self.journal.clone(), self.snapshots.clone());
        let Recovery { state, journal, snapshot, .. } =
            recover(&disks, None, fresh).expect("recovery succeeds");
        let journal = Arc::new(journal);
        let schedule = Schedule { every: u64::MAX, at_most_every: Duration::ZERO };
        let snapshotter =
            Snapshotter::start(disks.snapshots, journal.clone(), snapshot, schedule).expect("a thread");
        let clock = system_clock();
        service(Store::new(state, StateLimits::NONE, journal, clock.clone()), snapshotter, clock)
    }

    /// Kills the process or cuts the power, and starts again.
    fn crash(self, service: Service, power: bool) -> (Self, Service) {
        let next = |disk: &SimDisk| if power { disk.cut_power() } else { disk.kill() };
        let machine = Self { journal: next(&self.journal), snapshots: next(&self.snapshots) };
        drop(service);
        let service = machine.start(false);
        (machine, service)
    }
}

/// A request with its own key.
fn request(n: usize) -> String {
    let line = match n % 4 {
        0 => format!("BOOK x {BOOKED}"),
        1 => "CREATE \"another event\" 2026-12-31 10".to_owned(),
        2 => "HOLD x 2 ttl=7200".to_owned(),
        _ => format!("BLOCK F{n} 2026-12-31 09:00"),
    };
    format!("{line} key=request-number-{n:02}")
}

/// Executes a request, and returns its reply when it may be sent. `None` if the disk has failed.
fn ask(service: &Service, line: &str) -> Option<String> {
    let mut turn = Turn::default();
    let log = service.store.log();
    block_on(async {
        tokio::select! {
            biased;
            _ = log.failed() => return None,
            status = execute_line(&mut turn, service, line) => {
                assert!(matches!(status, ExecutionStatus::Complete | ExecutionStatus::Close));
            }
        }
        log.settle(turn.context.depends_on.0).await.ok()
    })?;
    let reply = String::from_utf8(turn.replies).expect("replies are UTF-8");
    reply.starts_with("OK ").then_some(reply)
}

/// Asserts that each request was executed exactly once.
fn check_state(service: &Service) {
    let totals = service.store.totals(&mut Context::default());
    assert_eq!(totals.sequence, Sequence(1 + REQUESTS as u64), "a commit for each change");
    assert_eq!((totals.keys, totals.events), (REQUESTS as u64, 1 + REQUESTS as u64 / 4));
    let counts = totals.counts;
    let each = REQUESTS as u64 / 4;
    assert_eq!((counts.tickets, counts.holds, counts.entries), (each * BOOKED, each, each));
}

/// Crashes at the first, the second … operation of these threads on the disk of the journal while requests
/// are executed, then sends all requests again. Returns the number of operations.
fn crash_everywhere(source: IoSource, power: bool) -> u64 {
    for n in 1.. {
        let machine = Machine::new(n);
        let service = machine.start(true);
        ask(&service, "CREATE x 2026-12-31 1000 id=x").expect("no disk error");
        let done = machine.journal.counts(source).operations;
        machine.journal.set_faults(Faults { source, die_at: Some(done + n), ..Faults::default() });
        let acknowledged: Vec<_> = (0..REQUESTS).map_while(|n| ask(&service, &request(n))).collect();
        let died = machine.journal.list().is_err();

        let (machine, service) = machine.crash(service, power);
        let all = |service: &Service| -> Vec<_> {
            (0..REQUESTS).map(|n| ask(service, &request(n)).expect("no disk error")).collect()
        };
        let retried = all(&service);
        assert_eq!(retried[..acknowledged.len()], acknowledged, "operation {n}, power cut: {power}");
        check_state(&service);
        let (_machine, service) = machine.crash(service, true);
        assert_eq!(all(&service), retried, "operation {n}, power cut: {power}");
        check_state(&service);
        if !died {
            assert_eq!(acknowledged.len(), REQUESTS);
            return n;
        }
    }
    unreachable!("the scenario ends")
}

#[test]
fn request_with_a_key_is_executed_once_over_a_kill_at_any_operation() {
    let n = crash_everywhere(IoSource::Foreground, false);
    assert!(n > 2 * REQUESTS as u64, "a write and a sync for each request, not {n} operations");
}

#[test]
fn request_with_a_key_is_executed_once_over_a_power_cut_at_any_operation() {
    let n = crash_everywhere(IoSource::Foreground, true);
    assert!(n > 2 * REQUESTS as u64, "a write and a sync for each request, not {n} operations");
}

#[test]
fn request_with_a_key_is_executed_once_over_a_crash_at_any_operation_of_preallocation() {
    let n = crash_everywhere(IoSource::Preallocation, true);
    assert!(n > 2, "a segment is preallocated by more than {n} operations");
}

#[test]
fn stored_reply_waits_until_the_commit_of_its_first_use_is_durable() {
    let machine = Machine::new(1);
    let service = machine.start(true);
    ask(&service, "CREATE x 2026-12-31 1000 id=x").expect("no disk error");
    machine.journal.pause_writes();
    let execute = |line: &str| {
        let mut turn = Turn::default();
        let status = try_execute_line(&mut turn, &service, line);
        assert!(matches!(status, ExecutionStatus::Complete));
        let may_be_sent = is_ready(service.store.log().wait_durable(turn.context.depends_on.0));
        assert!(!may_be_sent, "{line}: before the sync");
        turn
    };
    let first = execute("BOOK x 2 key=one-key-of-3-turns");
    let repeat = execute("book x 02 key=one-key-of-3-turns");
    assert_eq!(repeat.replies, first.replies);
    let reused = execute("BOOK x 3 key=one-key-of-3-turns");
    assert!(reused.replies.starts_with(b"ERR KEY_REUSED "));
    for turn in [&repeat, &reused] {
        assert_eq!(turn.context.depends_on, first.context.depends_on);
    }
    machine.journal.resume_writes();
    block_on(service.store.log().settle(repeat.context.depends_on.0)).expect("no disk error");
    assert_eq!(service.store.log().appended(), Sequence(2));
}
