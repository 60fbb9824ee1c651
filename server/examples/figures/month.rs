//! How long HOD takes over a full month.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bookline_protocol::{ParsedLine, Slot, parse};
use bookline_server::Server;
use bookline_server::commands::{Answer, Identity, Outcome, Progress, Service, execute};
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
    let mut answer = Answer::default();
    let now = service.clock.current_slot().index();
    for hour in now + 1 - HOURS..=now {
        let slot = Slot::from_index(hour).expect("it is not the year 1");
        for n in 0..MEETINGS {
            let (date, hour) = (slot.date.dmy(), slot.hour.get());
            let line = format!("MEET host{n} {date} {hour:02}:00 \"weekly meeting\" F{n}a,F{n}b");
            ask(service, &line, &mut answer)?;
        }
        answer.out.clear();
    }
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let (from, mut bytes) = (Instant::now(), 0);
        let Outcome::Pieces(mut rows) = ask(service, "HOD F10", &mut answer)? else {
            anyhow::bail!("HOD has rows");
        };
        while rows.write(service, &mut answer, TURN) == Progress::Part {
            answer.turn.begin(clock::micros(), true);
            bytes += answer.out.len();
            answer.out.clear();
        }
        times.push(from.elapsed());
        let end = format!("OK {{\"count\":{HOURS}}}\n");
        ensure!(answer.out.ends_with(end.as_bytes()), "HOD ends with {end}");
        ensure!(bytes > 100_000, "HOD answered {bytes} bytes");
        answer.out.clear();
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

fn ask(service: &Service, line: &str, answer: &mut Answer) -> anyhow::Result<Outcome> {
    let mut scratch = Vec::new();
    let ParsedLine::Request(request) = parse(line.as_bytes(), &mut scratch) else {
        anyhow::bail!("{line} is not understood");
    };
    let before = answer.out.len();
    let outcome = execute(service, Identity, &request, answer);
    let reply = &answer.out[before..];
    ensure!(reply.is_empty() || reply.starts_with(b"OK "), "{line}: {}", String::from_utf8_lossy(reply));
    Ok(outcome)
}
