//! What a run came to, for people and for machines.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::args::Flags;
use super::load::Load;
use super::names::Run;
use super::tally::Unexpected;
use super::verify::Verified;
use crate::render::{plain, thousands};

/// Above this part of a processor the tool had no time left to wait for the server: it was measured instead.
const OWN_LIMIT: f64 = 0.9;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// When its time was over.
    Time,
    /// By Ctrl-C.
    Interrupted,
    /// With a connection, or with something that no server of this protocol says.
    Lost,
}

/// Times from write to reply, in microseconds.
#[derive(Clone, Debug, Serialize)]
struct Times {
    p50: f64,
    p95: f64,
    p99: f64,
    #[serde(rename = "p99.9")]
    p999: f64,
    max: f64,
}

/// What a run came to. Its JSON is a promise: fields are added, none is taken away.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The run's name in the ids of its events and people.
    run: String,
    /// The version that the server says it has.
    server: String,
    workload: &'static str,
    conns: u32,
    depth: u32,
    /// Events that were made.
    events: u32,
    /// Tickets in each BOOK.
    tickets: u32,
    /// Tickets that each event had.
    seats: u32,
    ended: Ended,
    /// How long was counted.
    seconds: f64,
    /// Replies in that time, refusals too.
    replies: u64,
    replies_per_second: f64,
    latency_us: Times,
    /// Replies in that time by code.
    codes: BTreeMap<String, u64>,
    /// Refusals that the workload does not explain, at any time.
    unexpected: Vec<Unexpected>,
    /// Processor time per time of the one thread that measured.
    client_cpu: f64,
    /// Whether that was the limit.
    client_was_limit: bool,
    /// Nothing when it could not be verified.
    pub verified: Option<Verified>,
}

impl Report {
    /// What the load measured; nothing is verified yet.
    pub fn new(flags: &Flags, run: Run, server: &str, load: &Load, lost: bool) -> Self {
        let meter = &load.meter;
        let (times, seconds) = (meter.times(), meter.counted().as_secs_f64());
        let replies = times.len();
        let time = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
        let ended = match (lost, meter.was_interrupted()) {
            (true, _) => Ended::Lost,
            (false, true) => Ended::Interrupted,
            (false, false) => Ended::Time,
        };
        Self {
            run: run.to_string(),
            server: server.to_owned(),
            workload: flags.workload.as_str(),
            conns: flags.conns,
            depth: flags.depth,
            events: load.events,
            tickets: flags.tickets,
            seats: flags.seats,
            ended,
            seconds,
            replies,
            replies_per_second: if seconds > 0.0 { replies as f64 / seconds } else { 0.0 },
            latency_us: Times {
                p50: time(0.5),
                p95: time(0.95),
                p99: time(0.99),
                p999: time(0.999),
                max: times.max() as f64 / 1e3,
            },
            codes: load.tally.codes(replies),
            unexpected: load.tally.unexpected.clone(),
            client_cpu: meter.cpu_share(),
            client_was_limit: meter.cpu_share() > OWN_LIMIT,
            verified: None,
        }
    }

    /// Whether everything was as it should be.
    pub fn is_fine(&self) -> bool {
        self.unexpected.is_empty() && self.verified.as_ref().is_some_and(|verified| verified.ok)
    }
}

/// What was measured, without what was verified.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workload, conns, depth, events, tickets, .. } = self;
        let over = match *events {
            0 => String::new(),
            1 => ", 1 event".to_owned(),
            many => format!(", {} events", thousands(many.into())),
        };
        let early = match self.ended {
            Ended::Time => "",
            Ended::Interrupted => " (interrupted)",
            Ended::Lost => " (ended early)",
        };
        let each = if *tickets > 1 { format!(", {tickets} tickets a BOOK") } else { String::new() };
        writeln!(f, "workload   {workload}, {conns} connections x {depth} requests{over}{each}")?;
        let (replies, rate) = (thousands(self.replies), thousands(self.replies_per_second.round() as u64));
        writeln!(f, "replies    {rate} per second ({replies} in {:.2} s{early})", self.seconds)?;
        let Times { p50, p95, p99, p999, max } = self.latency_us;
        let [p50, p95, p99, p999, max] = [p50, p95, p99, p999, max].map(|micros| time((micros * 1e3) as u64));
        writeln!(f, "latency    p50 {p50}, p95 {p95}, p99 {p99}, p99.9 {p999}, max {max}")?;
        let codes: Vec<_> = self
            .codes
            .iter()
            .map(|(code, &count)| format!("{} {}", plain::text(code), thousands(count)))
            .collect();
        writeln!(f, "codes      {}", codes.join(", "))?;
        for Unexpected { code, count, first } in &self.unexpected {
            let (code, count, first) = (plain::text(code), thousands(*count), plain::quoted(first));
            writeln!(f, "unexpected {code}, {count} times in all; the first said {first}")?;
        }
        write!(f, "client     {:.0}% of a processor", self.client_cpu * 100.0)?;
        if self.client_was_limit {
            write!(f, ": this tool was the limit, not the server")?;
        }
        writeln!(f)
    }
}

/// What was verified.
impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |checked: u64, all: u64, what: [&str; 2]| {
            let of = if checked < all { format!(" of {}", thousands(all)) } else { String::new() };
            format!("{}{of} {}", thousands(checked), what[usize::from(all != 1)])
        };
        let looked = [
            part(self.events, self.events, ["event", "events"]),
            part(self.tickets_checked, self.tickets_acknowledged, ["ticket", "tickets"]),
            part(self.entries_checked, self.entries_acknowledged, ["calendar entry", "calendar entries"]),
        ];
        let looked = looked.join(", ");
        if self.ok {
            return writeln!(f, "verified   {looked}: nothing oversold, nothing twice, everything is there");
        }
        writeln!(f, "WRONG      {looked} were looked at")?;
        for finding in &self.findings.0 {
            let (what, count) = (finding.what.as_str(), thousands(finding.count));
            writeln!(f, "WRONG      {what} ({count} times): {}", plain::text(&finding.first))?;
        }
        Ok(())
    }
}

/// A time in nanoseconds, with three digits and its unit.
pub fn time(nanos: u64) -> String {
    let (value, unit) = match nanos {
        0..1_000_000 => (nanos as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    let decimals = match value {
        0.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_for_people() {
        let times = [1_234, 45_678, 456_789, 1_234_567, 12_345_678_901].map(time);
        assert_eq!(times, ["1.23 µs", "45.7 µs", "457 µs", "1.23 ms", "12.3 s"]);
    }
}
