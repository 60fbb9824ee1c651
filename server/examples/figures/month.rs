//! The time of HOD over a full month.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use bookline_protocol::Slot;
use bookline_protocol::limits::HOD_HOURS;
use bookline_server::Server;
use bookline_server::commands::{Service, Turn};
use bookline_server::session::{NextStep, Session, execute_line};
use bookline_server::storage::journal::Durability;
use bytes::BufMut;

use crate::recovery::config;
use crate::table;

const MEETINGS_PER_HOUR: u32 = 5;
const RUNS: u32 = 200;

/// Fills each hour of the month with meetings, and then executes HOD repeatedly, as a connection does but
/// without a socket, which leaves the time of the server itself.
pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let server = runtime.block_on(Server::open(&config(directory, Durability::Never)))?;
    let service = server.service();
    let mut turn = Turn::default();
    let now = service.current_slot().index();
    for hour in now + 1 - HOD_HOURS..=now {
        let slot = Slot::from_index(hour).expect("the month is within the calendar");
        for n in 0..MEETINGS_PER_HOUR {
            let (date, hour) = (slot.date.dmy(), slot.hour.get());
            let line = format!("MEET host{n} {date} {hour:02}:00 \"weekly meeting\" F{n}a,F{n}b");
            runtime.block_on(execute_line(&mut turn, service, &line));
            ensure!(turn.replies.starts_with(b"OK "), "{line}: {}", String::from_utf8_lossy(&turn.replies));
            turn.replies.clear();
        }
    }
    let (mut session, mut times) = (Session::default(), Vec::new());
    for _ in 0..RUNS {
        let from = Instant::now();
        let bytes = execute_hod(&mut session, service)?;
        times.push(from.elapsed());
        ensure!(bytes > 100_000, "the reply has {bytes} bytes");
    }
    times.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "HOD over {HOD_HOURS} hours of {MEETINGS_PER_HOUR} meetings, {RUNS} runs: fastest {:.2} ms, median {:.2} ms, slowest {:.2} ms",
        milliseconds(times[0]),
        milliseconds(times[times.len() / 2]),
        milliseconds(times[times.len() - 1])
    );
    table::at_most("HOD over a full month, median", milliseconds(times[times.len() / 2]), "ms", 2.0);
    Ok(())
}

/// Executes HOD in turns, and returns the bytes of its reply.
fn execute_hod(session: &mut Session, service: &Service) -> anyhow::Result<usize> {
    session.receive(|buffer| buffer.put_slice(b"HOD F10\n"));
    let mut bytes = 0;
    loop {
        let next = session.run_turn(service, true);
        bytes += session.replies().len();
        let end = format!("OK {{\"count\":{HOD_HOURS}}}\n");
        match next {
            NextStep::Yield => {}
            NextStep::Read if session.replies().ends_with(end.as_bytes()) => {
                session.replies_sent();
                return Ok(bytes);
            }
            _ => bail!("HOD needs {next:?} and has not ended with {end}"),
        }
        session.replies_sent();
    }
}
