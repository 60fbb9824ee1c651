//! The time of HOD over a full month.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bookline_protocol::limits::HOD_HOURS;
use bookline_protocol::{ParsedLine, Slot, parse};
use bookline_server::Server;
use bookline_server::commands::{ChunkStatus, ExecutionStatus, Service, Turn, execute};
use bookline_server::storage::journal::Durability;

use crate::recovery::config;
use crate::table;

const MEETINGS_PER_HOUR: u32 = 5;
const RUNS: u32 = 200;

/// Bytes of replies that a connection writes per turn.
const TURN_REPLY_BYTES: usize = 32 << 10;

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
            execute_line(service, &line, &mut turn)?;
        }
        turn.replies.clear();
    }
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let (from, mut bytes) = (Instant::now(), 0);
        let ExecutionStatus::Chunked(mut reply) = execute_line(service, "HOD F10", &mut turn)? else {
            anyhow::bail!("the reply to HOD is not chunked");
        };
        while reply.write(&mut turn, service, TURN_REPLY_BYTES) == ChunkStatus::Partial {
            turn.budget.begin(service.clock.now(), true);
            bytes += turn.replies.len();
            turn.replies.clear();
        }
        times.push(from.elapsed());
        let end = format!("OK {{\"count\":{HOD_HOURS}}}\n");
        ensure!(turn.replies.ends_with(end.as_bytes()), "HOD ends with {end}");
        ensure!(bytes > 100_000, "the reply has {bytes} bytes");
        turn.replies.clear();
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

fn execute_line(service: &Service, line: &str, turn: &mut Turn) -> anyhow::Result<ExecutionStatus> {
    let mut scratch = Vec::new();
    let ParsedLine::Request(request) = parse(line.as_bytes(), &mut scratch) else {
        anyhow::bail!("{line} is not a request");
    };
    let before = turn.replies.len();
    let status = execute(turn, service, &request);
    let reply = &turn.replies[before..];
    ensure!(reply.is_empty() || reply.starts_with(b"OK "), "{line}: {}", String::from_utf8_lossy(reply));
    Ok(status)
}
