//! The report of `bookline bench` for people.

use std::time::Duration;

use bookline_loadgen::{End, Latencies, Progress, RefusalCount, Report, Retries, Verification};

use crate::render::number::thousands;
use crate::render::text::{printable, quoted};

/// A line of progress during the measurement.
pub fn progress(progress: Progress) -> String {
    let Progress { elapsed, replies_per_second, p50, p99 } = progress;
    let (seconds, rate) = (elapsed.as_secs_f64(), thousands(replies_per_second as u64));
    let [p50, p99] = [p50, p99].map(latency);
    format!("{seconds:>6.1} s {rate:>11} replies/s   p50 {p50:>8}   p99 {p99:>8}")
}

/// What was measured, a line each.
pub fn measurement(report: &Report) -> Vec<String> {
    let Report { workload, connections, depth, tickets_per_booking: tickets, .. } = report;
    let events = match report.events {
        0 => String::new(),
        1 => ", 1 event".to_owned(),
        many => format!(", {} events", thousands(many.into())),
    };
    let early = match report.end {
        End::Interrupted => " (interrupted)",
        End::Lost => " (ended early)",
        _ => "",
    };
    let tickets = if *tickets > 1 { format!(", {tickets} tickets at a time") } else { String::new() };
    let (replies, rate) = (thousands(report.replies), thousands(report.replies_per_second.round() as u64));
    let Latencies { p50, p95, p99, p999, max } = report.latency_us;
    let [p50, p95, p99, p999, max] =
        [p50, p95, p99, p999, max].map(|micros| latency(Duration::from_nanos((micros * 1e3) as u64)));
    let codes: Vec<_> = report
        .codes
        .iter()
        .map(|(code, &count)| format!("{} {}", printable(code), thousands(count)))
        .collect();
    let mut lines = vec![
        format!("workload   {workload}, {connections} connections x {depth} requests{events}{tickets}"),
        format!("replies    {rate} per second ({replies} in {:.2} s{early})", report.seconds),
        format!("latency    p50 {p50}, p95 {p95}, p99 {p99}, p99.9 {p999}, max {max}"),
        format!("codes      {}", codes.join(", ")),
    ];
    for refusals in &report.unexpected_refusals.0 {
        lines.push(format!("unexpected {}", counted(refusals)));
    }
    if report.is_full_of_keys() {
        let bounds = "--max-keys and --max-key-bytes";
        lines.push(format!(
            "unexpected the server has no place for the keys of the run: start it with higher {bounds}"
        ));
    }
    if let Some(Retries { reconnections, repeated_requests, refused }) = &report.retries {
        let (reconnections, repeated) = (thousands(*reconnections), thousands(*repeated_requests));
        lines.push(format!("retries    reconnected {reconnections} times, {repeated} requests sent again"));
        for refusals in &refused.0 {
            lines.push(format!("retries    after {}", counted(refusals)));
        }
    }
    let limit =
        if report.client_was_limit { ": the load generator was the limit, not the server" } else { "" };
    lines.push(format!("client     {:.0}% of a processor{limit}", report.client_cpu * 100.0));
    lines
}

fn counted(RefusalCount { code, count, first }: &RefusalCount) -> String {
    let (code, count, first) = (printable(code), thousands(*count), quoted(first));
    format!("{code}, {count} times; the first message is {first}")
}

/// What was verified, a line each.
pub fn verification(verification: &Verification) -> Vec<String> {
    let part = |checked: u64, all: u64, [one, many]: [&str; 2]| {
        let of = if checked < all { format!(" of {}", thousands(all)) } else { String::new() };
        format!("{}{of} {}", thousands(checked), if all == 1 { one } else { many })
    };
    let Verification { events, tickets_checked, holds_checked, entries_checked, .. } = *verification;
    let checked = [
        part(events, events, ["event", "events"]),
        part(tickets_checked, verification.tickets_acknowledged, ["ticket", "tickets"]),
        part(holds_checked, verification.holds_acknowledged, ["hold", "holds"]),
        part(entries_checked, verification.entries_acknowledged, ["calendar entry", "calendar entries"]),
    ];
    let checked = checked.join(", ");
    if verification.is_ok {
        return vec![format!("verified   {checked}: nothing oversold, no duplicates, nothing missing")];
    }
    let mut lines = vec![format!("FAILED     {checked} were checked")];
    for finding in &verification.findings.0 {
        let (violation, count) = (finding.violation.as_str(), thousands(finding.count));
        lines.push(format!("FAILED     {violation} ({count} times): {}", printable(&finding.first)));
    }
    lines
}

/// A latency with three significant digits and its unit.
fn latency(latency: Duration) -> String {
    let nanos = latency.as_nanos() as f64;
    let (value, unit) = match nanos {
        0.0..1e6 => (nanos / 1e3, "µs"),
        1e6..1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
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
    fn latency_has_three_digits_and_a_unit() {
        let nanos = [1_234, 45_678, 456_789, 1_234_567, 12_345_678_901];
        let shown = nanos.map(|nanos| latency(Duration::from_nanos(nanos)));
        assert_eq!(shown, ["1.23 µs", "45.7 µs", "457 µs", "1.23 ms", "12.3 s"]);
    }
}
