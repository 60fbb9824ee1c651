//! The result of a run.

use std::collections::BTreeMap;

use bookline_protocol::Code;
use serde::Serialize;

use crate::config::Config;
use crate::load::Load;
use crate::names::RunId;
use crate::refusal_counts::{RefusalCount, RefusalCounts};
use crate::retry::Retries;
use crate::verify::Verification;

/// The share of a processor above which the load generator is taken for the limit: it has hardly any time
/// left to wait for the server.
const CLIENT_CPU_LIMIT: f64 = 0.9;

/// How the measurement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// After its whole duration.
    Time,
    /// Early, because it was stopped.
    Interrupted,
    /// Early, with a lost connection or a line that is not a reply.
    Lost,
}

/// Latencies in microseconds, from the write of a request to the arrival of its reply.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latencies {
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The 99.9th percentile.
    #[serde(rename = "p99.9")]
    pub p999: f64,
    /// The highest one.
    pub max: f64,
}

/// The result of a run. Its JSON is stable: a later version adds fields and removes none.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The eight digits that are part of the ids of the run's events and people.
    pub run: String,
    /// The version of the server.
    #[serde(rename = "server")]
    pub server_version: String,
    /// The name of the workload.
    pub workload: &'static str,
    /// Connections.
    #[serde(rename = "conns")]
    pub connections: u32,
    /// Requests in flight over each connection.
    pub depth: u32,
    /// Events that were created.
    pub events: u32,
    /// Tickets in each BOOK.
    #[serde(rename = "tickets")]
    pub tickets_per_booking: u32,
    /// Tickets of each event.
    #[serde(rename = "seats")]
    pub tickets_per_event: u32,
    /// How the measurement ended.
    #[serde(rename = "ended")]
    pub end: End,
    /// The length of the measurement.
    pub seconds: f64,
    /// Replies within the measurement, refusals included.
    pub replies: u64,
    /// Their rate.
    pub replies_per_second: f64,
    /// Their latencies.
    pub latency_us: Latencies,
    /// Their number by code, `OK` among them.
    pub codes: BTreeMap<String, u64>,
    /// Refusals that the workload does not explain, within the measurement or not.
    #[serde(rename = "unexpected")]
    pub unexpected_refusals: RefusalCounts,
    /// What was sent again until the end of the load, if lost connections were opened again.
    pub retries: Option<Retries>,
    /// Processor time of the load generator, as a share of one processor.
    pub client_cpu: f64,
    /// Whether the load generator, not the server, was the limit.
    pub client_was_limit: bool,
    /// What was verified, if it was.
    #[serde(rename = "verified")]
    pub verification: Option<Verification>,
}

impl Report {
    pub(crate) fn new(
        config: &Config,
        run: RunId,
        server_version: &str,
        load: &Load<'_>,
        retries: Option<Retries>,
        lost: bool,
    ) -> Self {
        let meter = &load.meter;
        let (latencies, seconds) = (meter.latencies(), meter.duration().as_secs_f64());
        let replies = latencies.len();
        let micros = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e3;
        let end = match (lost, meter.was_stopped()) {
            (true, _) => End::Lost,
            (false, true) => End::Interrupted,
            (false, false) => End::Time,
        };
        Self {
            run: run.to_string(),
            server_version: server_version.to_owned(),
            workload: config.workload.as_str(),
            connections: config.connections,
            depth: config.depth,
            events: load.events,
            tickets_per_booking: config.tickets_per_booking,
            tickets_per_event: config.tickets_per_event,
            end,
            seconds,
            replies,
            replies_per_second: if seconds > 0.0 { replies as f64 / seconds } else { 0.0 },
            latency_us: Latencies {
                p50: micros(0.5),
                p95: micros(0.95),
                p99: micros(0.99),
                p999: micros(0.999),
                max: latencies.max() as f64 / 1e3,
            },
            codes: load.refusals.codes(replies),
            unexpected_refusals: load.refusals.unexpected.clone(),
            retries,
            client_cpu: meter.cpu_share(),
            client_was_limit: meter.cpu_share() > CLIENT_CPU_LIMIT,
            verification: None,
        }
    }

    /// Whether the server refused a change because it has no place for its key.
    pub fn is_full_of_keys(&self) -> bool {
        let is_about_keys =
            |refused: &RefusalCount| refused.code == Code::Full.as_str() && refused.first.contains("key");
        self.retries.as_ref().is_some_and(|retries| {
            self.unexpected_refusals.0.iter().chain(&retries.refused.0).any(is_about_keys)
        })
    }

    /// Whether everything was verified, without a violation or an unexpected refusal.
    pub fn is_ok(&self) -> bool {
        let is_verified = self.verification.as_ref().is_some_and(|verification| verification.is_ok);
        self.unexpected_refusals.is_empty() && is_verified
    }
}
