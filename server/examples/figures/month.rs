//! How long HOD takes over a full month.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bookline_protocol::{ParsedLine, Slot, parse};
use bookline_server::Server;
use bookline_server::commands::{ChunkStatus, ExecutionStatus, Identity, Service, TurnContext, execute};
use bookline_server::storage::journal::Durability;

use bookline_server::clock;

use crate::start::config;
use crate::table;

/// Hours that HOD shows.
const HOURS: u32 = 720;
const MEETINGS: u32 = 5;
const TIMES: u32 = 200;

/// Bytes of an answer after which a connection writes it out.
const TURN: usize = 32 << 10;

/// Fills every hour of the month with meetings, then has HOD answered again and again, as a connection has it
/// answered but without the wire: what is left is the server's own time.
pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let server = runtime.block_on(Server::open(&config(directory, Durability::Never)))?;
    let service = server.service();
    let mut context = TurnContext::default();
    let now = service.clock.current_slot().index();
    for hour in now + 1 - HOURS..=now {
        let slot = Slot::from_index(hour).expect("it is not the year 1");
        for n in 0..MEETINGS {
            let (date, hour) = (slot.date.dmy(), slot.hour.get());
            let line = format!("MEET host{n} {date} {hour:02}:00 \"weekly meeting\" F{n}a,F{n}b");
            ask(service, &line, &mut context)?;
        }
        context.replies.clear();
    }
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let (from, mut bytes) = (Instant::now(), 0);
        let ExecutionStatus::Chunked(mut rows) = ask(service, "HOD F10", &mut context)? else {
            anyhow::bail!("HOD has rows");
        };
        while rows.write(service, &mut context, TURN) == ChunkStatus::Partial {
            context.budget.begin(clock::micros(), true);
            bytes += context.replies.len();
            context.replies.clear();
        }
        times.push(from.elapsed());
        let end = format!("OK {{\"count\":{HOURS}}}\n");
        ensure!(context.replies.ends_with(end.as_bytes()), "HOD ends with {end}");
        ensure!(bytes > 100_000, "HOD answered {bytes} bytes");
        context.replies.clear();
    }
    times.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "HOD over {HOURS} hours of {MEETINGS} meetings, {TIMES} times: fastest {:.2} ms, median {:.2} ms, slowest {:.2} ms",
        milliseconds(times[0]),
        milliseconds(times[times.len() / 2]),
        milliseconds(times[times.len() - 1])
    );
    table::at_most("HOD over a full month, median", milliseconds(times[times.len() / 2]), "ms", 2.0);
    Ok(())
}

fn ask(service: &Service, line: &str, context: &mut TurnContext) -> anyhow::Result<ExecutionStatus> {
    let mut scratch = Vec::new();
    let ParsedLine::Request(request) = parse(line.as_bytes(), &mut scratch) else {
        anyhow::bail!("{line} is not understood");
    };
    let before = context.replies.len();
    let outcome = execute(service, Identity, &request, context);
    let reply = &context.replies[before..];
    ensure!(reply.is_empty() || reply.starts_with(b"OK "), "{line}: {}", String::from_utf8_lossy(reply));
    Ok(outcome)
}
