//! The metrics of one moment as text.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use super::exposition::Exposition;
use super::source::Source;
use super::{cluster, connections, log, process, readiness, state};
use crate::commands::Service;
use crate::state::{Context, Totals};

/// What all names begin with.
const PREFIX: &str = "bookline";

/// All metrics, in the OpenMetrics text format.
pub fn write(source: &Source) -> Result<String, fmt::Error> {
    let service = source.service();
    let is_ready = readiness::check(source, &service).is_ok();
    // As STATS does, it holds the locks of all shards for some microseconds.
    let totals = service.store.totals(&mut Context::default());
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Scrape { service, totals, is_ready }));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}

/// What is looked up once for all metrics of a scrape.
#[derive(Debug)]
struct Scrape {
    service: Arc<Service>,
    totals: Totals,
    is_ready: bool,
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self { service, totals, is_ready } = self;
        let mut out = Exposition::new(encoder);
        process::write(&mut out, &service.counters, *is_ready)?;
        connections::write(&mut out, service)?;
        log::write(&mut out, service)?;
        state::write(&mut out, service, totals)?;
        cluster::write(&mut out, service.cluster.as_ref())
    }
}
